"""How fast something grows as t → ∞, and what it is multiplied by: the terms of an asymptotic expansion.

Monomials t^power · (ln t)^log · exp(Σ rate·t^degree) are totally ordered by growth (Hardy 1910). Coefficients are
enclosed, and exact where they can be.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from flint import arb

from service.formulas.enclosures.balls import Ball, Undecided, rational, real_power, sign
from service.formulas.enclosures.program import constant
from service.formulas.language.build import power, times, total
from service.formulas.language.tree import ZERO, Expr, Number

_Exponent = int | Fraction
"""Whole ones as integers, which are much the faster."""
_Rates = tuple[tuple[_Exponent, Expr], ...]


@dataclass(frozen=True)
class Monomial:
    """t^power · (ln t)^log · exp(Σ rate·t^degree); rates are exact constants, by falling degree, none of them zero."""

    rates: _Rates = ()
    power: _Exponent = 0
    log: _Exponent = 0

    def __mul__(self, other: "Monomial") -> "Monomial":
        """The product: rates, powers and powers of the logarithm are added."""
        rates = self.rates or other.rates
        if self.rates and other.rates:
            rates = _added(self.rates, other.rates)
        return Monomial(rates, self.power + other.power, self.log + other.log)

    def raised(self, exponent: _Exponent) -> "Monomial":
        """The monomial to a real power, not zero."""
        factor = Number(Fraction(exponent))
        rates = tuple((degree, times(factor, rate)) for degree, rate in self.rates)
        return Monomial(rates, _whole(self.power * exponent), _whole(self.log * exponent))

    def over(self, other: "Monomial") -> "Monomial":
        """The quotient self / other."""
        return self * other.raised(-1)

    def compared(self, other: "Monomial") -> int:
        """1 where it outgrows the other, −1 where it is outgrown, 0 where they are the same."""
        if self.rates != other.rates:
            return _compared(self.rates, other.rates)
        mine, others = (self.power, self.log), (other.power, other.log)
        return (mine > others) - (mine < others)

    @property
    def growth(self) -> int:
        """1 where it tends to infinity, −1 where to 0, 0 where it is 1."""
        if self.rates:
            return sign(constant(self.rates[0][1]))
        exponent = self.power or self.log
        return (exponent > 0) - (exponent < 0)

    def at(self, t: Ball) -> Ball:
        """Its value at `t` > 1."""
        exponent = sum((constant(rate) * _power(t, degree) for degree, rate in self.rates), arb(0))
        value = exponent.exp() * _power(t, self.power)
        return value * _power(t.log(), self.log) if self.log else value

    def at_most(self, start: Ball) -> Ball:
        """Its supremum over t ≥ `start`, where it decays; Undecided where it still rises there."""
        if not self._falls(start):
            raise Undecided
        return self.at(start).upper()

    def _falls(self, start: Ball) -> bool:
        """Whether −t·d/dt of its logarithm is positive from `start` > 1 on."""
        risen = rational(max(self.power, 0)) + rational(max(self.log, 0)) / start.log()
        if not self.rates:
            steady = -rational(self.power) - rational(max(self.log, 0)) / start.log()
            return bool(steady > 0) or (not self.power and self.log < 0)
        (degree, rate), *others = self.rates
        slope = -rational(degree) * constant(rate)
        for lower, other in others:
            against = arb.max(rational(lower) * constant(other), arb(0))
            slope -= against * _power(start, lower - degree)
        return bool(slope > 0) and bool(slope * _power(start, degree) > risen)


def _whole(exponent: _Exponent) -> _Exponent:
    """An exponent as an integer where it is one."""
    return int(exponent) if exponent == int(exponent) else exponent


@lru_cache(maxsize=4096)
def _compared(one: _Rates, other: _Rates) -> int:
    """Which of two exponentials outgrows the other, by rates that differ."""
    return Monomial(one).over(Monomial(other)).growth


@lru_cache(maxsize=4096)
def _added(one: _Rates, other: _Rates) -> _Rates:
    rates = dict(one)
    for degree, rate in other:
        rates[degree] = total(rates.get(degree, ZERO), rate)
    return tuple((degree, rates[degree]) for degree in sorted(rates, reverse=True) if rates[degree] != ZERO)


def _power(t: Ball, exponent: _Exponent) -> Ball:
    if isinstance(exponent, int):
        return t**exponent
    return (rational(exponent) * t.log()).exp()


@dataclass(frozen=True)
class Coefficient:
    """A constant, or whatever stays in a ball; `exact` is the formula of the constant where there is one."""

    ball: Ball
    exact: Expr | None = None

    @classmethod
    def of(cls, node: Expr) -> "Coefficient":
        """The coefficient that `node`, a formula without names, states exactly."""
        return cls(constant(node), node)

    def __add__(self, other: "Coefficient") -> "Coefficient":
        """The sum, exact where both are."""
        if self.exact is None or other.exact is None:
            return Coefficient(self.ball + other.ball)
        return Coefficient.of(total(self.exact, other.exact))

    def __mul__(self, other: "Coefficient") -> "Coefficient":
        """The product, exact where both are."""
        if self.exact is None or other.exact is None:
            return Coefficient(self.ball * other.ball)
        return Coefficient.of(times(self.exact, other.exact))

    def raised(self, exponent: _Exponent) -> "Coefficient":
        """The power self ^ exponent, exact where the base is."""
        if self.exact is None:
            return Coefficient(real_power(self.ball, exponent))
        return Coefficient.of(power(self.exact, Number(Fraction(exponent))))
