"""Operators on single numbers: functions of one signal, or several signals that meet."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import inf
from typing import Any

import numpy as np

from service.imports.base import Layer
from service.imports.graph import Vertex
from service.imports.onnx.functions import IDENTITY, LONGEST_FORMULA, Function, Numbers
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


def _sigmoid(z: Numbers) -> Numbers:
    """The logistic function of numbers of any shape."""
    return 1.0 / (1.0 + np.exp(-z))


def _erf(z: Numbers) -> Numbers:
    """The error function of numbers of any shape."""
    from service.nn.activations.smooth import Erf  # noqa: PLC0415

    return Erf().f(z)


_UNARIES: dict[str, tuple[Callable[[Numbers], Numbers], str]] = {
    "Relu": (lambda z: np.maximum(z, 0.0), "max(0, {})"),
    "Sigmoid": (_sigmoid, "(1 / (1 + exp(-{})))"),
    "Tanh": (np.tanh, "tanh({})"),
    "Erf": (_erf, "erf({})"),
    "Exp": (np.exp, "exp({})"),
    "Softplus": (lambda z: np.logaddexp(0.0, z), "ln(1 + exp({}))"),
    "Softsign": (lambda z: z / (1.0 + np.abs(z)), "({0} / (1 + abs({0})))"),
    "HardSwish": (lambda z: z * np.clip(z / 6.0 + 0.5, 0.0, 1.0), "({0} * max(0, min(1, {0} / 6 + 1 / 2)))"),
    "Mish": (lambda z: z * np.tanh(np.logaddexp(0.0, z)), "({0} * tanh(ln(1 + exp({0}))))"),
    "Sin": (np.sin, "sin({})"),
    "Cos": (np.cos, "cos({})"),
    "Abs": (np.abs, "abs({})"),
    "Neg": (np.negative, "(-{})"),
    "Sqrt": (np.sqrt, "sqrt({})"),
    "Log": (np.log, "ln({})"),
    "Reciprocal": (lambda z: 1.0 / z, "(1 / {})"),
}


def _of(x: Signal, values: Callable[[Numbers], Numbers], form: str, layer: Layer | None = None) -> Signal:
    """The signal with another function, of numbers of any shape, behind those that it has."""
    inner = x.function or IDENTITY
    if len(form) + form.count("{") * len(inner.formula) > LONGEST_FORMULA:
        raise Unreadable(f"makes a function of more than {LONGEST_FORMULA} characters")
    kept = layer if x.function is None else None
    return replace(x, function=Function(lambda z: values(inner.values(z)), form.format(inner.formula), kept))


def unary(kind: str) -> Operator:
    """The operator that applies a function without parameters."""
    values, form = _UNARIES[kind]

    def operator(node: Node, made: Made) -> Sequence[Value]:
        return [_of(_numbers(node), values, form)]

    return operator


UNARY = tuple(_UNARIES)


def _numbers(node: Node, place: int = 0) -> Signal:
    found = node.signal(place)
    if found.tokens:
        raise Unreadable("computes with indices of tokens")
    return found


def leaky_relu(node: Node, made: Made) -> Sequence[Value]:
    """A rectifier with a slope on its left."""
    slope = node.number("alpha", 0.01)
    layer = {"kind": "leaky_relu", "negative_slope": slope}
    form = f"where({{0}} > 0, {{0}}, {slope!r} * {{0}})"
    return [_of(_numbers(node), lambda z: np.where(z > 0.0, z, slope * z), form, layer)]


def elu(node: Node, made: Made) -> Sequence[Value]:
    """ELU, CELU or SELU."""
    alpha, x = node.number("alpha", 1.67326319 if node.kind == "Selu" else 1.0), _numbers(node)
    gamma = node.number("gamma", 1.05070102) if node.kind == "Selu" else 1.0
    inner = f"{{0}} / {alpha!r}" if node.kind == "Celu" else "{0}"
    slope = 1.0 / alpha if node.kind == "Celu" and alpha else 1.0
    form = f"{gamma!r} * where({{0}} > 0, {{0}}, {alpha!r} * (exp({inner}) - 1))"
    layer: Layer | None = {"kind": node.kind.lower(), "alpha": alpha} if node.kind != "Selu" else None

    of = lambda z: gamma * np.where(z > 0.0, z, alpha * np.expm1(np.minimum(z * slope, 0.0)))  # noqa: E731
    return [_of(x, of, form, layer)]


def gelu(node: Node, made: Made) -> Sequence[Value]:
    """GELU, which later versions have as one operator."""
    approximate = node.text("approximate", "none")
    if approximate not in ("none", "tanh"):
        raise Unreadable(f"has `approximate` {approximate[:20]}")
    x = made.applied(_numbers(node), node.name)
    return [_of(x, lambda z: z, "{}", {"kind": "gelu", "approximate": approximate})]


def hard_sigmoid(node: Node, made: Made) -> Sequence[Value]:
    """A line that is clipped to [0, 1]."""
    alpha, beta = node.number("alpha", 0.2), node.number("beta", 0.5)
    form = f"max(0, min(1, {alpha!r} * {{}} + {beta!r}))"
    return [_of(_numbers(node), lambda z: np.clip(alpha * z + beta, 0.0, 1.0), form)]


def swish(node: Node, made: Made) -> Sequence[Value]:
    """z · σ(alpha · z)."""
    alpha = node.number("alpha", 1.0)
    form = f"({{0}} / (1 + exp(-{alpha!r} * {{0}})))"
    return [_of(_numbers(node), lambda z: z * _sigmoid(alpha * z), form)]


def clip(node: Node, made: Made) -> Sequence[Value]:
    """Numbers between two bounds."""
    bounds = []
    for place, (name, usual) in enumerate((("min", -inf), ("max", inf)), 1):
        given = node.optional(place)
        found = node.number(name, usual) if given is None else node.constant(place).scalar()
        if found is None:
            raise Unreadable("has bounds that differ")
        bounds.append(float(found))
    low, high = (one if abs(one) < 1e30 else inf * np.sign(one) for one in bounds)
    form = "{}" if high == inf else f"min({high!r}, {{}})"
    form = form if low == -inf else f"max({low!r}, {form})"
    return [_of(_numbers(node), lambda z: np.minimum(np.maximum(z, low), high), form)]


def softmax(node: Node, made: Made) -> Sequence[Value]:
    """Probabilities of classes; their logarithms are left to the loss."""
    x = _numbers(node)
    axis = node.integer("axis", -1 if made.opset >= 13 else 1)
    if x.axis(axis) != len(x.shape) - 1:
        raise Unreadable("takes a softmax over another axis than that of features or channels")
    plain = made.applied(x, node.name)
    if node.kind == "LogSoftmax":
        made.log_softmax = plain.vertex
        return [plain]
    layer = {"kind": "activation", "name": node.name[:100], "activation": {"kind": "softmax"}}
    return [replace(plain, vertex=made.layered(plain, node.name, [layer], made.shape_of(plain.vertex)), positive=True)]


def prelu(node: Node, made: Made) -> Sequence[Value]:
    """A rectifier whose slope on the left is trained."""
    x, slope = made.plain(_numbers(node), node.name), node.constant(1)
    if slope.size not in (1, x.shape[-1] if x.shape else 0):
        raise Unreadable(f"has {slope.size} slopes for {list(x.shape)}")
    if slope.size == 1 and x.shape[-1] != 1:
        raise Unreadable("has one slope for all channels, where each has one of its own here")
    own = {"slope": explicit(made, slope.known().reshape(-1))} if made.from_file else {}
    layer = {"kind": "prelu", "name": node.called, **own}
    return [replace(x, vertex=made.layered(x, node.name, [layer], x.shape), positive=False)]


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
    value = float(f"{number:.8g}")
    of, form = BINARIES[kind]
    if behind:
        return _of(x, lambda z: of(z, value), form.format("{}", repr(value)))
    return _of(x, lambda z: of(value, z), form.format(repr(value), "{}"))


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
    alone = made.used.get(x.vertex, 0) == 0 and max((made.readers.get(one, 0) for one in node.names), default=0) <= 1
    if kind == "Add" and before is not None and alone and _lacks_bias(before):
        *rest, layer = before.layers
        own = {name: value for name, value in layer.items() if name != "bias"}
        filled = {**own, **({"bias": values} if values else {})}
        made.vertices[x.vertex] = replace(before, layers=(*rest, filled))
        return replace(x, positive=False)
    gain = {"gain": values or {"kind": "ones"}, "shift": NONE} if kind == "Mul" else {}
    shift = {"gain": NONE, "shift": values or {"kind": "zeros"}} if kind == "Add" else {}
    norm = {"kind": "batch_norm", "name": node.name[:100], "mode": "inference", "epsilon": 1e-12, **gain, **shift}
    return replace(x, vertex=made.layered(x, node.name, [norm], x.shape), positive=False)


def _lacks_bias(vertex: Vertex) -> bool:
    kinds = ("dense", "convolution", "depthwise_convolution", "transposed_convolution")
    return bool(vertex.layers) and vertex.layers[-1]["kind"] in kinds and vertex.layers[-1].get("bias") == NONE


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
        second = _of(second, np.negative, "(-{})")
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
