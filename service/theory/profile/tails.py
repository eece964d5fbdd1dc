"""What an activation does far out, and from where on its derivative is as good as gone."""

from collections.abc import Callable
from fractions import Fraction
from math import isfinite

from flint import arb, ctx

from service.formulas.enclosures.balls import PRECISION_BITS, Ball
from service.formulas.enclosures.budget import FOR_ZEROS, Budget
from service.formulas.enclosures.ends import FIRST, End, lower_end, upper_end
from service.formulas.enclosures.monomials import Undecided
from service.formulas.enclosures.pieces import Piece
from service.formulas.enclosures.program import VARIABLE
from service.formulas.enclosures.roots import outermost_zero
from service.formulas.enclosures.slopes import slope_of
from service.formulas.enclosures.smoothness import Smoothness
from service.formulas.language.build import total
from service.formulas.language.tree import Node, Number, depends_on
from service.theory.bounds import SATURATED_BELOW
from service.theory.profile.answer import Tail

_STARTS = [FIRST * 4.0**k for k in range(24)]
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
    small = SATURATED_BELOW * steepest
    slope, far = _settling(end_of(derivative, edge), small)
    flat = None if slope is None else slope == 0.0
    beyond = _beyond(piece, derivative, side * far, small) if flat and far is not None else None
    return Tail(limit=_finite(limit), derivative_limit=_finite(slope), saturates=flat, saturated_beyond=beyond)


def _limit(end: End) -> float | None:
    behaviours = (end.behaviour(start) for start in _STARTS)
    return next((float(one.limit) for one in behaviours if one is not None and one.limit is not None), None)


def _settling(end: End, small: float) -> tuple[float | None, float | None]:
    """The limit, and if that is 0 some place from which on no value is larger than `small`."""
    for start in _STARTS:
        behaviour = end.behaviour(start)
        if behaviour is None or behaviour.limit is None:
            continue
        if behaviour.limit != 0 or not isfinite(small):
            return float(behaviour.limit), None
        if behaviour.low >= -small and behaviour.high <= small:
            return 0.0, start
    return None, None


def _beyond(piece: Piece, derivative: Node, far: float, small: float) -> float | None:
    """The outermost place where |φ'| is `small`, which it is not beyond `far`; the end of the piece without any."""
    side, reach = (1 if far > 0 else -1), arb(abs(far))
    low, high = arb.max(piece.low, -reach), arb.min(piece.high, reach)
    edge = piece.low if side > 0 else piece.high
    outermost, budget = float(edge) if edge.is_finite() else None, Budget(FOR_ZEROS)
    for level in (small, -small) if depends_on(derivative, VARIABLE) else ():
        shifted = total(derivative, Number(Fraction(-level)))
        try:
            zero = outermost_zero(shifted, low, high, budget, side)
        except Undecided:
            return None
        if zero is not None:  # and farther out is only what the other level may have
            outermost = float(zero)
            low, high = (zero.upper(), high) if side > 0 else (low, zero.lower())
    return outermost


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None
