"""PyTorch's own layers with weights as they lie here: what a leaf makes of x, (samples, *shape), before its activation.

Its kernels are (out, in, size…), ours (size…, in, out); its gates of a gru are r z n, ours z r h; channels are second.
"""

from collections.abc import Callable
from math import log, prod
from typing import Any

import torch
from torch.nn import functional

from api_tests.nn.recurrences import Loop

Tensor = Any
Parameters = dict[str, Tensor]
Activated = Callable[[Any, Tensor], Tensor]


def _second(x: Tensor) -> Tensor:
    """Channels from the last axis to the second one."""
    return x.movedim(-1, 1)


def _behind(x: Tensor) -> Tensor:
    return x.movedim(1, -1)


def _extents(node: Any, axes: int) -> tuple[list[int], list[int], list[int]]:
    size, stride = node.size, getattr(node, "stride", None) or node.size
    dilation = getattr(node, "dilation", [1])
    return tuple(one * (axes // len(one)) for one in (size, stride, dilation))  # type: ignore[return-value]


def _pads(node: Any, positions: list[int]) -> list[int]:
    """Before and after every axis; those of `same` as TensorFlow's documentation has them."""
    size, stride, dilation = _extents(node, len(positions))
    given = getattr(node, "pad", None)
    if given is not None:
        return list(given)
    found = []
    for n, one, step, apart in zip(positions, size, stride, dilation, strict=True):
        reach = (one - 1) * apart + 1
        total = max(reach - (n % step or step), 0)
        found += {"valid": [0, 0], "same": [total // 2, total - total // 2], "causal": [reach - 1, 0]}[
            node.padding.value
        ]
    return found


def _padded(x: Tensor, pads: list[int], value: float = 0.0) -> Tensor:
    """x with channels second; PyTorch names the last axis first."""
    pairs = [pads[at : at + 2] for at in range(0, len(pads), 2)]
    return functional.pad(x, [n for pair in reversed(pairs) for n in pair], value=value)


def _convolution(node: Any, x: Tensor, p: Parameters, groups: int, kernel: Tensor) -> Tensor:
    x = _second(x)
    positions = list(x.shape[2:])
    _, stride, dilation = _extents(node, len(positions))
    of = functional.conv1d if len(positions) == 1 else functional.conv2d
    padded = _padded(x, _pads(node, positions))
    return _behind(of(padded, kernel.contiguous(), p.get("bias"), stride=stride, dilation=dilation, groups=groups))


def _dense_kernel(weights: Tensor) -> Tensor:
    """(out, in, size…)."""
    return weights.movedim(-1, 0).movedim(-1, 1)


def _depthwise(node: Any, x: Tensor, p: Parameters) -> Tensor:
    weights = p["weights"]  # (size…, channels, multiplier)
    kernel = weights.movedim(-1, 0).movedim(-1, 0)  # (channels, multiplier, size…)
    flat = kernel.reshape(-1, 1, *weights.shape[:-2])
    return _convolution(node, x, p, x.shape[-1], flat)


def _transposed(node: Any, x: Tensor, p: Parameters) -> Tensor:
    x = _second(x)
    axes = x.ndim - 2
    size, stride, dilation = _extents(node, axes)
    of = functional.conv_transpose1d if axes == 1 else functional.conv_transpose2d
    kernel = p["weights"].movedim(-1, 0).movedim(-1, 0)  # (in, out, size…)
    whole = of(x, kernel.contiguous(), stride=stride, dilation=dilation)
    for axis, (n, one, step, apart) in enumerate(zip(x.shape[2:], size, stride, dilation, strict=True)):
        reach = (one - 1) * apart + 1
        before, length = 0, n * step
        if node.pad is not None or node.padding.value == "valid":
            before, after = (node.pad or [0, 0] * axes)[2 * axis : 2 * axis + 2]
            length = whole.shape[2 + axis] - before - after
        elif node.padding.value == "same":
            before = max(reach - step, 0) // 2
        missing = max(before + length - whole.shape[2 + axis], 0)
        pads = [0, 0] * axes
        pads[2 * axis + 1] = missing
        whole = _padded(whole, pads).narrow(2 + axis, before, length)
    bias = p.get("bias")
    return _behind(whole) if bias is None else _behind(whole) + bias


def _pooled(node: Any, x: Tensor) -> Tensor:
    x = _second(x)
    positions = list(x.shape[2:])
    size, stride, _ = _extents(node, len(positions))
    pads, one = _pads(node, positions), len(positions) == 1
    if node.mode.value == "max":
        of = functional.max_pool1d if one else functional.max_pool2d
        return _behind(of(_padded(x, pads, -torch.inf), size, stride))
    mean = functional.avg_pool1d if one else functional.avg_pool2d
    inside = mean(_padded(torch.ones_like(x), pads), size, stride)
    return _behind(mean(_padded(x, pads), size, stride) / inside)


def _global(node: Any, x: Tensor) -> Tensor:
    flat = x.reshape(len(x), -1, x.shape[-1])
    if node.mode.value == "average":
        return flat.mean(1)
    return functional.adaptive_max_pool1d(_second(flat), 1)[..., 0]


def _batch_norm(node: Any, x: Tensor, p: Parameters) -> Tensor:
    zeros, ones = torch.zeros(x.shape[-1], dtype=x.dtype), torch.ones(x.shape[-1], dtype=x.dtype)
    training = node.mode.value == "training"
    own = (p.get("gain"), p.get("shift"))
    return _behind(functional.batch_norm(_second(x), zeros, ones, *own, training, 0.1, node.epsilon))


def _layer_norm(node: Any, x: Tensor, p: Parameters) -> Tensor:
    """A single feature less its mean is zero, and so is its gradient, of which PyTorch leaves a rest."""
    given = x - x if x.shape[-1] == 1 else x
    return functional.layer_norm(given, x.shape[-1:], p.get("gain"), p.get("shift"), node.epsilon)


def _group_norm(node: Any, x: Tensor, p: Parameters) -> Tensor:
    alone = prod(x.shape[1:]) == node.groups
    found = functional.group_norm(_second(x), node.groups, None, None, node.epsilon)
    found = _behind(_second(x - x) if alone else found) * p.get("gain", 1.0)
    return found + p.get("shift", 0.0)


def _attention(node: Any, x: Tensor, p: Parameters) -> Tensor:
    samples, steps, features = x.shape
    units = node.key_units or features // node.heads

    def made(name: str) -> Tensor:
        found = functional.linear(x, p[f"{name}_weights"].T, p.get(f"{name}_bias"))
        return found.reshape(samples, steps, -1, units).transpose(1, 2)

    q, k, v = made("query"), made("key"), made("value")
    if node.positions.value == "rotary":
        q, k = _turned(q, node.rotary_base or 1e4), _turned(k, node.rotary_base or 1e4)
    if "relative" in p or "mask" in p:
        mixed = _by_scores(node, q, k, v, p)
    else:
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=node.causal, enable_gqa=True)
    flat = mixed.transpose(1, 2).reshape(samples, steps, -1)
    return functional.linear(flat, p["output_weights"].T, p.get("output_bias"))


def _by_scores(node: Any, q: Tensor, k: Tensor, v: Tensor, p: Parameters) -> Tensor:
    """softmax(q · k / √units + what is added by the distance), masked, times v."""
    share = q.shape[1] // k.shape[1]
    k, v = k.repeat_interleave(share, 1), v.repeat_interleave(share, 1)
    scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
    steps = q.shape[-2]
    if "relative" in p:
        table = [[bucket(b - a, node.causal, node.relative) for b in range(steps)] for a in range(steps)]
        scores = scores + p["relative"][torch.tensor(table)].movedim(-1, 0)
    if node.causal:
        scores = scores.masked_fill(torch.ones(steps, steps).triu(1).bool(), -torch.inf)
    return (scores.softmax(-1) * p.get("mask", 1.0)) @ v


def bucket(distance: int, causal: bool, relative: Any) -> int:
    """T5's bucket of a distance, as its paper's code has it."""
    found, count, near = 0, relative.buckets, 0
    if not causal:
        count //= 2
        found, distance = count * (distance > 0), abs(distance)
    else:
        distance = max(-distance, 0)
    near = count // 2
    if distance < near:
        return found + distance
    return found + min(near + int(log(distance / near) / log(relative.distance / near) * (count - near)), count - 1)


def _turned(x: Tensor, base: float) -> Tensor:
    """Number i and number i + half are one complex number, turned by step · base^(−i/half)."""
    steps, half = x.shape[-2], x.shape[-1] // 2
    angles = torch.outer(torch.arange(steps, dtype=x.dtype), base ** (-torch.arange(half, dtype=x.dtype) / half))
    whole = torch.view_as_complex(torch.stack([x[..., :half], x[..., half:]], -1).contiguous())
    turned = torch.view_as_real(whole * torch.polar(torch.ones_like(angles), angles))
    return torch.cat([turned[..., 0], turned[..., 1]], -1)


def _recurrent(node: Any, x: Tensor, p: Parameters, activated: Activated) -> Tensor:
    """By PyTorch's own cells where they have these activations, and step by step otherwise."""
    known = node.activation.kind == "tanh" and (node.cell.value == "rnn" or node.gate_activation.kind == "sigmoid")
    if not known or (node.cell.value == "gru" and not node.reset_after):
        joined, stacked = (lambda parts, axis, of=of: of(parts, dim=axis) for of in (torch.cat, torch.stack))
        return Loop(node, activated, joined, stacked).outputs(x, p)
    both, backward = node.direction.value == "both", node.direction.value == "backward"
    flat = [one for prefix in (("", "backward_") if both else ("",)) for one in _flat_weights(node, p, prefix)]
    state = torch.zeros(1 + both, len(x), node.units, dtype=x.dtype)
    given = x.flip(1) if backward else x
    of = {"rnn": torch.rnn_tanh, "lstm": torch.lstm, "gru": torch.gru}[node.cell.value]
    start = (state, state) if node.cell.value == "lstm" else state
    y, last, *_ = of(given, start, flat, True, 1, 0.0, False, both, True)
    if node.returns.value == "last":
        return torch.cat(list(last), dim=-1)
    return y.flip(1) if backward else y


def _flat_weights(node: Any, p: Parameters, prefix: str) -> list[Tensor]:
    """weight_ih, weight_hh, bias_ih and bias_hh of `torch.nn.RNNBase`."""
    n, width = node.units, p[f"{prefix}weights"].shape[-1]
    order = list(range(width))
    if node.cell.value == "gru":
        order = [*range(n, 2 * n), *range(n), *range(2 * n, 3 * n)]
    none = torch.zeros(width, dtype=p["weights"].dtype)
    bias = p.get(f"{prefix}bias", none)
    if node.cell.value == "lstm":
        bias = bias + node.forget_bias * torch.tensor([0.0, 1.0, 0.0, 0.0], dtype=none.dtype).repeat_interleave(n)
    vectors = [bias, p.get(f"{prefix}recurrent_bias", none)]
    matrices = [p[f"{prefix}weights"].T, p[f"{prefix}recurrent_weights"].T]
    return [one[order] for one in [*matrices, *vectors]]


def _moved(node: Any, x: Tensor) -> Tensor:
    """What the layers make of x that compute nothing."""
    axes = x.ndim - 2
    match node.kind:
        case "flatten":
            return torch.flatten(x, 1)
        case "reshape":
            return x.reshape(len(x), *node.shape)
        case "padding":
            return _behind(_padded(_second(x), node.pad))
        case "cropping":
            return _behind(_padded(_second(x), [-n for n in node.crop]))
    size = node.size * (axes // len(node.size))
    return _behind(functional.interpolate(_second(x), scale_factor=[float(n) for n in size], mode="nearest"))


LEAVES: dict[str, Callable[[Any, Tensor, Parameters, Activated], Tensor]] = {
    "activation": lambda node, x, p, act: x,
    "attention": lambda node, x, p, act: _attention(node, x, p),
    "batch_norm": lambda node, x, p, act: _batch_norm(node, x, p),
    "convolution": lambda node, x, p, act: _convolution(node, x, p, node.groups, _dense_kernel(p["weights"])),
    "dense": lambda node, x, p, act: functional.linear(x, p["weights"].T, p.get("bias")),
    "depthwise_convolution": lambda node, x, p, act: _depthwise(node, x, p),
    "dropout": lambda node, x, p, act: x * p["mask"],
    "embedding": lambda node, x, p, act: functional.embedding(x.detach().round().long(), p["weights"]),
    "global_pooling": lambda node, x, p, act: _global(node, x),
    "group_norm": lambda node, x, p, act: _group_norm(node, x, p),
    "layer_norm": lambda node, x, p, act: _layer_norm(node, x, p),
    "pooling": lambda node, x, p, act: _pooled(node, x),
    "position_embedding": lambda node, x, p, act: x + p["positions"],
    "prelu": lambda node, x, p, act: _behind(functional.prelu(_second(x), p["slope"])),
    "recurrent": _recurrent,
    "rms_norm": lambda node, x, p, act: functional.rms_norm(x, x.shape[-1:], p.get("gain"), node.epsilon),
    "scale": lambda node, x, p, act: torch.add(x * node.factor, node.offset),
    "transposed_convolution": lambda node, x, p, act: _transposed(node, x, p),
    **{
        kind: lambda node, x, p, act: _moved(node, x)
        for kind in ("flatten", "reshape", "padding", "cropping", "upsampling")
    },
}
"""By kind: of a node, x, its parameters by name, and what applies an activation."""
