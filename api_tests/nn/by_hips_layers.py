"""Layers in NumPy's own words, which HIPS differentiates: what a leaf makes of x, (samples, *shape), before φ.

Where a kernel lies is said by tables of zeros and ones, one for each axis: does entry k of the kernel join position q
of the input to position p of the output?
"""

from collections.abc import Callable
from math import ceil
from typing import Any

import autograd.numpy as np
import numpy
import numpy.typing as npt
from autograd.tracer import getval

from api_tests.nn.recurrences import Loop

Tensor = Any
Parameters = dict[str, Tensor]
Activated = Callable[[Any, Tensor], Tensor]
Numbers = npt.NDArray[Any]


def _axis(node: Any, axis: int, axes: int, n: int) -> tuple[Numbers, int]:
    """A table (size, windows, positions) of one axis of `n` positions, and how many windows there are."""
    size, stride = node.size, getattr(node, "stride", None) or node.size
    one, step, apart = (
        (given * axes)[axis] if len(given) == 1 else given[axis]
        for given in (size, stride, getattr(node, "dilation", [1]))
    )
    reach = (one - 1) * apart + 1
    given = getattr(node, "pad", None)
    before, count = 0, (n - reach) // step + 1
    if given is not None:
        before = given[2 * axis]
        count = (n + before + given[2 * axis + 1] - reach) // step + 1
    elif node.padding.value == "same":
        count = ceil(n / step)
        before = max((count - 1) * step + reach - n, 0) // 2
    elif node.padding.value == "causal":
        before, count = reach - 1, (n - 1) // step + 1
    k, p, q = numpy.ogrid[:one, :count, :n]
    return (q == p * step + k * apart - before).astype(float), count


def _tables(node: Any, x: Tensor) -> list[Numbers]:
    axes = x.ndim - 2
    return [_axis(node, axis, axes, n)[0] for axis, n in enumerate(x.shape[1:-1])]


def _convolution(node: Any, x: Tensor, p: Parameters) -> Tensor:
    """A group sees its own channels: the kernel between others is zero."""
    weights, groups = p["weights"], node.groups
    inside = weights.shape[-2]
    same = np.arange(inside * groups)[:, None] // inside == np.arange(node.filters) // (node.filters // groups)
    kernel = np.concatenate([weights] * groups, axis=-2) * same
    tables = _tables(node, x)
    words = "kpq,nqi,kij->npj" if len(tables) == 1 else "kpq,lrs,nqsi,klij->nprj"
    return np.einsum(words, *tables, x, kernel) + p.get("bias", 0.0)


def _depthwise(node: Any, x: Tensor, p: Parameters) -> Tensor:
    tables = _tables(node, x)
    words = "kpq,nqi,kim->npim" if len(tables) == 1 else "kpq,lrs,nqsi,klim->nprim"
    found = np.einsum(words, *tables, x, p["weights"])
    return np.reshape(found, (*found.shape[:-2], -1)) + p.get("bias", 0.0)


def _transposed(node: Any, x: Tensor, p: Parameters) -> Tensor:
    tables, axes = [], x.ndim - 2
    for axis, n in enumerate(x.shape[1:-1]):
        one, step, apart = ((given * axes)[:axes][axis] for given in (node.size, node.stride, node.dilation))
        reach = (one - 1) * apart + 1
        before, length = 0, n * step
        if node.pad is not None or node.padding.value == "valid":
            before, after = (node.pad or [0, 0] * axes)[2 * axis : 2 * axis + 2]
            length = (n - 1) * step + reach - before - after
        elif node.padding.value == "same":
            before = max(reach - step, 0) // 2
        k, made, q = numpy.ogrid[:one, :length, :n]
        tables.append((made == q * step + k * apart - before).astype(float))
    words = "kpq,nqi,kij->npj" if axes == 1 else "kpq,lrs,nqsi,klij->nprj"
    return np.einsum(words, *tables, x, p["weights"]) + p.get("bias", 0.0)


