"""Where a formula is smooth and where not, over ℝ or an interval; of a formula that repeats, over one period.

Where two smooth pieces meet or end there is a breakpoint: its one-sided values and slopes, and the formula's own value.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import inf

from flint import arb, ctx

from service.formulas.enclosures.asymptotics import End
from service.formulas.enclosures.balls import PRECISION_BITS, Ball, Undecided, simplest
from service.formulas.enclosures.piecewise import Piece, period, pieces, value_at
from service.formulas.enclosures.program import BallProgram, slope_of
from service.formulas.language.build import mapped, negative, quotient, simplified, total
from service.formulas.language.canonical import canonical
from service.formulas.language.tree import MINUS_ONE, ONE, Call, Expr, call

_REPEATS = 8


@dataclass(frozen=True)
class OneSidedLimits:
    """Limits from one side; None where they are not known."""

    value: Ball | None
    slope: Ball | None


@dataclass(frozen=True)
class Breakpoint:
    """A point where a formula is not known to be smooth; a side is None where the formula is undefined on it."""

    at: Ball
    value: Ball | None
    """The formula's own value, NaN where it has none; None where that is not known."""
    left: OneSidedLimits | None
    right: OneSidedLimits | None

    @property
    def meets(self) -> bool:
        """Whether both limits agree."""
        return self.left is not None and self.right is not None and _agree(self.left.value, self.right.value)

    @property
    def continuous(self) -> bool:
        """Whether both limits and the value agree."""
        return self.meets and self.left is not None and _agree(self.left.value, self.value)

    @property
    def differentiable(self) -> bool:
        """Whether it is continuous and both slopes agree."""
        known = self.left is not None and self.right is not None and _agree(self.left.slope, self.right.slope)
        return self.continuous and known


def _breakpoints(node: Expr, pieces: list[Piece]) -> list[Breakpoint]:
    """The finite ends of all `pieces` of `node`, rising."""
    found = []
    for one, other in pairwise([None, *pieces, None]):
        if one and other and one.high.overlaps(other.low):
            found.append(_breakpoint(node, one.high, one, other))
        else:
            found += [_breakpoint(node, one.high, one, None)] if one and one.high.is_finite() else []
            found += [_breakpoint(node, other.low, None, other)] if other and other.low.is_finite() else []
    return found


def _is_smooth_across(point: Breakpoint, one: Piece, other: Piece) -> bool:
    """Whether two pieces are one, cut where nothing happens."""
    if not (one.node == other.node and point.continuous):
        return False
    coefficients = BallProgram([one.node], series=True).expand(point.at)[0]
    return all(one.is_finite() for one in coefficients)


def _known_value(node: Expr, z: Ball) -> Ball | None:
    """The formula's own value at a point, NaN where it has none; None where that is not known."""
    try:
        return value_at(node, z)
    except Undecided:
        return None


def _breakpoint(node: Expr, at: Ball, one: Piece | None, other: Piece | None) -> Breakpoint:
    left = None if one is None else _limits(one, at, End.upper)
    right = None if other is None else _limits(other, at, End.lower)
    return Breakpoint(at, _known_value(node, at), left, right)


def _limits(piece: Piece, edge: Ball, end_of: Callable[[Expr, Ball], End]) -> OneSidedLimits:
    return OneSidedLimits(*(_limit(piece, edge, order, end_of) for order in (0, 1)))


def _limit(piece: Piece, edge: Ball, order: int, end_of: Callable[[Expr, Ball], End]) -> Ball | None:
    with suppress(Undecided):  # a power at the edge of its base
        at = BallProgram([piece.node], series=True).expand(edge)[0][order]
        if at.is_finite():
            return at
    try:
        behaviour = end_of(slope_of(piece.node, order), edge).behaviour(End.farthest)
    except Undecided:
        return None
    return None if behaviour is None else behaviour.limit


def _agree(one: Ball | None, other: Ball | None) -> bool:
    """Whether two values are equal, as far as thirty digits tell."""
    if one is None or other is None or not (one.is_finite() and other.is_finite()):
        return False
    return bool(one.overlaps(other))


