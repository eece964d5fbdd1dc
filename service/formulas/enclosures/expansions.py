"""A quantity for all t ≥ start as a short sum Σ coefficient·monomial, coefficients enclosed: a germ at infinity.

Sums and products are done term by term. A function of u = u₀ + δ, δ → 0, is F(u₀) + δ·F'(anything between) by the mean
value theorem, so that the sign of what decays is kept: a limit that is approached from below is known to be.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cmp_to_key

from flint import arb

from service.formulas.enclosures.balls import BALL_FUNCTIONS, INFINITY, Ball, Undecided, rational, real_power, sign
from service.formulas.enclosures.growth import Coefficient, Monomial
from service.formulas.language import tree
from service.formulas.language.tree import Expr, Number, call

_MOST_TERMS = 6
_THIN = 1e-25
_ZERO, _ONE = (Coefficient.of(node) for node in (tree.ZERO, tree.ONE))


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
class Expansion:
    """Terms by falling growth; the leading one decides."""

    start: Ball
    terms: tuple[tuple[Monomial, Coefficient], ...]

    @classmethod
    def of(cls, start: Ball, terms: Mapping[Monomial, Coefficient]) -> "Expansion":
        """The sum of `terms`, the smallest folded into larger ones where there are many."""
        kept = [(monomial, coefficient) for monomial, coefficient in terms.items() if not coefficient.ball.is_zero()]
        kept.sort(key=_growth)
        while len(kept) > _MOST_TERMS:
            (monomial, last), (larger, before) = kept.pop(), kept.pop()
            share = arb(0).union(monomial.over(larger).at_most(start))
            kept.append((larger, Coefficient(before.ball + last.ball * share)))
        return cls(start, tuple(kept))

    def constant(self, value: Coefficient) -> "Expansion":
        """A constant beside this expansion."""
        return Expansion.of(self.start, {Monomial(): value})

    def __add__(self, other: "Expansion") -> "Expansion":
        """The sum, term by term."""
        terms = dict(self.terms)
        for monomial, coefficient in other.terms:
            terms[monomial] = terms[monomial] + coefficient if monomial in terms else coefficient
        return Expansion.of(self.start, terms)

    def __mul__(self, other: "Expansion") -> "Expansion":
        """The product, every term with every other."""
        terms: dict[Monomial, Coefficient] = {}
        for one, first in self.terms:
            for two, second in other.terms:
                monomial, product = one * two, first * second
                terms[monomial] = terms[monomial] + product if monomial in terms else product
        return Expansion.of(self.start, terms)

    def scaled(self, factor: Ball) -> "Expansion":
        """Every coefficient times a ball."""
        return Expansion(self.start, tuple((monomial, Coefficient(one.ball * factor)) for monomial, one in self.terms))

    def lead(self) -> tuple[Monomial, Ball]:
        """The leading monomial, and all of the expansion over it: what has a sign decides that of the whole."""
        if not self.terms:
            raise Undecided
        (first, coefficient), *others = self.terms
        shares = (one.ball * arb(0).union(monomial.over(first).at_most(self.start)) for monomial, one in others)
        return first, sum(shares, coefficient.ball)

    def split(self) -> tuple["Expansion", Coefficient, "Expansion"]:
        """What grows, the constant, and what decays."""
        growing, constant_term, decaying = [], _ZERO, []
        for monomial, coefficient in self.terms:
            if monomial.growth > 0:
                growing.append((monomial, coefficient))
            elif monomial.growth < 0:
                decaying.append((monomial, coefficient))
            else:
                constant_term = coefficient
        return Expansion(self.start, tuple(growing)), constant_term, Expansion(self.start, tuple(decaying))

    def enclosure(self) -> Ball:
        """A ball that holds 0 and every value of a decaying expansion."""
        shares = (one.ball * arb(0).union(monomial.at_most(self.start)) for monomial, one in self.terms)
        return arb(0).union(sum(shares, arb(0)))

    def compose(self, *coefficients: Ball) -> "Expansion":
        """Σ coefficient·δ^k, k = 1, 2, …, of a decaying expansion δ; the last one is good for all that is left out."""
        if not self.terms:
            return self
        if not all(one.is_finite() for one in coefficients):
            raise Undecided
        *others, last = coefficients
        found = self.scaled(last)
        for coefficient in reversed(others):
            found = self * found + self.scaled(coefficient)
        return found

    def raised(self, exponent: int | Fraction) -> "Expansion":
        """The power, for an expansion that is not zero; for a whole exponent, or of what is positive."""
        if not self.terms:
            raise Undecided
        if exponent.denominator == 1 and 1 <= exponent <= _MOST_TERMS:
            return self if exponent == 1 else self * self.raised(exponent - 1)
        (first, coefficient), *others = self.terms
        if exponent.denominator != 1 and sign(coefficient.ball) < 0:
            raise Undecided
        inverse = coefficient.raised(-1)
        rest = Expansion.of(self.start, {monomial.over(first): one * inverse for monomial, one in others})
        second = rational(exponent * (exponent - 1)) / 2 * real_power(1 + rest.enclosure(), exponent - 2)
        factor = self.constant(_ONE) + rest.compose(rational(exponent), second)
        return factor * Expansion.of(self.start, {first.raised(exponent): coefficient.raised(exponent)})

    def ln(self) -> "Expansion":
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
        rest = Expansion.of(self.start, {monomial.over(first): one * inverse for monomial, one in others})
        return Expansion.of(self.start, {**terms, Monomial(): made}) + rest.compose(
            arb(1), -arb(1) / 2, 1 / real_power(1 + rest.enclosure(), 3) / 3
        )

    def exp(self) -> "Expansion":
        """The exponential; what grows in the exponent must be known exactly, or fall."""
        growing, at, rest = self.split()
        try:
            shape = _exponential(growing)
        except Undecided:
            return self._vanishing()
        made = Coefficient(at.ball.exp()) if at.exact is None else Coefficient.of(_exp(at.exact))
        curvature = BALL_FUNCTIONS["exp"](rest.enclosure()) / 2
        return Expansion.of(self.start, {shape: made}) * (self.constant(_ONE) + rest.compose(arb(1), curvature))

    def _vanishing(self) -> "Expansion":
        """The exponential of what falls faster than −t² or −t: that of those times something between 0 and a bound."""
        for degree in (2, 1):
            bound = (self + Expansion.of(self.start, {Monomial(power=degree): _ONE})).behaviour().high
            if bound.is_finite():
                decay = Monomial(rates=((degree, tree.MINUS_ONE),))
                return Expansion.of(self.start, {decay: Coefficient(arb(0).union(bound.exp()))})
        raise Undecided

    def behaviour(self) -> Behaviour:
        """Bounds, limit and the side that it is approached from."""
        growing, at, decaying = self.split()
        if growing.terms:
            first, share = self.lead()
            side = sign(share)
            least = first.raised(-1).at_most(self.start)  # of what grows, the inverse
            bound = (share / least).abs_lower() * side
            return Behaviour(bound, INFINITY, INFINITY, -1) if side > 0 else Behaviour(-INFINITY, bound, -INFINITY, 1)
        limit = at.ball if at.ball.rad() < _THIN else None
        values = at.ball + decaying.enclosure()
        side = 0
        if decaying.terms and limit is not None:
            share = decaying.lead()[1]
            side = (share > 0) - (share < 0)
        low = at.ball if side > 0 else values
        high = at.ball if side < 0 else values
        return Behaviour(low.lower(), high.upper(), limit, side)


def _exponential(growing: Expansion) -> Monomial:
    made = Monomial()
    for monomial, coefficient in growing.terms:
        if coefficient.exact is None or monomial.rates:
            raise Undecided
        if not monomial.log:
            made = made * Monomial(rates=((monomial.power, coefficient.exact),))
        elif monomial == Monomial(log=1) and isinstance(coefficient.exact, Number):
            made = made * Monomial(power=1).raised(coefficient.exact.value)
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
