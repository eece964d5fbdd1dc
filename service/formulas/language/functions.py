"""The functions a formula may use: name, values, derivative and how LaTeX writes them, each in one row."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import pi, sqrt

import numpy as np
from scipy import special

from service.formulas.language.build import negative, power, quotient, times, total, where
from service.formulas.language.stable import Array, logistic_slope, sech_squared, softplus
from service.formulas.language.tree import (
    HALF,
    MINUS_ONE,
    ONE,
    TWO,
    ZERO,
    Comparison,
    Constant,
    Node,
    Number,
    call,
)


@dataclass(frozen=True)
class Curve:
    """A function y of one argument x as numbers: its values, and its derivative."""

    values: Callable[[Array], Array]
    slope: Callable[..., Array] | None
    """dy/dx at x, or at (x, y) where `of_value`; None where it is zero everywhere."""
    of_value: bool = False
    """Whether the derivative is cheap where y is known, and therefore asks for it."""


@dataclass(frozen=True)
class Function:
    """A function that may be written: its name, also in LaTeX, its numbers, and its derivative as a formula."""

    name: str
    latex: str
    curve: Curve
    derivative: Callable[[Node], Node]


def _sech(x: Array) -> Array:
    tail = np.exp(-np.abs(x))
    values: Array = 2.0 * tail / (1.0 + np.square(tail))
    return values


def _squared(function: str) -> Callable[[Node], Node]:
    return lambda u: power(call(function, u), TWO)


_LN_10 = call("ln", Number(Fraction(10)))
_GAUSS = quotient(TWO, call("sqrt", Constant("pi")))

_ROWS = [
    Function("exp", r"\exp", Curve(np.exp, np.exp), lambda u: call("exp", u)),
    Function("ln", r"\ln", Curve(np.log, lambda x: 1.0 / x), lambda u: power(u, MINUS_ONE)),
    Function(
        "log10",
        r"\log_{10}",
        Curve(np.log10, lambda x: 1.0 / (x * np.log(10.0))),
        lambda u: quotient(ONE, times(u, _LN_10)),
    ),
    Function("sqrt", r"\sqrt", Curve(np.sqrt, lambda x, y: 0.5 / y, True), lambda u: quotient(HALF, call("sqrt", u))),
    Function("abs", r"\operatorname{abs}", Curve(np.abs, np.sign), lambda u: call("sign", u)),
    Function("sign", r"\operatorname{sign}", Curve(np.sign, None), lambda u: ZERO),
    Function("sin", r"\sin", Curve(np.sin, np.cos), lambda u: call("cos", u)),
    Function("cos", r"\cos", Curve(np.cos, lambda x: -np.sin(x)), lambda u: negative(call("sin", u))),
    Function(
        "tan", r"\tan", Curve(np.tan, lambda x, y: 1.0 + y * y, True), lambda u: total(ONE, power(call("tan", u), TWO))
    ),
    Function(
        "atan",
        r"\arctan",
        Curve(np.arctan, lambda x: 1.0 / (1.0 + x * x)),
        lambda u: quotient(ONE, total(ONE, power(u, TWO))),
    ),
    Function("sinh", r"\sinh", Curve(np.sinh, np.cosh), lambda u: call("cosh", u)),
    Function("cosh", r"\cosh", Curve(np.cosh, np.sinh), lambda u: call("sinh", u)),
    Function("tanh", r"\tanh", Curve(np.tanh, sech_squared), _squared("sech")),
    Function(
        "sech",
        r"\operatorname{sech}",
        Curve(_sech, lambda x, y: -y * np.tanh(x), True),
        lambda u: negative(times(call("sech", u), call("tanh", u))),
    ),
    Function(
        "csch",
        r"\operatorname{csch}",
        Curve(lambda x: 1.0 / np.sinh(x), lambda x, y: -y / np.tanh(x), True),
        lambda u: negative(times(call("csch", u), call("coth", u))),
    ),
    Function(
        "coth",
        r"\coth",
        Curve(lambda x: 1.0 / np.tanh(x), lambda x: -1.0 / np.square(np.sinh(x))),
        lambda u: negative(power(call("csch", u), TWO)),
    ),
    Function(
        "asinh",
        r"\operatorname{arsinh}",
        Curve(np.arcsinh, lambda x: 1.0 / np.hypot(1.0, x)),
        lambda u: quotient(ONE, call("sqrt", total(ONE, power(u, TWO)))),
    ),
    Function(
        "erf",
        r"\operatorname{erf}",
        Curve(special.erf, lambda x: 2.0 / sqrt(pi) * np.exp(-np.square(x))),
        lambda u: times(_GAUSS, call("exp", negative(power(u, TWO)))),
    ),
    Function(
        "sigmoid",
        r"\sigma",
        Curve(special.expit, logistic_slope),
        lambda u: times(call("sigmoid", u), total(ONE, negative(call("sigmoid", u)))),
    ),
    Function(
        "softplus",
        r"\operatorname{softplus}",
        Curve(softplus, special.expit),
        lambda u: call("sigmoid", u),
    ),
    Function(
        "relu",
        r"\operatorname{ReLU}",
        Curve(lambda x: np.maximum(x, 0.0), lambda x: (x > 0.0).astype(x.dtype)),
        lambda u: where(Comparison(u, ">", ZERO), ONE, ZERO),
    ),
]

FUNCTIONS: dict[str, Function] = {row.name: row for row in _ROWS}
EXTREMES = {"min": r"\min", "max": r"\max"}
"""Functions of two arguments; at a tie the derivative is that of the first."""