def _pooled(node: Any, x: Tensor) -> Tensor:
    """The mean of what is inside; of a maximum the first entry that attains it."""
    tables = _tables(node, x)
    words = "kpq,nqi->npki" if len(tables) == 1 else "kpq,lrs,nqsi->nprkli"
    counted = numpy.einsum(words, *tables, numpy.ones(x.shape))
    taken = np.einsum(words, *tables, x)
    shape = (*taken.shape[: len(tables) + 1], -1, x.shape[-1])
    entries, inside = np.reshape(taken, shape), numpy.reshape(counted, shape)
    if node.mode.value == "average":
        return np.sum(entries, axis=-2) / numpy.sum(inside, axis=-2)
    return _first_largest(entries, numpy.where(inside > 0.0, getval(entries), -numpy.inf))


def _first_largest(entries: Tensor, compared: Numbers) -> Tensor:
    """The entries, (…, entries, channels), that are the largest of what is compared, the first of equal ones."""
    which = numpy.argmax(compared, axis=-2)[..., None, :]
    return np.sum(entries * (numpy.arange(entries.shape[-2])[:, None] == which), axis=-2)


def _global(node: Any, x: Tensor) -> Tensor:
    flat = np.reshape(x, (len(x), -1, x.shape[-1]))
    return np.mean(flat, axis=1) if node.mode.value == "average" else _first_largest(flat, getval(flat))


def _standard(x: Tensor, axes: tuple[int, ...], epsilon: float, centred: bool = True) -> Tensor:
    """What is alone less its mean is zero, and so is its gradient."""
    if centred and all(x.shape[axis] == 1 for axis in axes):
        return 0.0 * x
    away = x - np.mean(x, axis=axes, keepdims=True) if centred else x
    return away / np.sqrt(np.mean(away**2, axis=axes, keepdims=True) + epsilon)


