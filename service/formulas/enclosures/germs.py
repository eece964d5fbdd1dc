"""A quantity for all t ≥ start as a short sum Σ coefficient·monomial, coefficients enclosed: germs at infinity.

Sums and products are done term by term. A function of u = u₀ + δ, δ → 0, is F(u₀) + δ·F'(anything between) by the mean
value theorem, so that the sign of what decays is kept: a limit that is approached from below is known to be.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cmp_to_key

from flint import arb

from service.formulas.enclosures.balls import INFINITY, Ball, exp, hull, rational, real_power, whole_power
from service.formulas.enclosures.coefficients import ONE, ZERO, Coefficient
from service.formulas.enclosures.monomials import UNIT, Exponent, Monomial, Undecided, sign, whole
from service.formulas.language import tree
from service.formulas.language.tree import Expr, Number, call

MOST_TERMS = 6
_THIN = 1e-25


@dataclass(frozen=True)
class Behaviour:
    """What a quantity does for all t ≥ start."""

    low: Ball
    """Nothing is below it; −∞ where it is unbounded."""
    high: Ball
    """Nothing is above it."""
    limit: Ball | None
    """What it tends to, ±∞ included; None where that is not known."""
    side: int
    """1 where the limit is approached from above and never met, −1 from below, 0 where that is not known."""


@dataclass(frozen=True)
class Germ:
    """Terms by falling growth; the leading one decides."""

    start: Ball
    terms: tuple[tuple[Monomial, Coefficient], ...]

    @classmethod
    def of(cls, start: Ball, terms: Mapping[Monomial, Coefficient]) -> "Germ":
        """The sum of `terms`, the smallest folded into larger ones where there are many."""
        kept = [(monomial, coefficient) for monomial, coefficient in terms.items() if not coefficient.ball.is_zero()]
        kept.sort(key=_growth)
        while len(kept) > MOST_TERMS:
            (monomial, last), (larger, before) = kept.pop(), kept.pop()
            share = hull(arb(0), monomial.over(larger).at_most(start))
            kept.append((larger, Coefficient(before.ball + last.ball * share)))
        return cls(start, tuple(kept))

    def constant(self, value: Coefficient) -> "Germ":
        """A constant beside this germ."""
        return Germ.of(self.start, {UNIT: value})

    def __add__(self, other: "Germ") -> "Germ":
        """The sum."""
        terms = dict(self.terms)
        for monomial, coefficient in other.terms:
            terms[monomial] = terms[monomial] + coefficient if monomial in terms else coefficient
        return Germ.of(self.start, terms)

    def __mul__(self, other: "Germ") -> "Germ":
        """The product."""
        terms: dict[Monomial, Coefficient] = {}
        for one, first in self.terms:
            for two, second in other.terms:
                monomial, product = one * two, first * second
                terms[monomial] = terms[monomial] + product if monomial in terms else product
        return Germ.of(self.start, terms)

    def scaled(self, factor: Ball) -> "Germ":
        """Every coefficient times a ball."""
        return Germ(self.start, tuple((monomial, Coefficient(one.ball * factor)) for monomial, one in self.terms))

    def lead(self) -> tuple[Monomial, Ball]:
        """The leading monomial, and all of the germ over it: what has a sign decides the germ's."""
        if not self.terms:
            raise Undecided
        (first, coefficient), *others = self.terms
        shares = (one.ball * hull(arb(0), monomial.over(first).at_most(self.start)) for monomial, one in others)
        return first, sum(shares, coefficient.ball)

    def parted(self) -> tuple["Germ", Coefficient, "Germ"]:
        """What grows, the constant, and what decays."""
        growing, constant_term, decaying = [], ZERO, []
        for monomial, coefficient in self.terms:
            if monomial.growth > 0:
                growing.append((monomial, coefficient))
            elif monomial.growth < 0:
                decaying.append((monomial, coefficient))
            else:
                constant_term = coefficient
        return Germ(self.start, tuple(growing)), constant_term, Germ(self.start, tuple(decaying))

    def reach(self) -> Ball:
        """A ball around 0 and every value that a decaying germ has."""
        shares = (one.ball * hull(arb(0), monomial.at_most(self.start)) for monomial, one in self.terms)
        return hull(arb(0), sum(shares, arb(0)))

    def taylor(self, *coefficients: Ball) -> "Germ":
        """Σ coefficient·δ^k, k = 1, 2, …, of a decaying germ δ; the last one is good for all that is left out."""
        if not self.terms:
            return self
        if not all(one.is_finite() for one in coefficients):
            raise Undecided
        *others, last = coefficients
        found = self.scaled(last)
        for coefficient in reversed(others):
            found = self * found + self.scaled(coefficient)
        return found

    def raised(self, exponent: Exponent) -> "Germ":
        """The power, for a germ that is not zero; for a whole exponent, or of what is positive."""
        if not self.terms:
            raise Undecided
        if exponent.denominator == 1 and 1 <= exponent <= MOST_TERMS:
            return self if exponent == 1 else self * self.raised(exponent - 1)
        (first, coefficient), *others = self.terms
        if exponent.denominator != 1 and sign(coefficient.ball) < 0:
            raise Undecided
        inverse = coefficient.raised(-1)
        rest = Germ.of(self.start, {monomial.over(first): one * inverse for monomial, one in others})
        second = rational(exponent * (exponent - 1)) / 2 * real_power(1 + rest.reach(), exponent - 2)
        factor = self.constant(ONE) + rest.taylor(rational(exponent), second)
        return factor * Germ.of(self.start, {first.raised(exponent): coefficient.raised(exponent)})

    def ln(self) -> "Germ":
        """The logarithm of what is positive."""
        if not self.terms or self.terms[0][0].log:
            raise Undecided
        (first, coefficient), *others = self.terms
        if sign(coefficient.ball) < 0:
            raise Undecided
        made = (
            Coefficient(coefficient.ball.log()) if coefficient.exact is None else Coefficient.of(_ln(coefficient.exact))
        )
        terms = {Monomial(power=degree): Coefficient.of(rate) for degree, rate in first.rates}
        terms[Monomial(log=1)] = Coefficient.of(Number(Fraction(first.power)))
        inverse = coefficient.raised(-1)
        rest = Germ.of(self.start, {monomial.over(first): one * inverse for monomial, one in others})
        return Germ.of(self.start, {**terms, UNIT: made}) + rest.taylor(
            arb(1), -arb(1) / 2, 1 / whole_power(1 + rest.reach(), 3) / 3
        )

    def exp(self) -> "Germ":
        """The exponential; what grows in the exponent must be known exactly, or fall."""
        growing, at, rest = self.parted()
        try:
            shape = _exponential(growing)
        except Undecided:
            return self._vanishing()
        made = Coefficient(at.ball.exp()) if at.exact is None else Coefficient.of(_exp(at.exact))
        return Germ.of(self.start, {shape: made}) * (self.constant(ONE) + rest.taylor(arb(1), exp(rest.reach()) / 2))

    def _vanishing(self) -> "Germ":
        """The exponential of what falls faster than −t² or −t: that of those times something between 0 and a bound."""
        for degree in (2, 1):
            bound = (self + Germ.of(self.start, {Monomial(power=degree): ONE})).behaviour().high
            if bound.is_finite():
                decay = Monomial(rates=((degree, tree.MINUS_ONE),))
                return Germ.of(self.start, {decay: Coefficient(hull(arb(0), bound.exp()))})
        raise Undecided

    def behaviour(self) -> Behaviour:
        """Bounds, limit and the side that it is approached from."""
        growing, at, decaying = self.parted()
        if growing.terms:
            first, share = self.lead()
            side = sign(share)
            least = first.raised(-1).at_most(self.start)  # of what grows, the inverse
            bound = (share / least).abs_lower() * side
            return Behaviour(bound, INFINITY, INFINITY, -1) if side > 0 else Behaviour(-INFINITY, bound, -INFINITY, 1)
        limit = at.ball if at.ball.rad() < _THIN else None
        values = at.ball + decaying.reach()
        side = 0
        if decaying.terms and limit is not None:
            share = decaying.lead()[1]
            side = (share > 0) - (share < 0)
        low = at.ball if side > 0 else values
        high = at.ball if side < 0 else values
        return Behaviour(low.lower(), high.upper(), limit, side)


def _exponential(growing: Germ) -> Monomial:
    made = UNIT
    for monomial, coefficient in growing.terms:
        if coefficient.exact is None or monomial.rates:
            raise Undecided
        if not monomial.log:
            made = made * Monomial(rates=((monomial.power, coefficient.exact),))
        elif monomial == Monomial(log=1) and isinstance(coefficient.exact, Number):
            made = made * Monomial(power=whole(coefficient.exact.value))
        else:
            raise Undecided
    return made


def _exp(node: Expr) -> Expr:
    return tree.ONE if node == tree.ZERO else call("exp", node)


def _ln(node: Expr) -> Expr:
    return tree.ZERO if node == tree.ONE else call("ln", node)


def _slower(one: tuple[Monomial, Coefficient], other: tuple[Monomial, Coefficient]) -> int:
    return other[0].compared(one[0])


_growth = cmp_to_key(_slower)