@dataclass(frozen=True)
class Smoothness:
    """The smooth pieces of a formula, and what happens where they meet or end."""

    node: Expr
    pieces: tuple[Piece, ...]
    breakpoints: tuple[Breakpoint, ...]
    ends: tuple[tuple[Ball, Ball | None], ...]
    """The finite ends of the interval, and the values there, NaN where there is none, None where that is not known."""
    complete: bool
    """Whether these are all pieces; else those around 0."""
    period: float | None
    """After how much everything repeats; then the pieces are those of one period around 0."""

    @property
    def kinks(self) -> tuple[float, ...]:
        """Where φ or φ' jumps or ends; of what repeats, in the periods next to 0."""
        found = tuple(simplest(point.at) for point in self.breakpoints if not point.differentiable)
        if self.period is None:
            return found
        shifts = (number * self.period for number in range(-_REPEATS, _REPEATS + 1))
        return tuple(sorted(kink + shift for shift in shifts for kink in found))


def smoothness(node: Expr, low: float = -inf, high: float = inf) -> Smoothness:
    """The smoothness of a formula of z without parameters."""
    return _smoothness(node, low, high)


@lru_cache(maxsize=1024)
def _smoothness(node: Expr, low: float, high: float) -> Smoothness:
    with ctx.workprec(PRECISION_BITS):
        left, right = arb(low), arb(high)
        repeat = period(node) if (low, high) == (-inf, inf) else None
        if repeat is not None:
            left, right = (-0.41 * repeat).mid(), (0.61 * repeat).mid()
        found, window, complete = _pieces(node, left, right)
        parts, between = _joined(node, found, window)
        ends = tuple((end, _known_value(node, end)) for end in window if end.is_finite())
        return Smoothness(node, parts, between, ends, complete, None if repeat is None else float(repeat))


def _joined(
    node: Expr, found: list[Piece], window: tuple[Ball, Ball]
) -> tuple[tuple[Piece, ...], tuple[Breakpoint, ...]]:
    """Pieces that are cut where nothing happens put together again, and the points that are left."""
    parts, between = list(found), list[Breakpoint]()
    for point in _breakpoints(node, found):
        if any(point.at.overlaps(end) for end in window):
            continue
        at = next((i for i in range(1, len(parts)) if _meet(parts[i - 1], parts[i], point)), None)
        if at is not None and _is_smooth_across(point, parts[at - 1], parts[at]):
            parts[at - 1 : at + 1] = [Piece(parts[at - 1].low, parts[at].high, parts[at].node)]
        else:
            between.append(point)
    return tuple(parts), tuple(between)


def _meet(one: Piece, other: Piece, point: Breakpoint) -> bool:
    return bool(one.high.overlaps(point.at) and other.low.overlaps(point.at))


def _sharp(node: Expr) -> Expr:
    """`node` with saturating forms as the functions they are: a ball forgets that both halves of one are alike."""
    return _spelled(canonical(simplified(node)))


def _spelled(node: Expr) -> Expr:
    """What only floating point needs a function of its own for, written out."""
    match node:
        case Call("expm1", (u,)):
            return total(call("exp", _spelled(u)), MINUS_ONE)
        case Call("log1p", (u,)):
            return call("ln", total(ONE, _spelled(u)))
        case Call("erfc", (u,)):
            return total(ONE, negative(call("erf", _spelled(u))))
        case Call("softsign", (u,)):
            inner = _spelled(u)
            return quotient(inner, total(ONE, call("abs", inner)))
    return mapped(node, _spelled)


def _pieces(node: Expr, low: Ball, high: Ball) -> tuple[list[Piece], tuple[Ball, Ball], bool]:
    """All pieces, or those around 0, or none; the interval that they are those of, and whether they are all."""
    around = arb.max(low, arb(-End.first)), arb.min(high, arb(End.first))
    for window, complete in (((low, high), True), (around, False)):
        with suppress(Undecided):
            found = [Piece(piece.low, piece.high, _sharp(piece.node)) for piece in pieces(node, *window)]
            return found, window, complete
    return [], around, False