def _norm(node: Any, x: Tensor, p: Parameters) -> Tensor:
    match node.kind:
        case "layer_norm":
            found = _standard(x, (x.ndim - 1,), node.epsilon)
        case "rms_norm":
            found = _standard(x, (x.ndim - 1,), node.epsilon, centred=False)
        case "group_norm":
            parted = np.reshape(x, (len(x), -1, node.groups, x.shape[-1] // node.groups))
            found = np.reshape(_standard(parted, (1, 3), node.epsilon), x.shape)
        case _ if node.mode.value == "training":
            found = _standard(x, tuple(range(x.ndim - 1)), node.epsilon)
        case _:
            found = x / np.sqrt(1.0 + node.epsilon)
    return found * p.get("gain", 1.0) + p.get("shift", 0.0)


def _attention(node: Any, x: Tensor, p: Parameters) -> Tensor:
    samples, steps, features = x.shape
    units = node.key_units or features // node.heads
    share = node.heads // (node.kv_heads or node.heads)

    def made(name: str) -> Tensor:
        found = np.dot(x, p[f"{name}_weights"]) + p.get(f"{name}_bias", 0.0)
        return np.reshape(found, (samples, steps, -1, units))

    q, k, v = made("query"), made("key"), made("value")
    if node.positions.value == "rotary":
        q, k = _turned(q, node.rotary_base or 1e4), _turned(k, node.rotary_base or 1e4)
    heads = numpy.arange(node.heads) // share
    scores = np.einsum("nphu,nrhu->nhpr", q, k[:, :, heads]) / np.sqrt(units)
    if "relative" in p:
        table = node.relative.table(steps, node.causal)
        scores = scores + np.moveaxis(p["relative"][table], -1, 0)
    seen = numpy.tri(steps) if node.causal else numpy.ones((steps, steps))
    powers = np.exp(scores - numpy.max(getval(scores), axis=-1, keepdims=True)) * seen
    rows = powers / np.sum(powers, axis=-1, keepdims=True)
    rows = rows * p.get("mask", 1.0)
    mixed = np.einsum("nhpr,nrhu->nphu", rows, v[:, :, heads])
    return np.dot(np.reshape(mixed, (samples, steps, -1)), p["output_weights"]) + p.get("output_bias", 0.0)


def _turned(x: Tensor, base: float) -> Tensor:
    """(samples, steps, heads, units) times a rotation of each pair (i, i + half), a matrix for every step."""
    steps, half = x.shape[1], x.shape[-1] // 2
    angles = numpy.outer(numpy.arange(steps), base ** (-numpy.arange(half) / half))
    turn = numpy.zeros((steps, 2 * half, 2 * half))
    for i in range(half):
        cos, sin = numpy.cos(angles[:, i]), numpy.sin(angles[:, i])
        turn[:, i, i] = turn[:, i + half, i + half] = cos
        turn[:, i, i + half], turn[:, i + half, i] = sin, -sin
    return np.einsum("nphu,puw->nphw", x, turn)


def _embedded(x: Tensor, p: Parameters) -> Tensor:
    tokens = numpy.rint(getval(x)).astype(int)
    return np.dot(numpy.eye(p["weights"].shape[0])[tokens], p["weights"]) + 0.0 * x[..., None]


def _moved(node: Any, x: Tensor) -> Tensor:
    """What the layers make of x that compute nothing."""
    match node.kind:
        case "flatten":
            return np.reshape(x, (len(x), -1))
        case "reshape":
            return np.reshape(x, (len(x), *node.shape))
        case "padding":
            pairs = [node.pad[at : at + 2] for at in range(0, len(node.pad), 2)]
            return np.pad(x, [(0, 0), *map(tuple, pairs), (0, 0)], mode="constant")
        case "cropping":
            pairs = [node.crop[at : at + 2] for at in range(0, len(node.crop), 2)]
            inside = [slice(a, n - b) for (a, b), n in zip(pairs, x.shape[1:], strict=False)]
            return x[(slice(None), *inside)]
    for axis in range(x.ndim - 2):
        x = np.repeat(x, (node.size * 2)[axis], axis=1 + axis)
    return x


def _recurrent(node: Any, x: Tensor, p: Parameters, activated: Activated) -> Tensor:
    return Loop(node, activated, np.concatenate, np.stack).outputs(x, p)


def _affine(node: Any, x: Tensor, p: Parameters) -> Tensor:
    return np.dot(x, p["weights"]) + p.get("bias", 0.0)


LEAVES: dict[str, Callable[[Any, Tensor, Parameters, Activated], Tensor]] = {
    "activation": lambda node, x, p, act: x,
    "attention": lambda node, x, p, act: _attention(node, x, p),
    "convolution": lambda node, x, p, act: _convolution(node, x, p),
    "dense": lambda node, x, p, act: _affine(node, x, p),
    "depthwise_convolution": lambda node, x, p, act: _depthwise(node, x, p),
    "dropout": lambda node, x, p, act: x * p["mask"],
    "embedding": lambda node, x, p, act: _embedded(x, p),
    "global_pooling": lambda node, x, p, act: _global(node, x),
    "pooling": lambda node, x, p, act: _pooled(node, x),
    "position_embedding": lambda node, x, p, act: x + p["positions"],
    "prelu": lambda node, x, p, act: np.where(x > 0.0, x, p["slope"] * x),
    "recurrent": _recurrent,
    "scale": lambda node, x, p, act: x * node.factor + node.offset,
    "transposed_convolution": lambda node, x, p, act: _transposed(node, x, p),
    **{
        kind: lambda node, x, p, act: _norm(node, x, p)
        for kind in ("batch_norm", "group_norm", "layer_norm", "rms_norm")
    },
    **{
        kind: lambda node, x, p, act: _moved(node, x)
        for kind in ("flatten", "reshape", "padding", "cropping", "upsampling")
    },
}
"""By kind: of a node, x, its parameters by name, and what applies an activation."""
