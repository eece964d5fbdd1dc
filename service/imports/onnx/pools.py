"""Pools over windows or all positions, and norms."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from service.core.arrays import Shape
from service.imports.base import Layer, Subject
from service.imports.onnx.nodes import Node
from service.imports.onnx.operators import Operator, behind, image, kernel, numbers, vector_of
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
from service.imports.onnx.weights import NONE, explicit


def pooling(mode: str) -> Operator:
    """The operator that takes the largest or the mean of windows."""

    def operator(node: Node, made: Made) -> Sequence[Value]:
        x = image(node, made)
        axes = len(x.shape) - 1
        node.only("storage_order", 0)
        counted = node.integer("count_include_pad", 0) == 1
        size = node.integers("kernel_shape") or []
        if len(size) != axes or not all(1 <= one <= 1024 for one in size):
            raise Unreadable(f"has `kernel_shape` {size}")
        if numbers(node, "dilations", axes, 1) != [1] * axes:
            raise Unreadable("has `dilations`, which pools have none of here")
        own, out = kernel(node, x.shape[:-1], size)
        if node.integer("ceil_mode", 0) and out != _rounded_up(x.shape[:-1], own):
            raise Unreadable("has `ceil_mode`, and windows that begin behind the last whole one")
        zeros = counted if mode == "average" else x.positive
        layers = _pools(mode, own, x.shape[:-1], zeros)
        return [behind(node, made, x, layers, (*out, x.shape[-1]))]

    return operator


def _rounded_up(positions: Shape, own: dict[str, Any]) -> Shape:
    pads = own["pad"]
    return tuple(
        -(-(n + pads[2 * axis] + pads[2 * axis + 1] - own["size"][axis]) // own["stride"][axis]) + 1
        for axis, n in enumerate(positions)
    )


def _pools(mode: str, own: dict[str, Any], positions: Shape, zeros: bool) -> list[Layer]:
    """The layers of a pool whose border is zeros, where `zeros` says that they may be, or else does not count."""
    size, stride, pad = own["size"], own["stride"], own["pad"]
    pool: dict[str, Any] = {"kind": "pooling", "mode": mode, "size": size, "stride": stride}
    if not any(pad):
        return [pool]
    if zeros:
        return [{"kind": "padding", "pad": pad}, pool]
    totals = [
        max((-(-n // step) - 1) * step + one - n, 0) for n, step, one in zip(positions, stride, size, strict=True)
    ]
    if pad == [part for total in totals for part in (total // 2, total - total // 2)]:
        return [{**pool, "padding": "same"}]
    if pad == [(one - 1) // 2 for one in size for _ in range(2)] and all(one % 2 for one in size):
        at_all = {**pool, "stride": [1], "padding": "same"}  # of which every so many are taken
        return [at_all, {"kind": "pooling", "mode": mode, "size": [1], "stride": stride}]
    raise Unreadable(f"has `pads` {pad} that do not count, which pools have none of here")


def global_pooling(mode: str) -> Operator:
    """The operator that takes the largest or the mean over all positions."""

    def operator(node: Node, made: Made) -> Sequence[Value]:
        x = image(node, made)
        layer = {"kind": "global_pooling", "name": node.called, "mode": mode}
        vertex = made.layered(x, node.name, [layer], x.shape[-1:])
        return [Signal(vertex, x.shape[-1:], (SAMPLES, 0, *[SINGLE] * (len(x.axes) - 2)), positive=x.positive)]

    return operator


def reduction(mode: str) -> Operator:
    """The operator that takes the largest or the mean over axes that are named: all of positions are understood."""

    def operator(node: Node, made: Made) -> Sequence[Value]:
        x = node.signal()
        axes = node.integers("axes", 1)
        keep = node.integer("keepdims", 1)
        node.only("noop_with_empty_axes", 0)
        taken = {x.axis(one) for one in axes} if axes else {SAMPLES}
        positions = set(range(len(x.shape) - 1))
        if taken - {SINGLE} != positions or not positions:
            raise Unreadable("takes it over axes that are not all positions")
        plain = made.plain(x, node.name)
        layer = {"kind": "global_pooling", "name": node.name[:100], "mode": mode}
        vertex = made.layered(plain, node.name, [layer], x.shape[-1:])
        left = [0 if axis == len(x.shape) - 1 else axis if axis == SAMPLES else SINGLE for axis in x.axes]
        gone = {one % len(x.axes) for one in axes or []}
        kept = [axis for place, axis in enumerate(left) if keep or place not in gone]
        return [Signal(vertex, x.shape[-1:], tuple(kept))]

    return operator


def _normalised(node: Node, made: Made, x: Signal, layer: Layer) -> Signal:
    named = next((one.rpartition(".")[0] for one in node.names[1:] if "." in one), node.name)[:100]
    vertex = made.layered(x, node.name, [{**layer, "name": named or node.name[:100]}], x.shape)
    return replace(x, vertex=vertex, positive=False)


def batch_norm(node: Node, made: Made) -> Sequence[Value]:
    """Batch norm, by the statistics of the batch."""
    given = node.signal()
    rank = len(given.axes) - 1
    x = made.arranged(given, channel_axes(rank), node.name)
    node.ignore("momentum", "training_mode", "spatial", "is_test", "consumed_inputs")
    channels = x.shape[-1] if x.shape else 0
    gain, shift = (vector_of(node, place, channels) for place in (1, 2))
    if given.flattened is not None and made.from_file:
        raise Unreadable("follows a flattened image, whose features have another order here")
    sentence = "Batch norms take the statistics of the batch, as in training; those of the file are left out."
    made.reading.assume(Subject.BATCH_STATISTICS, node.pointer, sentence)
    own = {**_open(made, "gain", gain), **_open(made, "shift", shift)}
    layer = {"kind": "batch_norm", "epsilon": max(node.number("epsilon", 1e-5), 1e-12), **own}
    return [replace(_normalised(node, made, x, layer), flattened=given.flattened)]


def _open(made: Made, name: str, constant: Constant | None) -> Any:
    """A gain or a shift: ones or zeros, those of the file, or none."""
    if constant is None:
        return {name: NONE}
    usual = {"kind": "ones"} if name == "gain" else {"kind": "zeros"}
    return {name: explicit(made, constant.known().reshape(-1)) if made.from_file else usual}


def layer_norm(node: Node, made: Made) -> Sequence[Value]:
    """Layer norm over the last axis."""
    given = node.signal()
    rank = len(given.axes) - 1
    if node.integer("axis", -1) not in (-1, rank):
        raise Unreadable("normalises over other axes than the last one")
    node.ignore("stash_type")
    x = made.arranged(given, sequence_axes(rank), node.name)
    gain, shift = (vector_of(node, place, x.shape[-1]) for place in (1, 2))
    own = {**_open(made, "gain", gain), **_open(made, "shift", shift)}
    return [_normalised(node, made, x, {"kind": "layer_norm", "epsilon": node.number("epsilon", 1e-5), **own})]


def rms_norm(node: Node, made: Made) -> Sequence[Value]:
    """Norm by the root mean square over the last axis."""
    given = node.signal()
    rank = len(given.axes) - 1
    if node.integer("axis", -1) not in (-1, rank):
        raise Unreadable("normalises over other axes than the last one")
    node.ignore("stash_type")
    x = made.arranged(given, sequence_axes(rank), node.name)
    own = _open(made, "gain", vector_of(node, 1, x.shape[-1]))
    return [_normalised(node, made, x, {"kind": "rms_norm", "epsilon": node.number("epsilon", 1e-5), **own})]


def group_norm(node: Node, made: Made) -> Sequence[Value]:
    """Norm over the channels of a group and all positions; of each channel by itself as instance norm."""
    given = node.signal()
    x = made.arranged(given, channel_axes(len(given.axes) - 1), node.name)
    channels = x.shape[-1]
    groups = channels if node.kind == "InstanceNormalization" else node.integer("num_groups", 0)
    node.ignore("stash_type")
    if groups < 1 or channels % groups:
        raise Unreadable(f"has {groups} groups of {channels} channels")
    gain, shift = (vector_of(node, place, channels) for place in (1, 2))
    own = {**_open(made, "gain", gain), **_open(made, "shift", shift)}
    layer = {"kind": "group_norm", "groups": groups, "epsilon": node.number("epsilon", 1e-5), **own}
    return [_normalised(node, made, x, layer)]
