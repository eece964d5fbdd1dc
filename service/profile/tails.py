"""What an activation does far out, and from where on its derivative is as good as gone."""

from collections.abc import Callable
from fractions import Fraction
from math import isfinite

from flint import ctx

from service.enclosures.balls import PRECISION_BITS, Ball
from service.enclosures.budget import FOR_ZEROS, Budget
from service.enclosures.ends import FARTHEST, FIRST, End, lower_end, upper_end
from service.enclosures.extreme import is_infinite
from service.enclosures.monomials import Undecided
from service.enclosures.pieces import Piece
from service.enclosures.program import VARIABLE
from service.enclosures.roots import zeros
from service.enclosures.slopes import slope_of
from service.enclosures.smoothness import Smoothness
from service.expressions.build import negative, total
from service.expressions.tree import Node, Number, depends_on
from service.profile.answer import Tail

SATURATED_BELOW = 0.01
"""A unit is saturated where |φ'| is below this share of its supremum."""
_UNKNOWN = Tail(limit=None, derivative_limit=None, saturates=None, saturated_beyond=None)


def tails(known: Smoothness, steepest: float) -> tuple[Tail, Tail]:
    """Towards −∞ and towards ∞; `steepest` is the supremum of |φ'|."""
    if not known.pieces or known.period is not None:
        return _UNKNOWN, _UNKNOWN
    with ctx.workprec(PRECISION_BITS):
        first, last = known.pieces[0], known.pieces[-1]
        left = _UNKNOWN if first.low.is_finite() else _tail(first, lower_end, -1, steepest)
        right = _UNKNOWN if last.high.is_finite() else _tail(last, upper_end, 1, steepest)
        return left, right


def _tail(piece: Piece, end_of: Callable[[Node, Ball], End], side: int, steepest: float) -> Tail:
    edge = piece.high if side > 0 else piece.low
    limit = _limit(end_of(piece.node, edge))
    try:
        derivative = slope_of(piece.node, 1)
    except Undecided:
        return _UNKNOWN.model_copy(update={"limit": _finite(limit)})
    slope = _limit(end_of(derivative, edge))
    flat = None if slope is None else slope == 0.0
    beyond = _beyond(piece, derivative, side, SATURATED_BELOW * steepest) if flat else None
    return Tail(limit=_finite(limit), derivative_limit=_finite(slope), saturates=flat, saturated_beyond=beyond)


def _limit(end: End) -> float | None:
    start = FIRST
    while start < FARTHEST:
        behaviour = end.behaviour(start)
        if behaviour is not None and behaviour.limit is not None:
            return float(behaviour.limit)
        start *= 16.0
    return None


def _beyond(piece: Piece, derivative: Node, side: int, small: float) -> float | None:
    """The outermost place where |φ'| is `small`; the end of the piece where it is smaller on all of it."""
    if not isfinite(small):
        return None
    places, budget = list[Ball](), Budget(FOR_ZEROS)
    for level in (small, -small) if depends_on(derivative, VARIABLE) else ():
        try:
            places += zeros(total(derivative, negative(Number(Fraction(level)))), piece.low, piece.high, budget)
        except Undecided:
            return None
    places += [end for end in (piece.low, piece.high) if end.is_finite() and not is_infinite(end)]
    return max((float(place) for place in places), key=lambda z: side * z, default=None)


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None
