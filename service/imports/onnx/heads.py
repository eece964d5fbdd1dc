"""Attention that a graph computes step by step: of queries and keys scores, of these shares, of shares and values."""

from collections.abc import Sequence
from dataclasses import replace
from math import isclose, sqrt
from typing import Any

import numpy as np

from service.imports.base import Layer
from service.imports.graph import Vertex
from service.imports.onnx.functions import factor_of
from service.imports.onnx.nodes import Node
from service.imports.onnx.signals import SAMPLES, Constant, Made, Partial, Signal, Unreadable, Value
from service.imports.onnx.weights import NONE

_ROWS = {2: (SAMPLES, 0, 1), 3: (SAMPLES, 1, 0, 2)}
"""Axes of queries, values and what comes out, without heads and with them."""
_COLUMNS = {2: (SAMPLES, 1, 0), 3: (SAMPLES, 1, 2, 0)}
"""Of keys."""
_MASKED = -1e4


def attention_step(node: Node, made: Made) -> Sequence[Value] | None:
    """What a node makes where it is a step of attention; None where it is not."""
    first, second = node.optional(0), node.optional(1)
    if node.kind in ("Reshape", "Transpose"):
        return _turned(node, made, first)
    if node.kind == "MatMul" and isinstance(first, Signal) and isinstance(second, Signal):
        return [_scores(first, second)]
    if node.kind == "MatMul" and isinstance(first, Partial) and isinstance(second, Signal):
        return [_mixed(node, made, first, second)]
    if node.kind == "Where" and any(isinstance(one, Partial) for one in node.inputs):
        return [_kept(node)]
    scores, other = (first, second) if isinstance(first, Partial) else (second, first)
    if isinstance(scores, Partial) and scores.kind in ("scores", "shares"):
        return _behind(node, scores, other)
    return None


def _turned(node: Node, made: Made, given: Value | None) -> Sequence[Value] | None:
    """Keys whose samples and heads are one axis while steps and features change their places, and back."""
    if isinstance(given, Signal) and node.kind == "Reshape" and given.axes == _ROWS[3]:
        batch, heads, steps, units = given.sizes(made.batch)
        node.ignore("allowzero")
        wanted = node.integers("shape", 1)
        fits = wanted in ([batch * heads, steps, units], [-1, steps, units])
        return [Partial("joined", given, number=heads)] if fits else None
    if not isinstance(given, Partial) or given.kind != "joined":
        return None
    if node.kind == "Transpose":
        return [replace(given, centred=not given.centred)] if node.integers("perm") == [0, 2, 1] else None
    node.ignore("allowzero")
    axes = _ROWS[3] if given.centred else _COLUMNS[3]
    back = replace(given.base, axes=axes)
    return [back] if node.integers("shape", 1) == back.sizes(made.batch) else None


def _scores(query: Signal, keys: Signal) -> Partial:
    rank = len(query.shape)
    if rank not in _ROWS or query.axes != _ROWS[rank] or keys.axes != _COLUMNS[rank] or query.shape != keys.shape:
        raise Unreadable("multiplies two signals, and they are no queries and keys of the same steps")
    number = _factor(query) * _factor(keys)
    return Partial("scores", replace(query, function=None), other=replace(keys, function=None), number=number)


def _factor(signal: Signal) -> float:
    found = 1.0 if signal.function is None else factor_of(signal.function)
    if found is None:
        raise Unreadable("multiplies two signals, of which one is no scaled query or key")
    return found


def _behind(node: Node, scores: Partial, other: Value | None) -> Sequence[Value] | None:
    """A scale, a mask, the softmax or dropout behind scores."""
    number = other.scalar() if isinstance(other, Constant) and other.size == 1 else None
    if scores.kind == "scores" and node.kind in ("Mul", "Div") and number:
        return [replace(scores, number=scores.number * (number if node.kind == "Mul" else 1.0 / number))]
    if scores.kind == "scores" and node.kind == "Add" and isinstance(other, Constant):
        return [_with_mask(scores, other.known())]
    rank = len(scores.base.axes)
    if scores.kind == "scores" and node.kind == "Softmax" and node.integer("axis", -1) in (-1, rank - 1):
        return [replace(scores, kind="shares")]
    if scores.kind == "shares" and node.kind == "Dropout":
        node.ignore("seed")
        rate = number if number is not None else node.number("ratio", 0.5)
        return [replace(scores, epsilon=rate)]
    if node.kind in ("Cast", "Identity"):
        node.ignore("to", "saturate")
        return [scores]
    return None


def _with_mask(scores: Partial, added: Any) -> Partial:
    """Scores to which zeros are added, or what leaves every step itself and those before it alone."""
    if not added.any():
        return scores
    return _causal(scores, added <= _MASKED, bool(((added == 0.0) | (added <= _MASKED)).all()))


def _causal(scores: Partial, masked: Any, plain: bool) -> Partial:
    """Scores without those of later steps; `masked` is of the shape (…, steps, steps)."""
    steps = scores.base.shape[0]
    fits = plain and masked.shape[-2:] == (steps, steps) and masked.size == steps**2
    if not fits or (masked.reshape(steps, steps) != np.triu(np.ones((steps, steps), dtype=bool), 1)).any():
        raise Unreadable("masks scores in another way than by the order of steps")
    return replace(scores, centred=False)


