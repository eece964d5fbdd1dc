"""Where a formula is smooth and where not, over ℝ or an interval; of a formula that repeats, over one period."""

from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from math import inf

from flint import arb, ctx

from service.enclosures.balls import PRECISION_BITS, Ball, simple
from service.enclosures.ends import FIRST
from service.enclosures.joints import Joint, joints
from service.enclosures.monomials import Undecided
from service.enclosures.periods import period
from service.enclosures.pieces import Piece, pieces
from service.expressions.build import mapped, negative, quotient, total
from service.expressions.canonical import canonical
from service.expressions.tree import MINUS_ONE, ONE, Call, Node, call

_REPEATS = 8


@dataclass(frozen=True)
class Smoothness:
    """The smooth pieces of a formula, and what happens where they meet or end."""

    node: Node
    pieces: tuple[Piece, ...]
    joints: tuple[Joint, ...]
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


@lru_cache(maxsize=1024)
def smoothness(node: Node, low: float = -inf, high: float = inf) -> Smoothness:
    """The smoothness of a formula of z without parameters."""
    with ctx.workprec(PRECISION_BITS):
        left, right = arb(low), arb(high)
        repeat = period(node) if (low, high) == (-inf, inf) else None
        if repeat is not None:
            left, right = (-0.41 * repeat).mid(), (0.61 * repeat).mid()
        found, window = _pieces(_sharp(node), left, right)
        between = tuple(joint for joint in joints(found) if not any(joint.at.overlaps(end) for end in window))
        complete = window == (left, right)
        return Smoothness(node, tuple(found), between, complete, None if repeat is None else float(repeat))


def _sharp(node: Node) -> Node:
    """`node` with saturating forms as the functions they are: a ball forgets that both halves of one are alike."""
    return _spelled(canonical(node))


def _spelled(node: Node) -> Node:
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


def _pieces(node: Node, low: Ball, high: Ball) -> tuple[list[Piece], tuple[Ball, Ball]]:
    """All pieces, or those around 0, or none; and the interval that they are those of."""
    around = arb.max(low, arb(-FIRST)), arb.min(high, arb(FIRST))
    for window in ((low, high), around):
        with suppress(Undecided):
            return pieces(node, *window), window
    return [], around
