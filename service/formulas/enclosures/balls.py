"""Balls, sets [mid ± rad] that certainly contain a value (Johansson 2017, Arb), and functions of them.

Arb's own functions are sharp on small balls and crude on wide ones; a monotone function is taken at both ends there.
"""

from collections.abc import Callable
from fractions import Fraction

from flint import arb, fmpq

PRECISION_BITS = 128
_WIDE = 1e-6
_RADIUS_BITS = 28
_GRID = 2**20  # a radius has 30 bits: halves of such fractions are exact

Ball = arb
_BallFunction = Callable[[Ball], Ball]

INFINITY = arb.pos_inf()


class Undecided(Exception):
    """Nothing could be proven here, either way."""


def rational(value: int | Fraction) -> Ball:
    """The ball of a rational number, a point where it is a binary one."""
    return arb(fmpq(value.numerator, value.denominator))


def _up_to(largest: Ball) -> Ball:
    """[0, largest], with an end that is 0 and not almost: a radius has 30 bits, so the middle is given fewer."""
    if not largest.is_finite() or largest.is_zero():
        return arb(0).union(largest)
    mantissa, exponent = (int(one) for one in (largest.upper() / 2).man_exp())
    excess = max(0, mantissa.bit_length() - _RADIUS_BITS)
    middle = (-(-mantissa >> excess), exponent + excess)
    return arb(mid=middle, rad=middle)


def sign(value: Ball) -> int:
    """The sign of what is not zero; Undecided where that is open."""
    if value > 0:
        return 1
    if value < 0:
        return -1
    raise Undecided


def simplest(ball: Ball) -> float:
    """The number in a ball that has the fewest decimals, or its midpoint."""
    rounded = (round(float(ball.mid()), digits) for digits in range(0, 13, 3))
    return next((number for number in rounded if ball.contains(number)), float(ball.mid())) + 0.0


def _whole_power(x: Ball, exponent: int) -> Ball:
    """x ^ exponent; what is even is never negative."""
    if exponent < 0:
        return 1 / _whole_power(x, -exponent)
    if exponent % 2 == 0 and x.contains(0):
        return _up_to(_product(x.abs_upper(), exponent))
    return _product(x, exponent)


def _product(x: Ball, exponent: int) -> Ball:
    made = arb(1)
    for digit in f"{exponent:b}":
        made = made * made
        made = made * x if digit == "1" else made
    return made


def check_exponent(x: Ball, exponent: Ball) -> None:
    """Raise Undecided where the exponent may be a whole number and x negative: only then x ^ exponent has a value."""
    if x < 0 and exponent.rad() < _WIDE and exponent.unique_fmpz() is not None:
        raise Undecided


def real_power(x: Ball, exponent: int | Fraction | Ball) -> Ball:
    """x ^ exponent, by the logarithm where the exponent is not whole."""
    if isinstance(exponent, arb):
        check_exponent(x, exponent)
        return _exp(exponent * _ln(x))
    if exponent.denominator == 1:
        return _whole_power(x, exponent.numerator)
    if exponent > 0 and x.contains(0):  # of what is never negative: below zero a ball is merely coarse
        largest = x.upper()
        return _up_to(_exp(rational(exponent) * _ln(largest))) if largest > 0 else arb(0)
    return _exp(rational(exponent) * _ln(x))


def _monotone(function: _BallFunction) -> _BallFunction:
    def sharp(x: Ball) -> Ball:
        return function(x) if x.rad() < _WIDE else function(x.lower()).union(function(x.upper()))

    return sharp


def _even(function: _BallFunction) -> _BallFunction:
    """Of a function that is even and monotone in |x|."""

    def sharp(x: Ball) -> Ball:
        return function(x) if x.rad() < _WIDE else function(x.abs_lower()).union(function(x.abs_upper()))

    return sharp


def _apart(function: _BallFunction) -> _BallFunction:
    """Of a function that is monotone on either side of its pole at 0."""
    sharp = _monotone(function)
    return lambda x: arb.nan() if x.contains(0) else sharp(x)


def _wave(function: _BallFunction) -> _BallFunction:
    """Of sine and cosine: never beyond ±1, where a ball's coarse radius would say so."""

    def sharp(x: Ball) -> Ball:
        value = function(x)
        if value.rad() < _WIDE:
            return value
        low, high = (_GRID * value.lower()).floor() / _GRID, (_GRID * value.upper()).ceil() / _GRID
        return arb.max(low, arb(-1)).union(arb.min(high, arb(1)))

    return sharp


_exp = _monotone(arb.exp)
_ln = _monotone(arb.log)


def _root(x: Ball) -> Ball:
    """Of what is never negative: below zero a ball is merely coarse."""
    return (x.nonnegative_part() if x.contains(0) else x).sqrt()


def _bounded(function: _BallFunction, low: Ball, high: Ball) -> _BallFunction:
    """Of a monotone function on low ≤ x ≤ high: beyond these a ball is merely coarse, where it is not all beyond."""

    def sharp(x: Ball) -> Ball:
        if not (x.lower() < low or x.upper() > high):
            return _monotone(function)(x)
        if not x.overlaps(low.union(high)):
            return arb.nan()
        return function(arb.max(x.lower(), low)).union(function(arb.min(x.upper(), high)))

    return sharp


def _logistic(x: Ball) -> Ball:
    return 1 / (1 + (-x).exp())


def _softplus(x: Ball) -> Ball:
    return (-abs(x)).exp().log1p() + arb.max(x, arb(0))


BALL_FUNCTIONS: dict[str, _BallFunction] = {
    "exp": _exp,
    "ln": _ln,
    "log10": _monotone(lambda x: x.log() / arb.const_log10()),
    "sqrt": _monotone(_root),
    "sin": _wave(arb.sin),
    "cos": _wave(arb.cos),
    "tan": arb.tan,
    "cot": arb.cot,
    "sec": arb.sec,
    "csc": arb.csc,
    "asin": _bounded(arb.asin, arb(-1), arb(1)),
    "acos": _bounded(arb.acos, arb(-1), arb(1)),
    "atan": _monotone(arb.atan),
    "sinh": _monotone(arb.sinh),
    "cosh": _even(arb.cosh),
    "tanh": _monotone(arb.tanh),
    "sech": _even(arb.sech),
    "csch": _apart(arb.csch),
    "coth": _apart(arb.coth),
    "asinh": _monotone(arb.asinh),
    "acosh": _bounded(arb.acosh, arb(1), INFINITY),
    "atanh": _monotone(arb.atanh),
    "erf": _monotone(arb.erf),
    "sigmoid": _monotone(_logistic),
    "softplus": _monotone(_softplus),
}
"""Every function of a formula that bends nowhere abruptly."""
