"""Operators between signals and constants: functions of one signal, biases and gains, or signals that meet."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from service.imports.base import Layer
from service.imports.onnx.activations import applied_to
from service.imports.onnx.functions import IDENTITY, LONGEST_FORMULA, Function, shortest
from service.imports.onnx.nodes import Node
from service.imports.onnx.operators import Operator
from service.imports.onnx.signals import SAMPLES, SINGLE, Constant, Made, Signal, Unreadable, Value
from service.imports.onnx.weights import NONE, explicit

Binary = tuple[Callable[[Any, Any], Any], str]
BINARIES: dict[str, Binary] = {
    "Add": (np.add, "({} + {})"),
    "Sub": (np.subtract, "({} - {})"),
    "Mul": (np.multiply, "({} * {})"),
    "Div": (np.divide, "({} / {})"),
    "Pow": (np.power, "({})^({})"),
    "Max": (np.maximum, "max({}, {})"),
    "Min": (np.minimum, "min({}, {})"),
    "Sum": (np.add, "({} + {})"),
    "Mean": (lambda a, b: (a + b) / 2, "(({} + {}) / 2)"),
}
_MERGES = {"Add": "add", "Sum": "add", "Sub": "add", "Mul": "multiply", "Max": "maximum", "Mean": "average"}


def binary(kind: str) -> Operator:
    """The operator between signals and constants, by its kind."""

    def operator(node: Node, made: Made) -> Sequence[Value]:
        found = node.value(0)
        for place in range(1, len(node.inputs)):
            found = _pair(node, made, kind, (found, node.value(place)))
        return [found]

    return operator


def _pair(node: Node, made: Made, kind: str, pair: tuple[Value, Value]) -> Value:
    first, second = pair
    if isinstance(first, Signal) and isinstance(second, Signal):
        return _of_two(node, made, kind, (first, second))
    signal = first if isinstance(first, Signal) else second
    constant = second if isinstance(first, Signal) else first
    if not isinstance(signal, Signal) or not isinstance(constant, Constant) or signal.tokens:
        raise Unreadable("computes with indices of tokens, or with constants alone that are not folded")
    if constant.size == 1:
        return _with_number(signal, constant, kind, behind=signal is first)
    return _with_vector(node, made, kind, signal, constant)


def _with_number(x: Signal, constant: Constant, kind: str, behind: bool) -> Signal:
    number = constant.scalar()
    if number is None:
        raise Unreadable("computes with a number that was left out")
    value = shortest(number)
    of, form = BINARIES[kind]
    if behind:
        return applied_to(x, lambda z: of(z, value), form.format("{}", repr(value)))
    return applied_to(x, lambda z: of(value, z), form.format(repr(value), "{}"))


def _with_vector(node: Node, made: Made, kind: str, x: Signal, constant: Constant) -> Signal:
    """A bias, a gain or learned positions."""
    if kind not in ("Add", "Mul"):
        raise Unreadable(f"takes {kind} of a signal and several numbers")
    if len(constant.shape) > len(x.axes):
        raise Unreadable(f"joins a signal and a constant of the shape {list(constant.shape)}")
    sizes = (1,) * (len(x.axes) - len(constant.shape)) + constant.shape
    wide = [axis for axis, size in zip(x.axes, sizes, strict=True) if size != 1]
    fits = all(size in (1, own) for size, own in zip(sizes, x.sizes(made.batch), strict=True))
    last = len(x.shape) - 1
    if not fits or SAMPLES in wide or SINGLE in wide or (x.flattened is not None and made.from_file):
        raise Unreadable(f"joins a signal and a constant of the shape {list(constant.shape)}")
    plain = made.plain(x, node.name)
    if wide == [last]:
        return _of_channels(node, made, kind, plain, constant)
    if kind == "Add" and sorted(wide) == [0, 1] and last == 1:
        own = {"positions": explicit(made, constant.known().reshape(x.shape))} if made.from_file else {}
        named = next((one for one in node.names if one and one.endswith(("embed", "embedding", "weight"))), node.name)
        layer = {"kind": "position_embedding", "name": named[:100], **own}
        return replace(plain, vertex=made.layered(plain, node.name, [layer], plain.shape), positive=False)
    raise Unreadable(f"joins a signal and a constant of the shape {list(constant.shape)}")


def _of_channels(node: Node, made: Made, kind: str, x: Signal, constant: Constant) -> Signal:
    """A vector of features: the bias of the layer before, or a gain or shift of its own."""
    before = made.vertices.get(x.vertex)
    values = {} if not made.from_file else explicit(made, constant.known().reshape(-1))
    alone = made.used.get(x.vertex, 0) == 0 and _read_once(node, made)
    filled = _filled(before.layers[-1], kind, values) if before is not None and before.layers and alone else None
    if before is not None and filled is not None:
        made.vertices[x.vertex] = replace(before, layers=(*before.layers[:-1], filled))
        return replace(x, positive=False)
    gain = {"gain": values or {"kind": "ones"}, "shift": NONE} if kind == "Mul" else {}
    shift = {"gain": NONE, "shift": values or {"kind": "zeros"}} if kind == "Add" else {}
    norm = {"kind": "batch_norm", "name": node.name[:100], "mode": "inference", "epsilon": 1e-12, **gain, **shift}
    return replace(x, vertex=made.layered(x, node.name, [norm], x.shape), positive=False)


def _read_once(node: Node, made: Made) -> bool:
    """Whether nothing else reads the signal that the node reads."""
    signals = (name for name, one in zip(node.names, node.inputs, strict=False) if isinstance(one, Signal))
    return all(made.readers.get(name, 0) <= 1 for name in signals)


_BIASED = ("dense", "convolution", "depthwise_convolution", "transposed_convolution")


def _filled(layer: Layer, kind: str, values: Layer) -> Layer | None:
    """The layer with a bias, a gain or a shift that it has not yet; None where there is no place for it."""
    free = {name for name in ("bias", "output_bias", "gain", "shift") if layer.get(name) == NONE}
    if kind == "Mul" and "gain" in free and layer.get("shift", NONE) == NONE:
        return {**layer, "gain": values or {"kind": "ones"}}
    if kind == "Add" and "shift" in free:
        return {**layer, "shift": values or {"kind": "zeros"}}
    if kind == "Add" and layer["kind"] in _BIASED and "bias" in free:
        rest = {name: value for name, value in layer.items() if name != "bias"}
        return {**rest, **({"bias": values} if values else {})}
    if kind == "Add" and layer["kind"] == "attention" and "output_bias" in free:
        return {name: value for name, value in layer.items() if name != "output_bias"}
    if kind == "Add" and layer["kind"] == "attention" and "bias" in free and "output_bias" not in layer:
        return {**layer, "output_bias": {"kind": "zeros"}}
    return None


def _of_two(node: Node, made: Made, kind: str, pair: tuple[Signal, Signal]) -> Signal:
    """A function of one signal that both are functions of, or two signals that meet."""
    first, second = pair
    if first.vertex == second.vertex and first.axes == second.axes and first.shape == second.shape:
        of, form = BINARIES[kind]
        one, other = first.function or IDENTITY, second.function or IDENTITY
        formula = form.format(one.formula, other.formula)
        if len(formula) > LONGEST_FORMULA:
            raise Unreadable(f"makes a function of more than {LONGEST_FORMULA} characters")
        return replace(first, function=Function(lambda z: of(one.values(z), other.values(z)), formula))
    if kind not in _MERGES:
        raise Unreadable(f"takes {kind} of two signals")
    if kind == "Sub":
        second = applied_to(second, np.negative, "(-{})")
    return _met(node, made, _MERGES[kind], (first, second))


def _met(node: Node, made: Made, merge: str, pair: tuple[Signal, Signal]) -> Signal:
    large, small = sorted(pair, key=lambda one: -int(np.prod(one.shape)))
    if len(small.axes) > len(large.axes) or large.axes.count(SINGLE) > small.axes.count(SINGLE):
        raise Unreadable(f"joins signals of {list(large.shape)} and {list(small.shape)}")
    if (large.flattened is None) != (small.flattened is None):
        raise Unreadable("joins the features of a flattened image and others")
    one = made.plain(large, f"{node.name}/0")
    if len(small.axes) < len(large.axes):
        missing = len(large.axes) - len(small.axes)
        small = replace(small, axes=(*[SINGLE] * missing, *small.axes))
    axes = tuple(
        axis if axis != SINGLE or mine == SINGLE else mine for axis, mine in zip(large.axes, small.axes, strict=True)
    )
    other = (
        made.arranged(small, axes, f"{node.name}/1")
        if small.axes != axes or small.shape != large.shape
        else made.plain(small, f"{node.name}/1")
    )
    ordered = [one, other] if pair[0] is large else [other, one]
    vertex = made.add(node.name, [each.vertex for each in ordered], [], one.shape, merge)
    positive = one.positive and other.positive
    flattened = one.flattened
    return Signal(vertex, one.shape, one.axes, one.free and other.free, positive=positive, flattened=flattened)
