"""Operators with weights, norms and pools."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from service.core.arrays import Shape
from service.imports.base import Layer, Subject
from service.imports.onnx.heads import behind_heads
from service.imports.onnx.nodes import Node
from service.imports.onnx.signals import (
    SAMPLES,
    SINGLE,
    Constant,
    Made,
    Signal,
    Unreadable,
    Value,
    channel_axes,
    sequence_axes,
)
from service.imports.onnx.weights import explicit, vector, weights

Operator = Callable[[Node, Made], Sequence[Value]]
_MOST_POSITIONS = 1 << 26


def vector_of(node: Node, place: int, length: int) -> Constant | None:
    """An input that is a vector of that length, or None."""
    if node.optional(place) is None:
        return None
    found = node.constant(place)
    if found.size != length:
        raise Unreadable(f"has {found.size} numbers as input {place + 1}, where {length} are read")
    return found


def dense(node: Node, made: Made, weight: Constant, bias: Constant | None, flipped: bool) -> Signal:
    """A dense layer on the last axis; `flipped` weights are (out, in)."""
    given = node.signal()
    if len(weight.shape) != 2:
        raise Unreadable(f"has weights of the shape {list(weight.shape)}, where a matrix is read")
    fan_in, units = weight.shape[::-1] if flipped else weight.shape
    if given.mixed:
        return behind_heads(node, made, given, (fan_in, units), bias is not None)
    x = made.arranged(given, sequence_axes(len(given.axes) - 1), node.name)
    if not x.shape or x.shape[-1] != fan_in:
        raise Unreadable(f"has weights for {fan_in} features; here come {list(x.shape)}")
    own: dict[str, Any] = {}
    if made.from_file:
        values = weight.known().T if flipped else weight.known()
        own["weights"] = explicit(made, values if given.flattened is None else values[_places(given.flattened)])
    layer = {"kind": "dense", "name": node.called, "units": units, **own, **vector(made, "bias", bias)}
    shape = (*x.shape[:-1], units)
    vertex = made.layered(x, node.name, [layer], shape)
    return Signal(vertex, shape, x.axes, free=len(shape) == 1 and not made.from_file)


def _places(image: Signal) -> Any:
    """Where the features that an image was flattened to, channels last, stand in ONNX' order."""
    order = [axis for axis in image.axes if axis not in (SAMPLES, SINGLE)]
    numbers = np.arange(int(np.prod([image.shape[axis] for axis in order]))).reshape([image.shape[a] for a in order])
    return numbers.transpose([order.index(axis) for axis in range(len(order))]).reshape(-1)


def gemm(node: Node, made: Made) -> Sequence[Value]:
    """alpha · x · W + beta · b of vectors."""
    node.only("transA", 0)
    node.only("broadcast", 1)
    flipped = bool(node.integer("transB", 0))
    bias = node.optional(2)
    if node.number("alpha", 1.0) != 1.0 or (bias is not None and node.number("beta", 1.0) != 1.0):
        raise Unreadable("has an `alpha` or a `beta` that is not 1")
    node.ignore("beta")
    weight = node.constant(1)
    units = weight.shape[0 if flipped else -1] if weight.shape else 0
    if len(node.signal().axes) != 2:
        raise Unreadable("reads a vector of each sample; here come more axes")
    return [dense(node, made, weight, vector_of(node, 2, units), flipped)]