def _kept(node: Node) -> Partial:
    """Scores where a condition leaves them, and next to nothing elsewhere."""
    condition, first, second = node.constant(0).known(), node.value(1), node.value(2)
    scores, filled = (first, second) if isinstance(first, Partial) else (second, first)
    number = filled.scalar() if isinstance(filled, Constant) else None
    if not isinstance(scores, Partial) or scores.kind != "scores" or number is None or number > _MASKED:
        raise Unreadable("chooses between signals")
    masked = ~condition.astype(bool) if isinstance(first, Partial) else condition.astype(bool)
    return _causal(scores, masked, plain=True) if masked.any() else scores


def _mixed(node: Node, made: Made, shares: Partial, values: Signal) -> Signal:
    """The values by their shares, which only the layer behind the heads reads."""
    query, keys = shares.base, shares.other
    rank = len(query.shape)
    if shares.kind != "shares" or keys is None or values.axes != _ROWS[rank] or values.shape != query.shape:
        raise Unreadable("multiplies shares and a signal that are none of an attention")
    if values.function is not None or not isclose(shares.number, 1.0 / sqrt(query.shape[-1]), rel_tol=1e-3):
        raise Unreadable(f"has scores by the factor {shares.number:g}, where {query.shape[-1] ** -0.5:g} is understood")
    denses = [_dense_of(made, one, place) for place, one in enumerate((query, keys, values))]
    sources, biases = {one.inputs[0] for one in denses}, {one.layers[-1].get("bias") == NONE for one in denses}
    if len(sources) != 1 or len(biases) != 1 or made.from_file:
        raise Unreadable(
            "mixes values of different signals, some with biases and some without, or with values of a file"
        )
    heads, units = (query.shape[1], query.shape[2]) if rank == 3 else (1, query.shape[1])
    layer: dict[str, Any] = {"kind": "attention", "heads": heads, "key_units": units, "causal": not shares.centred}
    layer |= {"bias": NONE} if biases == {True} else {}
    layer |= {"dropout": round(shares.epsilon, 7)} if shares.epsilon else {}
    vertex = made.add(f"{node.name}/heads", [sources.pop()], [layer], (query.shape[0], heads * units))
    return Signal(vertex, query.shape, query.axes, mixed=True)


def _dense_of(made: Made, signal: Signal, place: int) -> Vertex:
    """The dense layer that queries, keys or values come out of, or that part of it."""
    found = made.vertices.get(signal.vertex)
    if found is None or len(found.layers) != 1 or found.layers[0]["kind"] != "dense":
        raise Unreadable("mixes values that do not come from a dense layer each")
    width = int(np.prod(signal.shape[1:]))
    units = found.layers[0]["units"]
    if (signal.part is None and units != width) or (
        signal.part is not None and signal.part != (place * width, 3 * width)
    ):
        raise Unreadable("takes queries, keys and values of a dense layer in another order")
    return found


def behind_heads(node: Node, made: Made, x: Signal, weight: tuple[int, int], bias: bool) -> Signal:
    """The attention with its last dense layer, of (in, out) features, on what its heads make."""
    before = made.vertices[x.vertex]
    source, layer = before.inputs[0], dict(before.layers[0])
    features = made.shape_of(source)[-1]
    if x.axes != (SAMPLES, 0, 1) or weight != (x.shape[-1], features):
        raise Unreadable(
            f"follows attention with {list(weight)} weights, where {[x.shape[-1], features]} are understood"
        )
    unbiased = layer.get("bias") == NONE
    own: Layer = {"output_bias": {"kind": "zeros"} if bias else NONE} if bias == unbiased else {}
    shape = (x.shape[0], features)
    vertex = made.add(node.name, [source], [{**layer, "name": node.called, **own}], shape)
    return Signal(vertex, shape, x.axes)


def split(node: Node, made: Made) -> Sequence[Value]:
    """Parts of the features of a dense layer, which attention reads."""
    x = node.signal()
    place, count = node.integer("axis", 0), len(node.outputs)
    axis, sizes = x.axis(place), node.integers("split", 1)
    node.ignore("num_outputs")
    length = x.shape[axis] if axis >= 0 else 0
    sizes = sizes or [length // count] * count
    whole = made.vertices.get(x.vertex)
    fits = x.function is None and whole is not None and len(whole.layers) == 1 and whole.layers[0]["kind"] == "dense"
    if axis < 1 or not fits or x.part is not None or sum(sizes) != length or len(sizes) != count or min(sizes) < 1:
        raise Unreadable("takes parts of features, which only attention does here")
    return [part_of(x, axis, (sum(sizes[:number]), size)) for number, size in enumerate(sizes)]


def part_of(x: Signal, axis: int, run: tuple[int, int]) -> Signal:
    """The features from a place on along an axis, so many, of a dense layer."""
    if any(one != 1 for one in x.shape[1:axis]):
        raise Unreadable("takes parts of features that do not lie next to each other")
    width, total = int(np.prod(x.shape[axis + 1 :])), int(np.prod(x.shape[1:]))
    shape = (*x.shape[:axis], run[1], *x.shape[axis + 1 :])
    return replace(x, shape=shape, part=(run[0] * width, total))
