"""The functions a formula may use: name, values, derivative and how LaTeX writes them, each in one row."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import pi, sqrt

import numpy as np
from scipy import special

from service.expressions.stable import Array, logistic_slope, sech_squared, softplus
from service.expressions.tree import (
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
    negative,
    power,
    quotient,
    times,
    total,
    where,
)


@dataclass(frozen=True)
class Function:
    """A function of one argument: its values, and its derivative both as a formula and as numbers (x, y) → dy/dx."""

    name: str
    latex: str
    values: Callable[[Array], Array]
    slope: Callable[[Array, Array], Array]
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
    Function("exp", r"\exp", np.exp, lambda x, y: y, lambda u: call("exp", u)),
    Function("ln", r"\ln", np.log, lambda x, y: 1.0 / x, lambda u: power(u, MINUS_ONE)),
    Function(
        "log10",
        r"\log_{10}",
        np.log10,
        lambda x, y: 1.0 / (x * np.log(10.0)),
        lambda u: quotient(ONE, times(u, _LN_10)),
    ),
    Function("sqrt", r"\sqrt", np.sqrt, lambda x, y: 0.5 / y, lambda u: quotient(HALF, call("sqrt", u))),
    Function("abs", r"\operatorname{abs}", np.abs, lambda x, y: np.sign(x), lambda u: call("sign", u)),
    Function("sign", r"\operatorname{sign}", np.sign, lambda x, y: np.zeros_like(x), lambda u: ZERO),
    Function("sin", r"\sin", np.sin, lambda x, y: np.cos(x), lambda u: call("cos", u)),
    Function("cos", r"\cos", np.cos, lambda x, y: -np.sin(x), lambda u: negative(call("sin", u))),
    Function("tan", r"\tan", np.tan, lambda x, y: 1.0 + y * y, lambda u: total(ONE, power(call("tan", u), TWO))),
    Function(
        "atan",
        r"\arctan",
        np.arctan,
        lambda x, y: 1.0 / (1.0 + x * x),
        lambda u: quotient(ONE, total(ONE, power(u, TWO))),
    ),
    Function("sinh", r"\sinh", np.sinh, lambda x, y: np.cosh(x), lambda u: call("cosh", u)),
    Function("cosh", r"\cosh", np.cosh, lambda x, y: np.sinh(x), lambda u: call("sinh", u)),
    Function("tanh", r"\tanh", np.tanh, lambda x, y: sech_squared(x), _squared("sech")),
    Function(
        "sech",
        r"\operatorname{sech}",
        _sech,
        lambda x, y: -y * np.tanh(x),
        lambda u: negative(times(call("sech", u), call("tanh", u))),
    ),
    Function(
        "csch",
        r"\operatorname{csch}",
        lambda x: 1.0 / np.sinh(x),
        lambda x, y: -y / np.tanh(x),
        lambda u: negative(times(call("csch", u), call("coth", u))),
    ),
    Function(
        "coth",
        r"\coth",
        lambda x: 1.0 / np.tanh(x),
        lambda x, y: -1.0 / np.square(np.sinh(x)),
        lambda u: negative(power(call("csch", u), TWO)),
    ),
    Function(
        "asinh",
        r"\operatorname{arsinh}",
        np.arcsinh,
        lambda x, y: 1.0 / np.hypot(1.0, x),
        lambda u: quotient(ONE, call("sqrt", total(ONE, power(u, TWO)))),
    ),
    Function(
        "erf",
        r"\operatorname{erf}",
        special.erf,
        lambda x, y: 2.0 / sqrt(pi) * np.exp(-np.square(x)),
        lambda u: times(_GAUSS, call("exp", negative(power(u, TWO)))),
    ),
    Function(
        "sigmoid",
        r"\sigma",
        special.expit,
        lambda x, y: logistic_slope(x),
        lambda u: times(call("sigmoid", u), total(ONE, negative(call("sigmoid", u)))),
    ),
    Function(
        "softplus",
        r"\operatorname{softplus}",
        softplus,
        lambda x, y: special.expit(x),
        lambda u: call("sigmoid", u),
    ),
    Function(
        "relu",
        r"\operatorname{ReLU}",
        lambda x: np.maximum(x, 0.0),
        lambda x, y: (x > 0.0).astype(x.dtype),
        lambda u: where(Comparison(u, ">", ZERO), ONE, ZERO),
    ),
]

FUNCTIONS: dict[str, Function] = {row.name: row for row in _ROWS}
EXTREMES = {"min": r"\min", "max": r"\max"}
"""Functions of two arguments; at a tie the derivative is that of the first."""
