"""Where an interval ends at a place that no value is taken: at ±∞, or beside a singular point."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from service.formulas.enclosures.at_infinity import germ
from service.formulas.enclosures.balls import Ball
from service.formulas.enclosures.germs import Behaviour
from service.formulas.enclosures.monomials import Undecided
from service.formulas.enclosures.program import VARIABLE
from service.formulas.language.build import power, replaced, times, total
from service.formulas.language.tree import MINUS_ONE, Expr, Number, Symbol

FIRST = 2.3
FACTOR = 4.0
FARTHEST = 1e15

_Z = Symbol(VARIABLE)


@dataclass(frozen=True)
class End:
    """The far end of z(t) as t → ∞."""

    node: Expr
    """The formula in t, which is called z there."""
    place: Callable[[Ball], Ball]
    """z at t."""

    def behaviour(self, start: float) -> Behaviour | None:
        """What the formula does for all t ≥ `start`; None where that is not understood."""
        try:
            return germ(self.node, arb(start)).behaviour()
        except Undecided:
            return None


def upper_end(node: Expr, high: Ball) -> End:
    """The end of what lies below `high`; Undecided at a point that is no binary fraction."""
    if not high.is_finite():
        return End(node, lambda t: t)
    beside = total(Number(_exact(high)), times(MINUS_ONE, power(_Z, MINUS_ONE)))
    return End(replaced(node, _Z, beside), lambda t: high - 1 / t)


def lower_end(node: Expr, low: Ball) -> End:
    """The end of what lies above `low`; Undecided at a point that is no binary fraction."""
    mirror = upper_end(replaced(node, _Z, times(MINUS_ONE, _Z)), -low)
    return End(mirror.node, lambda t: -mirror.place(t))


def _exact(point: Ball) -> Fraction:
    if not point.is_exact():
        raise Undecided
    mantissa, exponent = point.man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def settled(end: End) -> Ball:
    """Where the part begins in which a formula has one sign; Undecided where there is none."""
    start = FIRST
    while start < FARTHEST:
        found = end.behaviour(start)
        if found is not None and _has_one_sign(found):
            return end.place(arb(start))
        start *= FACTOR
    raise Undecided


def _has_one_sign(found: Behaviour) -> bool:
    """Whether no value is 0: all are on one side of it, or of a limit that is never met."""
    if found.low > 0 or found.high < 0:
        return True
    return bool(found.side and (found.low >= 0 or found.high <= 0))
