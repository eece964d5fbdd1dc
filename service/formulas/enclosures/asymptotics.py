"""Formulas far out: what a smooth formula of t does as t → ∞, as an expansion.

Where an interval ends at a place that no value is taken, at ±∞ or beside a singular point, t counts towards that place.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from operator import add, mul
from typing import ClassVar

from flint import arb

from service.formulas.enclosures.balls import Ball, Undecided, sign
from service.formulas.enclosures.expansions import Behaviour, Expansion
from service.formulas.enclosures.growth import Coefficient, Monomial
from service.formulas.enclosures.program import VARIABLE, BallProgram, constant
from service.formulas.enclosures.rewriting import BY_OTHERS, arcsine_beside, area_cosine
from service.formulas.language.build import power, quotient, replaced, times, total
from service.formulas.language.tree import (
    MINUS_ONE,
    ONE,
    Call,
    Constant,
    Expr,
    Number,
    Power,
    Product,
    Sum,
    Symbol,
    call,
)

_Z = Symbol(VARIABLE)


def expansion(node: Expr, start: Ball) -> Expansion:
    """`node`, a smooth formula of z, for all z ≥ `start` > 1; Undecided where it is not understood there."""
    return _Reader(start).read(node)


class _Reader:
    """One walk over a tree, equal parts once."""

    def __init__(self, start: Ball) -> None:
        self._start = start
        self._known: dict[Expr, Expansion] = {}

    def read(self, node: Expr) -> Expansion:
        if node not in self._known:
            self._known[node] = self._read(node)
        return self._known[node]

    def _read(self, node: Expr) -> Expansion:
        if not node.depends_on(VARIABLE):
            return Expansion.of(self._start, {Monomial(): Coefficient.of(node)})
        match node:
            case Symbol():
                return Expansion.of(self._start, {Monomial(power=1): Coefficient.of(ONE)})
            case Sum(terms):
                return reduce(add, (self.read(term) for term in terms))
            case Product(factors):
                return reduce(mul, (self.read(factor) for factor in factors))
            case Power(base, Number(value)):
                return self.read(base).raised(value)
            case Power(base, exponent):
                return (self.read(exponent) * self.read(base).ln()).exp()
            case Call("exp", (argument,)):
                return self.read(argument).exp()
            case Call("ln", (argument,)):
                return self.read(argument).ln()
            case Call("sqrt", (argument,)):
                return self.read(argument).raised(Fraction(1, 2))
            case Call(function, (argument,)):
                other = self._by_others(function, argument)
                return _applied(function, self.read(argument)) if other is None else self.read(other)
        raise Undecided

    def _by_others(self, function: str, argument: Expr) -> Expr | None:
        """A function by others that are understood where it is not; None where there are none."""
        if function in BY_OTHERS:
            return BY_OTHERS[function](argument)
        if function == "acosh":
            return area_cosine(argument)
        side = self._limit_of(argument) if function == "asin" else None
        return arcsine_beside(side, argument) if side in (1, -1) else None

    def _limit_of(self, node: Expr) -> int | None:
        """What `node` tends to, where that is known to be a whole number."""
        growing, at, _ = self.read(node).split()
        match at.exact:
            case Number(value) if value.denominator == 1 and not growing.terms:
                return int(value)
        return None


def _applied(function: str, inner: Expansion) -> Expansion:
    """A function of an expansion."""
    growing, at, rest = inner.split()
    if not growing.terms:
        return _near(function, inner, at, rest)
    direction = sign(inner.lead()[1])
    if function in _ODD | _EVEN:
        found = _TOWARDS_INFINITY[function](inner if direction > 0 else _times(inner, -1))
        return _times(found, direction) if function in _ODD else found
    rule = _TOWARDS_INFINITY if direction > 0 else _TOWARDS_MINUS_INFINITY
    if function not in rule:
        raise Undecided
    return rule[function](inner)


def _near(function: str, inner: Expansion, at: Coefficient, rest: Expansion) -> Expansion:
    """F(at + rest) by Taylor's formula, the last term with the third derivative somewhere between."""
    program = BallProgram.taylor(call(function, Symbol(VARIABLE)))
    known, last = program.run(at.ball)[:-1], program.run(at.ball + rest.enclosure())[-1]
    if not known[0].is_finite():
        raise Undecided
    exact = None if at.exact is None else call(function, at.exact)
    return inner.constant(Coefficient(known[0], exact)) + rest.compose(known[1], known[2], last)


def _number(beside: Expansion, value: int | Fraction) -> Expansion:
    return beside.constant(Coefficient.of(Number(Fraction(value))))


def _times(one: Expansion, factor: int | Fraction) -> Expansion:
    return one * _number(one, factor)


def _plus(one: Expansion, value: int) -> Expansion:
    return one + _number(one, value)


def _inverse(one: Expansion) -> Expansion:
    return one.raised(-1)


def _tanh(u: Expansion) -> Expansion:
    return _plus(_times(_inverse(_plus(_times(u, 2).exp(), 1)), -2), 1)


def _sech(u: Expansion) -> Expansion:
    return _times(_times(u, -1).exp() * _inverse(_plus(_times(u, -2).exp(), 1)), 2)


def _csch(u: Expansion) -> Expansion:
    return _times(_times(u, -1).exp() * _inverse(_plus(_times(_times(u, -2).exp(), -1), 1)), 2)


