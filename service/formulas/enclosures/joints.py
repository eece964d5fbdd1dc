"""What happens where two smooth pieces of a formula meet: its one-sided values and slopes, and its own value."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from flint import arb_series

from service.formulas.enclosures.balls import Ball
from service.formulas.enclosures.ends import FARTHEST, End, lower_end, upper_end
from service.formulas.enclosures.monomials import Undecided
from service.formulas.enclosures.pieces import Piece
from service.formulas.enclosures.points import value_at
from service.formulas.enclosures.program import ORDER, Program
from service.formulas.enclosures.slopes import slope_of
from service.formulas.language.tree import Expr


@dataclass(frozen=True)
class Side:
    """Limits from one side; None where they are not known."""

    value: Ball | None
    slope: Ball | None


@dataclass(frozen=True)
class Joint:
    """A point where a formula is not known to be smooth; a side is None where the formula is undefined on it."""

    at: Ball
    value: Ball | None
    """The formula's own value, NaN where it has none; None where that is not known."""
    left: Side | None
    right: Side | None

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


def joints(node: Expr, pieces: list[Piece]) -> list[Joint]:
    """The finite ends of all `pieces` of `node`, rising."""
    found = []
    for one, other in pairwise([None, *pieces, None]):
        if one and other and one.high.overlaps(other.low):
            found.append(_joint(node, one.high, one, other))
        else:
            found += [_joint(node, one.high, one, None)] if one and one.high.is_finite() else []
            found += [_joint(node, other.low, None, other)] if other and other.low.is_finite() else []
    return found


def is_smooth_across(joint: Joint, one: Piece, other: Piece) -> bool:
    """Whether two pieces are one, cut where nothing happens."""
    if not (one.node == other.node and joint.continuous):
        return False
    series = Program([one.node], series=True).run(arb_series([joint.at, 1], ORDER))[0]
    return all(series[k].is_finite() for k in range(ORDER))


def known_value(node: Expr, z: Ball) -> Ball | None:
    """The formula's own value at a point, NaN where it has none; None where that is not known."""
    try:
        return value_at(node, z)
    except Undecided:
        return None


def _joint(node: Expr, at: Ball, one: Piece | None, other: Piece | None) -> Joint:
    left = None if one is None else _side(one, at, upper_end)
    right = None if other is None else _side(other, at, lower_end)
    return Joint(at, known_value(node, at), left, right)


def _side(piece: Piece, edge: Ball, end_of: Callable[[Expr, Ball], End]) -> Side:
    return Side(*(_limit(piece, edge, order, end_of) for order in (0, 1)))


def _limit(piece: Piece, edge: Ball, order: int, end_of: Callable[[Expr, Ball], End]) -> Ball | None:
    at = Program([piece.node], series=True).run(arb_series([edge, 1], ORDER))[0][order]
    if at.is_finite():
        return at
    try:
        behaviour = end_of(slope_of(piece.node, order), edge).behaviour(FARTHEST)
    except Undecided:
        return None
    return None if behaviour is None else behaviour.limit


def _agree(one: Ball | None, other: Ball | None) -> bool:
    """Whether two values are equal, as far as thirty digits tell."""
    if one is None or other is None or not (one.is_finite() and other.is_finite()):
        return False
    return bool(one.overlaps(other))
