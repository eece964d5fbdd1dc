"""Formulas that repeat: every z in them stands in a sine, cosine or tangent of a straight line."""

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from functools import reduce
from math import gcd, lcm

from flint import arb

from service.formulas.enclosures.balls import Ball
from service.formulas.enclosures.monomials import Undecided
from service.formulas.enclosures.program import VARIABLE, constant
from service.formulas.enclosures.slopes import slope_of
from service.formulas.enclosures.switches import singular, switches
from service.formulas.language.build import quotient
from service.formulas.language.tree import ZERO, Call, Expr, Number


def period(node: Expr) -> Ball | None:
    """A period of `node`; None where it is not seen to have one."""
    seen = list(_rates(node))
    rates = [rate for rate in seen if rate is not None]
    if not rates or len(rates) < len(seen):
        return None
    shares = [quotient(rate, rates[0]) for rate in rates]
    known = [share.value for share in shares if isinstance(share, Number)]
    if len(known) < len(shares):
        return None
    rate = constant(rates[0])
    return None if rate.contains(0) else 2 * arb.pi() / abs(rate) / _common(known)


def _rates(node: Expr) -> Iterator[Expr | None]:
    """The slopes of the lines inside waves; None for a z that stands elsewhere."""
    if not node.depends_on(VARIABLE):
        return
    match node:
        case Call("sin" | "cos" | "tan", (argument,)):
            holes = any(part.depends_on(VARIABLE) for part in singular(argument))
            slope = None if holes or any(switches(argument)) else _slope(argument)
            yield None if slope == ZERO else slope
        case _:
            yield from (rate for child in node.children for rate in _rates(child)) if node.children else (None,)


def _slope(argument: Expr) -> Expr | None:
    """The slope of a straight line; None of what is none."""
    with suppress(Undecided):
        slope = slope_of(argument, 1)
        return None if slope.depends_on(VARIABLE) else slope
    return None


def _common(shares: list[Fraction]) -> int | Ball:
    """The largest number that all shares are whole multiples of."""
    below = reduce(lcm, (share.denominator for share in shares))
    above = reduce(gcd, (int(share * below) for share in shares))
    return arb(above) / below
