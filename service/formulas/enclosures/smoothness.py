"""Where a formula is smooth and where not, over ℝ or an interval; of a formula that repeats, over one period."""

from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from math import inf

from flint import arb, ctx

from service.formulas.enclosures.balls import PRECISION_BITS, Ball, simple
from service.formulas.enclosures.ends import FIRST
from service.formulas.enclosures.joints import Joint, is_smooth_across, joints, known_value
from service.formulas.enclosures.monomials import Undecided
from service.formulas.enclosures.periods import period
from service.formulas.enclosures.pieces import Piece, pieces
from service.formulas.language.build import mapped, negative, quotient, simplified, total
from service.formulas.language.canonical import canonical
from service.formulas.language.tree import MINUS_ONE, ONE, Call, Expr, call

_REPEATS = 8


@dataclass(frozen=True)
class Smoothness:
    """The smooth pieces of a formula, and what happens where they meet or end."""

    node: Expr
    pieces: tuple[Piece, ...]
    joints: tuple[Joint, ...]
    ends: tuple[tuple[Ball, Ball | None], ...]
    """The finite ends of the interval, and the values there, NaN where there is none, None where that is not known."""
    complete: bool
    """Whether these are all pieces; else those around 0."""
    period: float | None
    """After how much everything repeats; then the pieces are those of one period around 0."""

    @property
    def kinks(self) -> tuple[float, ...]:
        """Where φ or φ' jumps or ends; of what repeats, in the periods next to 0."""
        found = tuple(simple(joint.at) for joint in self.joints if not joint.differentiable)
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
        ends = tuple((end, known_value(node, end)) for end in window if end.is_finite())
        return Smoothness(node, parts, between, ends, complete, None if repeat is None else float(repeat))


def _joined(node: Expr, found: list[Piece], window: tuple[Ball, Ball]) -> tuple[tuple[Piece, ...], tuple[Joint, ...]]:
    """Pieces that are cut where nothing happens put together again, and the joints that are left."""
    parts, between = list(found), list[Joint]()
    for joint in joints(node, found):
        if any(joint.at.overlaps(end) for end in window):
            continue
        at = next((i for i in range(1, len(parts)) if _meet(parts[i - 1], parts[i], joint)), None)
        if at is not None and is_smooth_across(joint, parts[at - 1], parts[at]):
            parts[at - 1 : at + 1] = [Piece(parts[at - 1].low, parts[at].high, parts[at].node)]
        else:
            between.append(joint)
    return tuple(parts), tuple(between)


def _meet(one: Piece, other: Piece, joint: Joint) -> bool:
    return bool(one.high.overlaps(joint.at) and other.low.overlaps(joint.at))


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
    around = arb.max(low, arb(-FIRST)), arb.min(high, arb(FIRST))
    for window, complete in (((low, high), True), (around, False)):
        with suppress(Undecided):
            found = [Piece(piece.low, piece.high, _sharp(piece.node)) for piece in pieces(node, *window)]
            return found, window, complete
    return [], around, False