def convolution(node: Node, made: Made) -> Sequence[Value]:
    """A convolution over one axis or two."""
    x, weight = image(node, made), node.constant(1)
    axes = len(x.shape) - 1
    if len(weight.shape) != axes + 2:
        raise Unreadable(f"has a kernel of the shape {list(weight.shape)} on {axes} axes of positions")
    filters, inside, *size = weight.shape
    groups, channels = node.integer("group", 1), x.shape[-1]
    if node.integers("kernel_shape") not in (None, size) or inside * groups != channels or not 1 <= groups <= channels:
        raise Unreadable(f"has a kernel for {inside * groups} channels; here come {channels}")
    own, out = kernel(node, x.shape[:-1], size)
    bias = vector(made, "bias", vector_of(node, 2, filters))
    behind = tuple(range(2, axes + 2))
    if groups == channels > 1:
        drawn = _depthwise(made, weight, channels)
        layer = {"kind": "depthwise_convolution", "multiplier": filters // channels, **own, **drawn, **bias}
    else:
        drawn = dict(weights(made, weight, (*behind, 1, 0)))
        layer = {"kind": "convolution", "filters": filters, "groups": groups, **own, **drawn, **bias}
    return [_of_image(node, made, x, {**layer, "name": node.called}, (*out, filters))]


def _depthwise(made: Made, weight: Constant, channels: int) -> dict[str, Any]:
    if not made.from_file:
        return {}
    parted = weight.known().reshape(channels, -1, *weight.shape[2:])
    return {"weights": explicit(made, parted.transpose(*range(2, parted.ndim), 0, 1))}


def transposed_convolution(node: Node, made: Made) -> Sequence[Value]:
    """The way back of a convolution."""
    x, weight = image(node, made), node.constant(1)
    axes = len(x.shape) - 1
    node.only("group", 1)
    if len(weight.shape) != axes + 2 or weight.shape[0] != x.shape[-1]:
        raise Unreadable(f"has a kernel of the shape {list(weight.shape)} for inputs of {list(x.shape)}")
    _, filters, *size = weight.shape
    stride, dilation = numbers(node, "strides", axes, 1), numbers(node, "dilations", axes, 1)
    more = numbers(node, "output_padding", axes, 0)
    pads = node.integers("pads") or [0] * (2 * axes)
    if (
        node.integers("kernel_shape") not in (None, size)
        or node.integers("output_shape") is not None
        or node.text("auto_pad", "NOTSET") not in ("NOTSET", "VALID")
        or len(pads) != 2 * axes
    ):
        raise Unreadable("has an `output_shape`, `auto_pad` or `pads` that are not understood")
    cut = [(pads[axis], pads[axis + axes] - more[axis]) for axis in range(axes)]
    if min(map(min, cut)) < 0:
        raise Unreadable("has an `output_padding` above its `pads`, which adds positions that nothing is put on")
    out = tuple(
        (n - 1) * step + apart * (one - 1) + 1 - before - after
        for n, step, apart, one, (before, after) in zip(x.shape, stride, dilation, size, cut, strict=False)
    )
    own = {"size": size, "stride": stride, "dilation": dilation, "pad": [n for pair in cut for n in pair]}
    drawn = weights(made, weight, (*range(2, axes + 2), 0, 1))
    bias = vector(made, "bias", vector_of(node, 2, filters))
    layer = {"kind": "transposed_convolution", "name": node.called, "filters": filters, **own, **drawn, **bias}
    return [_of_image(node, made, x, layer, (*out, filters))]


def image(node: Node, made: Made) -> Signal:
    """The input as positions with channels, which are second in ONNX."""
    given = node.signal()
    rank = len(given.axes) - 1
    if rank not in (2, 3):
        raise Unreadable(f"slides over {rank - 1} axes of positions; one or two are understood")
    return made.arranged(given, channel_axes(rank), node.name)


def _of_image(node: Node, made: Made, x: Signal, layer: Layer, shape: Shape) -> Signal:
    return replace(behind(node, made, x, [layer], shape), positive=False)


def behind(node: Node, made: Made, x: Signal, layers: Sequence[Layer], shape: Shape) -> Signal:
    """The signal that layers make of an image, whose axes it has; Unreadable where no position is left."""
    if min(shape) < 1:
        raise Unreadable(f"has no position left of {list(x.shape)}")
    return Signal(made.layered(x, node.name, layers, shape), shape, x.axes, positive=x.positive)


def numbers(node: Node, name: str, axes: int, default: int) -> list[int]:
    """A number for each axis of positions."""
    found = node.integers(name) or [default] * axes
    if len(found) != axes or not all(default <= one <= 1024 for one in found):
        raise Unreadable(f"has `{name}` {found}; {axes} numbers up to 1024 are read")
    return found


def kernel(node: Node, positions: Shape, size: Sequence[int]) -> tuple[dict[str, Any], Shape]:
    """Size, stride, dilation and pads of a kernel, and the positions that come out."""
    axes = len(positions)
    stride, dilation = numbers(node, "strides", axes, 1), numbers(node, "dilations", axes, 1)
    reach = [(one - 1) * apart + 1 for one, apart in zip(size, dilation, strict=True)]
    pads = _pads(node, positions, reach, stride)
    sizes = zip(positions, pads, reach, stride, strict=True)
    out = tuple((n + sum(pair) - width) // step + 1 for n, pair, width, step in sizes)
    own: dict[str, Any] = {"size": list(size), "stride": stride, "dilation": dilation}
    return {**own, "pad": [one for pair in pads for one in pair]}, out


def _pads(node: Node, positions: Shape, reach: Sequence[int], stride: Sequence[int]) -> list[tuple[int, int]]:
    """Zeros before and after every axis of positions."""
    axes, auto = len(positions), node.text("auto_pad", "NOTSET")
    given = node.integers("pads") or [0] * (2 * axes)
    if auto in ("NOTSET", "VALID"):
        if len(given) != 2 * axes or not all(0 <= one <= 1024 for one in given):
            raise Unreadable(f"has `pads` {given}; {2 * axes} numbers from 0 to 1024 are read")
        return list(zip(given[:axes], given[axes:], strict=True)) if auto == "NOTSET" else [(0, 0)] * axes
    if auto not in ("SAME_UPPER", "SAME_LOWER"):
        raise Unreadable(f"has `auto_pad` {auto[:20]}, which is not known")
    sizes = zip(positions, stride, reach, strict=True)
    totals = [max((-(-n // step) - 1) * step + width - n, 0) for n, step, width in sizes]
    small = [(total // 2, total - total // 2) for total in totals]
    return small if auto == "SAME_UPPER" else [(after, before) for before, after in small]


def dropout(node: Node, made: Made) -> Sequence[Value]:
    """Dropout as it is in training, whatever the file says of inference."""
    given = node.signal()
    node.ignore("seed", "is_test")
    rate, said = node.number("ratio", 0.5), node.optional(1)
    if said is not None:
        found = node.constant(1).scalar()
        if found is None:
            raise Unreadable("computes its ratio")
        rate = found
    if not 0.0 <= rate < 1.0:
        raise Unreadable(f"drops a share of {rate:g}")
    if rate == 0.0:
        return [given]
    x = made.applied(given, node.name)
    made.reading.assume(Subject.OTHER, node.pointer, "Dropout acts as in training.")
    shape = made.shape_of(x.vertex)
    vertex = made.layered(x, node.name, [{"kind": "dropout", "name": node.name[:100], "rate": round(rate, 7)}], shape)
    return [replace(x, vertex=vertex)]


def embedding(node: Node, made: Made) -> Sequence[Value]:
    """A vector for each token, by its index."""
    table, tokens = node.constant(0), node.signal(1)
    if len(table.shape) != 2 or node.integer("axis", 0) != 0 or not tokens.tokens:
        raise Unreadable("takes entries of a constant by a signal, and is no embedding of tokens")
    rows, units = table.shape
    if made.vocabulary not in (None, rows):
        raise Unreadable(f"has vectors for {rows} tokens, and another embedding has some for {made.vocabulary}")
    made.vocabulary = rows
    named = node.names[0].removesuffix(".weight") or node.name
    layer = {"kind": "embedding", "name": named[:100], "units": units, **weights(made, table, (0, 1))}
    shape = (*tokens.shape, units)
    vertex = made.layered(tokens, node.name, [layer], shape)
    return [Signal(vertex, shape, (*tokens.axes, len(shape) - 1))]
