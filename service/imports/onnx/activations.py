"""Operators that are functions of the numbers of one signal."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import inf

import numpy as np

from service.imports.base import Layer
from service.imports.onnx.functions import IDENTITY, LONGEST_FORMULA, Function, Numbers
from service.imports.onnx.nodes import Node
from service.imports.onnx.operators import Operator
from service.imports.onnx.signals import Made, Signal, Unreadable, Value
from service.imports.onnx.weights import explicit


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


def applied_to(x: Signal, values: Callable[[Numbers], Numbers], form: str, layer: Layer | None = None) -> Signal:
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
        return [applied_to(numbers_of(node), values, form)]

    return operator


UNARY = tuple(_UNARIES)


def numbers_of(node: Node, place: int = 0) -> Signal:
    """An input that is a signal of numbers; Unreadable."""
    found = node.signal(place)
    if found.tokens:
        raise Unreadable("computes with indices of tokens")
    return found


_COMPARISONS = {"Greater": (np.greater, ">"), "Less": (np.less, "<")}
_COMPARISONS |= {
    f"{kind}OrEqual": found for kind, found in (("Greater", (np.greater_equal, ">=")), ("Less", (np.less_equal, "<=")))
}
COMPARISONS = tuple(_COMPARISONS)


def comparison(kind: str) -> Operator:
    """The operator that compares every number of a signal with one."""
    of, sign = _COMPARISONS[kind]

    def operator(node: Node, made: Made) -> Sequence[Value]:
        x, number = numbers_of(node), node.constant(1).scalar()
        if number is None:
            raise Unreadable("compares with several numbers")
        return [applied_to(x, lambda z: of(z, number), f"({{}} {sign} {number!r})")]

    return operator


def chosen(node: Node, made: Made) -> Sequence[Value]:
    """One function of a signal where a condition on it holds, and another one elsewhere."""
    signals = [one for one in node.inputs if isinstance(one, Signal)]
    first = signals[0]
    if len(node.inputs) != 3 or any((one.vertex, one.axes) != (first.vertex, first.axes) for one in signals):
        raise Unreadable("chooses between signals")
    three = []
    for place, one in enumerate(node.inputs):
        number = None if isinstance(one, Signal) else node.constant(place).scalar()
        if number is not None:
            three.append(Function(lambda z, number=number: np.full_like(z, number), repr(number)))  # type: ignore[misc]
        elif isinstance(one, Signal):
            three.append(one.function or IDENTITY)
        else:
            raise Unreadable("chooses between several numbers")
    condition, yes, no = three
    formula = f"where({condition.formula.removeprefix('(').removesuffix(')')}, {yes.formula}, {no.formula})"
    if len(formula) > LONGEST_FORMULA:
        raise Unreadable(f"makes a function of more than {LONGEST_FORMULA} characters")

    def values(z: Numbers) -> Numbers:
        """Of the shape of z."""
        return np.where(condition.values(z).astype(bool), yes.values(z), no.values(z))

    return [replace(first, function=Function(values, formula))]


def leaky_relu(node: Node, made: Made) -> Sequence[Value]:
    """A rectifier with a slope on its left."""
    slope = node.number("alpha", 0.01)
    layer = {"kind": "leaky_relu", "negative_slope": slope}
    form = f"where({{0}} > 0, {{0}}, {slope!r} * {{0}})"
    return [applied_to(numbers_of(node), lambda z: np.where(z > 0.0, z, slope * z), form, layer)]


def elu(node: Node, made: Made) -> Sequence[Value]:
    """ELU, CELU or SELU."""
    alpha, x = node.number("alpha", 1.67326319 if node.kind == "Selu" else 1.0), numbers_of(node)
    gamma = node.number("gamma", 1.05070102) if node.kind == "Selu" else 1.0
    inner = f"{{0}} / {alpha!r}" if node.kind == "Celu" else "{0}"
    slope = 1.0 / alpha if node.kind == "Celu" and alpha else 1.0
    form = f"{gamma!r} * where({{0}} > 0, {{0}}, {alpha!r} * (exp({inner}) - 1))"
    layer: Layer | None = {"kind": node.kind.lower(), "alpha": alpha} if node.kind != "Selu" else None

    of = lambda z: gamma * np.where(z > 0.0, z, alpha * np.expm1(np.minimum(z * slope, 0.0)))  # noqa: E731
    return [applied_to(x, of, form, layer)]


def gelu(node: Node, made: Made) -> Sequence[Value]:
    """GELU, which later versions have as one operator."""
    approximate = node.text("approximate", "none")
    if approximate not in ("none", "tanh"):
        raise Unreadable(f"has `approximate` {approximate[:20]}")
    x = made.applied(numbers_of(node), node.name)
    return [applied_to(x, lambda z: z, "{}", {"kind": "gelu", "approximate": approximate})]


def hard_sigmoid(node: Node, made: Made) -> Sequence[Value]:
    """A line that is clipped to [0, 1]."""
    alpha, beta = node.number("alpha", 0.2), node.number("beta", 0.5)
    form = f"max(0, min(1, {alpha!r} * {{}} + {beta!r}))"
    return [applied_to(numbers_of(node), lambda z: np.clip(alpha * z + beta, 0.0, 1.0), form)]


def swish(node: Node, made: Made) -> Sequence[Value]:
    """z · σ(alpha · z)."""
    alpha = node.number("alpha", 1.0)
    form = f"({{0}} / (1 + exp(-{alpha!r} * {{0}})))"
    return [applied_to(numbers_of(node), lambda z: z * _sigmoid(alpha * z), form)]


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
    return [applied_to(numbers_of(node), lambda z: np.minimum(np.maximum(z, low), high), form)]


def softmax(node: Node, made: Made) -> Sequence[Value]:
    """Probabilities of classes; their logarithms are left to the loss."""
    x = numbers_of(node)
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
    x, slope = made.plain(numbers_of(node), node.name), node.constant(1)
    if slope.size not in (1, x.shape[-1] if x.shape else 0):
        raise Unreadable(f"has {slope.size} slopes for {list(x.shape)}")
    if slope.size == 1 and x.shape[-1] != 1:
        raise Unreadable("has one slope for all channels, where each has one of its own here")
    own = {"slope": explicit(made, slope.known().reshape(-1))} if made.from_file else {}
    layer = {"kind": "prelu", "name": node.called, **own}
    return [replace(x, vertex=made.layered(x, node.name, [layer], x.shape), positive=False)]