def _coth(u: Expansion) -> Expansion:
    return _plus(_times(_inverse(_plus(_times(u, 2).exp(), -1)), 2), 1)


def _sinh(u: Expansion) -> Expansion:
    return _times(u.exp() + _times(_times(u, -1).exp(), -1), Fraction(1, 2))


def _cosh(u: Expansion) -> Expansion:
    return _times(u.exp() + _times(u, -1).exp(), Fraction(1, 2))


def _logistic(u: Expansion) -> Expansion:
    return _inverse(_plus(_times(u, -1).exp(), 1))


def _between(u: Expansion, low: Fraction) -> Expansion:
    """1 + u⁻²·[low, 0], the first terms of an alternating series with what is left of it."""
    rest = constant(Number(low)).union(arb(0))
    return _plus(u.raised(-2).scaled(rest), 1)


def _erf(u: Expansion) -> Expansion:
    """1 − e^(−u²)/(u√π)·(1 − θ/(2u²)), 0 ≤ θ ≤ 1 (DLMF 7.8.2 and 7.12.1)."""
    root = u.constant(Coefficient.of(power(call("sqrt", Constant("pi")), Number(Fraction(-1)))))
    tail = _times(u * u, -1).exp() * _inverse(u) * root * _between(u, Fraction(-1, 2))
    return _plus(_times(tail, -1), 1)


def _atan(u: Expansion) -> Expansion:
    """π/2 − (1 − θ/(3u²))/u, 0 ≤ θ ≤ 1 (DLMF 4.24.4)."""
    right = u.constant(Coefficient.of(quotient(Constant("pi"), Number(Fraction(2)))))
    return right + _times(_inverse(u) * _between(u, Fraction(-1, 3)), -1)


def _asinh(u: Expansion) -> Expansion:
    return (u + _plus(u * u, 1).raised(Fraction(1, 2))).ln()


def _log10(u: Expansion) -> Expansion:
    return u.ln() * u.constant(Coefficient.of(power(call("ln", Number(Fraction(10))), Number(Fraction(-1)))))


def _wave(u: Expansion) -> Expansion:
    return u.constant(Coefficient(arb(-1).union(arb(1))))


_ODD = {"tanh", "sinh", "csch", "coth", "erf", "atan", "asinh"}
_EVEN = {"cosh", "sech", "sin", "cos"}  # of a wave nothing but its bounds is known far out
_TOWARDS_INFINITY: dict[str, Callable[[Expansion], Expansion]] = {
    "tanh": _tanh,
    "sech": _sech,
    "csch": _csch,
    "coth": _coth,
    "sinh": _sinh,
    "cosh": _cosh,
    "erf": _erf,
    "atan": _atan,
    "asinh": _asinh,
    "log10": _log10,
    "sin": _wave,
    "cos": _wave,
    "sigmoid": _logistic,
    "softplus": lambda u: u + _plus(_times(u, -1).exp(), 1).ln(),
}
_TOWARDS_MINUS_INFINITY: dict[str, Callable[[Expansion], Expansion]] = {
    "sigmoid": _logistic,
    "softplus": lambda u: _plus(u.exp(), 1).ln(),
}


@dataclass(frozen=True)
class End:
    """The far end of z(t) as t → ∞."""

    first: ClassVar = 2.3
    """The smallest t that is looked at."""
    factor: ClassVar = 4.0
    """How much farther out every next one is."""
    farthest: ClassVar = 1e15

    node: Expr
    """The formula in t, which is called z there."""
    place: Callable[[Ball], Ball]
    """z at t."""

    @classmethod
    def upper(cls, node: Expr, high: Ball) -> "End":
        """The end of what lies below `high`; Undecided at a point that is no binary fraction."""
        if not high.is_finite():
            return cls(node, lambda t: t)
        beside = total(Number(_exact(high)), times(MINUS_ONE, power(_Z, MINUS_ONE)))
        return cls(replaced(node, _Z, beside), lambda t: high - 1 / t)

    @classmethod
    def lower(cls, node: Expr, low: Ball) -> "End":
        """The end of what lies above `low`; Undecided at a point that is no binary fraction."""
        mirror = cls.upper(replaced(node, _Z, times(MINUS_ONE, _Z)), -low)
        return cls(mirror.node, lambda t: -mirror.place(t))

    def behaviour(self, start: float) -> Behaviour | None:
        """What the formula does for all t ≥ `start`; None where that is not understood."""
        try:
            return expansion(self.node, arb(start)).behaviour()
        except Undecided:
            return None

    def settled(self) -> Ball:
        """Where the part begins in which the formula has one sign; Undecided where there is none."""
        start = self.first
        while start < self.farthest:
            found = self.behaviour(start)
            if found is not None and _has_one_sign(found):
                return self.place(arb(start))
            start *= self.factor
        raise Undecided


def _exact(point: Ball) -> Fraction:
    if not point.is_exact():
        raise Undecided
    mantissa, exponent = point.man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def _has_one_sign(found: Behaviour) -> bool:
    """Whether no value is 0: all are on one side of it, or of a limit that is never met."""
    if found.low > 0 or found.high < 0:
        return True
    return bool(found.side and (found.low >= 0 or found.high <= 0))
