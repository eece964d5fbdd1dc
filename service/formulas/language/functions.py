"""The functions a formula may use: name, values, derivative and how LaTeX writes them, each in one row."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import pi, sqrt

import numpy as np

from service.core.arrays import Array, logistic_slope, sech_squared, softplus
from service.core.special import erf, erfc, expit
from service.formulas.language.build import negative, power, quotient, times, total, where
from service.formulas.language.tree import HALF, MINUS_ONE, ONE, TWO, ZERO, Constant, Expr, Number, Relation, call


@dataclass(frozen=True)
class _Curve:
    """A function y of one argument x as numbers: its values, and its derivative."""

    values: Callable[[Array], Array]
    slope: Callable[..., Array] | None
    """dy/dx at x, or at (x, y) where `of_value`; None where it is zero everywhere."""
    of_value: bool = False
    """Whether the derivative is cheap where y is known, and therefore asks for it."""


@dataclass(frozen=True)
class _Function:
    """A function that may be written: its name, also in LaTeX, its numbers, and its derivative as a formula."""

    name: str
    latex: str
    curve: _Curve
    derivative: Callable[[Expr], Expr]


def _sech(x: Array) -> Array:
    """1 / cosh x, of the shape of x, where cosh x would overflow."""
    tail = np.exp(-np.abs(x))
    values: Array = 2.0 * tail / (1.0 + np.square(tail))
    return values


def _beside_one(x: Array) -> Array:
    """√(1 − x²), of the shape of x, with all digits beside x = ±1."""
    root: Array = np.sqrt((1.0 - x) * (1.0 + x))
    return root


def _arcsine_slope(u: Expr) -> Expr:
    return quotient(ONE, call("sqrt", total(ONE, negative(power(u, TWO)))))


def _squared(function: str) -> Callable[[Expr], Expr]:
    return lambda u: power(call(function, u), TWO)


_LN_10 = call("ln", Number(Fraction(10)))
_GAUSS = quotient(TWO, call("sqrt", Constant("pi")))

_ROWS = [
    _Function("exp", r"\exp", _Curve(np.exp, np.exp), lambda u: call("exp", u)),
    _Function("ln", r"\ln", _Curve(np.log, lambda x: 1.0 / x), lambda u: power(u, MINUS_ONE)),
    _Function(
        "log10",
        r"\log_{10}",
        _Curve(np.log10, lambda x: 1.0 / (x * np.log(10.0))),
        lambda u: quotient(ONE, times(u, _LN_10)),
    ),
    _Function("sqrt", r"\sqrt", _Curve(np.sqrt, lambda x, y: 0.5 / y, True), lambda u: quotient(HALF, call("sqrt", u))),
    _Function("abs", r"\operatorname{abs}", _Curve(np.abs, np.sign), lambda u: call("sign", u)),
    _Function("sign", r"\operatorname{sign}", _Curve(np.sign, None), lambda u: ZERO),
    _Function("sin", r"\sin", _Curve(np.sin, np.cos), lambda u: call("cos", u)),
    _Function("cos", r"\cos", _Curve(np.cos, lambda x: -np.sin(x)), lambda u: negative(call("sin", u))),
    _Function(
        "tan", r"\tan", _Curve(np.tan, lambda x, y: 1.0 + y * y, True), lambda u: total(ONE, power(call("tan", u), TWO))
    ),
    _Function(
        "cot",
        r"\cot",
        _Curve(lambda x: 1.0 / np.tan(x), lambda x, y: -1.0 - y * y, True),
        lambda u: negative(power(call("csc", u), TWO)),
    ),
    _Function(
        "sec",
        r"\sec",
        _Curve(lambda x: 1.0 / np.cos(x), lambda x, y: y * np.tan(x), True),
        lambda u: times(call("sec", u), call("tan", u)),
    ),
    _Function(
        "csc",
        r"\csc",
        _Curve(lambda x: 1.0 / np.sin(x), lambda x, y: -y / np.tan(x), True),
        lambda u: negative(times(call("csc", u), call("cot", u))),
    ),
    _Function("asin", r"\arcsin", _Curve(np.arcsin, lambda x: 1.0 / _beside_one(x)), _arcsine_slope),
    _Function(
        "acos", r"\arccos", _Curve(np.arccos, lambda x: -1.0 / _beside_one(x)), lambda u: negative(_arcsine_slope(u))
    ),
    _Function(
        "atan",
        r"\arctan",
        _Curve(np.arctan, lambda x: 1.0 / (1.0 + x * x)),
        lambda u: quotient(ONE, total(ONE, power(u, TWO))),
    ),
    _Function("sinh", r"\sinh", _Curve(np.sinh, np.cosh), lambda u: call("cosh", u)),
    _Function("cosh", r"\cosh", _Curve(np.cosh, np.sinh), lambda u: call("sinh", u)),
    _Function("tanh", r"\tanh", _Curve(np.tanh, sech_squared), _squared("sech")),
    _Function(
        "sech",
        r"\operatorname{sech}",
        _Curve(_sech, lambda x, y: -y * np.tanh(x), True),
        lambda u: negative(times(call("sech", u), call("tanh", u))),
    ),
    _Function(
        "csch",
        r"\operatorname{csch}",
        _Curve(lambda x: 1.0 / np.sinh(x), lambda x, y: -y / np.tanh(x), True),
        lambda u: negative(times(call("csch", u), call("coth", u))),
    ),
    _Function(
        "coth",
        r"\coth",
        _Curve(lambda x: 1.0 / np.tanh(x), lambda x: -1.0 / np.square(np.sinh(x))),
        lambda u: negative(power(call("csch", u), TWO)),
    ),
    _Function(
        "asinh",
        r"\operatorname{arsinh}",
        _Curve(np.arcsinh, lambda x: 1.0 / np.hypot(1.0, x)),
        lambda u: quotient(ONE, call("sqrt", total(ONE, power(u, TWO)))),
    ),
    _Function(
        "acosh",
        r"\operatorname{arcosh}",
        _Curve(np.arccosh, lambda x: 1.0 / (np.sqrt(x - 1.0) * np.sqrt(x + 1.0))),
        lambda u: quotient(ONE, call("sqrt", total(power(u, TWO), MINUS_ONE))),
    ),
    _Function(
        "atanh",
        r"\operatorname{artanh}",
        _Curve(np.arctanh, lambda x: 1.0 / ((1.0 - x) * (1.0 + x))),
        lambda u: quotient(ONE, total(ONE, negative(power(u, TWO)))),
    ),
    _Function(
        "erf",
        r"\operatorname{erf}",
        _Curve(erf, lambda x: 2.0 / sqrt(pi) * np.exp(-np.square(x))),
        lambda u: times(_GAUSS, call("exp", negative(power(u, TWO)))),
    ),
    _Function(
        "sigmoid",
        r"\sigma",
        _Curve(expit, logistic_slope),
        lambda u: times(call("sigmoid", u), total(ONE, negative(call("sigmoid", u)))),
    ),
    _Function(
        "softplus",
        r"\operatorname{softplus}",
        _Curve(softplus, expit),
        lambda u: call("sigmoid", u),
    ),
    _Function(
        "relu",
        r"\operatorname{ReLU}",
        _Curve(lambda x: np.maximum(x, 0.0), lambda x: (x > 0.0).astype(x.dtype)),
        lambda u: where(Relation(u, ">", ZERO), ONE, ZERO),
    ),
]

FUNCTIONS: dict[str, _Function] = {row.name: row for row in _ROWS}
EXTREMES = {"min": r"\min", "max": r"\max"}
"""Functions of two arguments; at a tie the derivative is that of the first."""
STABLE: dict[str, _Curve] = {
    "expm1": _Curve(np.expm1, np.exp),
    "log1p": _Curve(np.log1p, lambda x: 1.0 / (1.0 + x)),
    "softsign": _Curve(lambda x: x / (1.0 + np.abs(x)), lambda x: 1.0 / np.square(1.0 + np.abs(x))),
    "erfc": _Curve(erfc, lambda x: -2.0 / sqrt(pi) * np.exp(-np.square(x))),
}
"""Functions that no formula names: e^x − 1 and ln(1 + x) near 0, 1 − erf x and the slope of softsign far away."""
