"""Norms that a graph computes step by step: what is between the steps is kept until the norm is whole."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from service.imports.base import Layer
from service.imports.onnx.functions import same_as, shortest
from service.imports.onnx.nodes import Node
from service.imports.onnx.signals import Constant, Made, Partial, Signal, Unreadable, Value, channel_axes
from service.imports.onnx.weights import NONE


def norm_step(node: Node, made: Made) -> Sequence[Value] | None:
    """What a node makes where it is a step of a norm; None where it is not."""
    if node.kind == "ReduceMean":
        return _mean(node, made)
    if node.kind in ("Reshape", "InstanceNormalization"):
        return _grouped(node, made)
    first, second = node.optional(0), node.optional(1)
    if isinstance(first, Signal) and isinstance(second, Partial):
        return _with_signal(node, made, first, second)
    if isinstance(first, Partial):
        return _onward(node, made, first, second)
    return _onward_from_number(node, made, first, second)


def _onward_from_number(node: Node, made: Made, first: Value | None, second: Value | None) -> Sequence[Value] | None:
    """The next step where the number stands in front of what it meets."""
    if not isinstance(second, Partial) or not isinstance(first, Constant):
        return None
    if node.kind == "Div" and first.scalar() == 1.0 and second.kind == "deviation":
        return [replace(second, kind="inverse")]
    return _onward(node, made, second, first) if node.kind == "Add" else None


def _mean(node: Node, made: Made) -> Sequence[Value] | None:
    """The mean over features, of a signal, of its square, or of the square of what is centred."""
    given, axes = node.optional(0), node.integers("axes", 1)
    if not isinstance(given, Signal | Partial) or not axes or len(axes) != 1 or not node.integer("keepdims", 1):
        return None
    base = given.base if isinstance(given, Partial) else given
    if base.axis(axes[0]) != len(base.shape) - 1 or base.axes != (base.axes[0], *range(len(base.shape))):
        return None
    node.ignore("noop_with_empty_axes")
    if isinstance(given, Partial):
        return [replace(given, kind="variance")] if given.kind == "square" else None
    if given.function is not None and same_as(given.function, np.square):
        return [Partial("variance", made.plain(replace(given, function=None), node.name), centred=False)]
    return [Partial("mean", made.plain(given, node.name))]


def _with_signal(node: Node, made: Made, signal: Signal, partial: Partial) -> Sequence[Value] | None:
    """The signal less its mean, or over its deviation."""
    if made.plain(signal, node.name).vertex != partial.base.vertex:
        return None
    if node.kind == "Sub" and partial.kind == "mean":
        return [replace(partial, kind="centred")]
    ends = (node.kind, partial.kind) in (("Div", "deviation"), ("Mul", "inverse"))
    return [_norm(node, made, partial)] if ends and not partial.centred else None


def _onward(node: Node, made: Made, partial: Partial, other: Value | None) -> Sequence[Value] | None:
    """The next step behind one, with a constant or with another step."""
    number = other.scalar() if isinstance(other, Constant) and other.size == 1 else None
    step = {
        ("Pow", "centred", 2.0): "square",
        ("Pow", "shifted", 0.5): "deviation",
        ("Pow", "shifted", -0.5): "inverse",
        ("Sqrt", "shifted", None): "deviation",
        ("Reciprocal", "deviation", None): "inverse",
        ("Cast", partial.kind, None): partial.kind,
        ("Identity", partial.kind, None): partial.kind,
    }.get((node.kind, partial.kind, number))
    node.ignore(*(("to", "saturate") if node.kind == "Cast" else ()))
    if step is not None:
        return [replace(partial, kind=step)]
    if node.kind == "Add" and partial.kind == "variance" and number is not None and 1e-12 <= number <= 1.0:
        return [replace(partial, kind="shifted", number=shortest(number))]
    if isinstance(other, Partial) and other.base.vertex == partial.base.vertex:
        kinds = (node.kind, *sorted((partial.kind, other.kind)))
        if kinds == ("Mul", "centred", "centred"):
            return [replace(partial, kind="square")]
        if kinds in (("Div", "centred", "deviation"), ("Mul", "centred", "inverse")):
            return [_norm(node, made, other if partial.kind == "centred" else partial)]
    return None


def _norm(node: Node, made: Made, partial: Partial) -> Signal:
    x = partial.base
    kind, shift = ("layer_norm", {"shift": NONE}) if partial.centred else ("rms_norm", {})
    layer: Layer = {"kind": kind, "name": node.name[:100], "epsilon": partial.number, "gain": NONE, **shift}
    return replace(x, vertex=made.layered(x, node.name, [layer], x.shape), positive=False, free=False)


def _grouped(node: Node, made: Made) -> Sequence[Value] | None:
    """Group norm as older versions write it: instance norm of channels that are put into groups, and back."""
    given = node.optional(0)
    if node.kind == "InstanceNormalization":
        return _normed_groups(node, given)
    wanted = node.integers("shape", 1) or []
    node.ignore("allowzero")
    if isinstance(given, Partial):
        return [_group_norm(node, made, given)] if given.kind == "normed groups" else None
    if not isinstance(given, Signal) or len(wanted) != 3 or len(given.shape) < 2:
        return None
    groups, channels = wanted[1], given.shape[-1]
    whole = wanted[0] in (0, -1, made.batch) and wanted[2] in (-1, int(np.prod(given.shape)) // max(groups, 1))
    image = given.axes == channel_axes(len(given.shape)) and 1 <= groups < channels and channels % groups == 0
    return [Partial("groups", made.plain(given, node.name), number=groups)] if whole and image else None


def _normed_groups(node: Node, given: Value | None) -> Sequence[Value] | None:
    if not isinstance(given, Partial) or given.kind != "groups":
        return None
    if node.constant(1).scalar() != 1.0 or node.constant(2).scalar() != 0.0:
        raise Unreadable("has a gain or a shift of its own for each group")
    return [replace(given, kind="normed groups", epsilon=node.number("epsilon", 1e-5))]


def _group_norm(node: Node, made: Made, partial: Partial) -> Signal:
    x = partial.base
    own = {"groups": int(partial.number), "epsilon": partial.epsilon, "gain": NONE, "shift": NONE}
    layer: Layer = {"kind": "group_norm", "name": node.name[:100], **own}
    return replace(x, vertex=made.layered(x, node.name, [layer], x.shape), positive=False)
