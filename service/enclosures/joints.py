"""What happens where two smooth pieces of a formula meet: its one-sided values and slopes."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from flint import arb_series

from service.enclosures.balls import Ball
from service.enclosures.ends import FARTHEST, End, lower_end, upper_end
from service.enclosures.monomials import Undecided
from service.enclosures.pieces import Piece
from service.enclosures.program import ORDER, Program
from service.enclosures.slopes import slope_of
from service.expressions.tree import Node

_EQUAL = 1e-20


@dataclass(frozen=True)
class Side:
    """Limits from one side; None where they are not known."""

    value: Ball | None
    slope: Ball | None


@dataclass(frozen=True)
class Joint:
    """A point where a formula is not known to be smooth; a side is None where the formula is undefined on it."""

    at: Ball
    left: Side | None
    right: Side | None

    @property
    def continuous(self) -> bool:
        """Whether both values agree."""
        return _agree(self.left, self.right, 0)

    @property
    def differentiable(self) -> bool:
        """Whether both values and both slopes agree."""
        return self.continuous and _agree(self.left, self.right, 1)


def joints(pieces: list[Piece]) -> list[Joint]:
    """The finite ends of all pieces, rising."""
    found = []
    for one, other in pairwise([None, *pieces, None]):
        if one and other and one.high.overlaps(other.low):
            found.append(Joint(one.high, _left_of(one), _right_of(other)))
        else:
            found += [Joint(one.high, _left_of(one), None)] if one and one.high.is_finite() else []
            found += [Joint(other.low, None, _right_of(other))] if other and other.low.is_finite() else []
    return found


def _left_of(piece: Piece) -> Side:
    return Side(*(_limit(piece, piece.high, order, upper_end) for order in (0, 1)))


def _right_of(piece: Piece) -> Side:
    return Side(*(_limit(piece, piece.low, order, lower_end) for order in (0, 1)))


def _limit(piece: Piece, edge: Ball, order: int, end_of: Callable[[Node, Ball], End]) -> Ball | None:
    at = Program([piece.node], series=True).run(arb_series([edge, 1], ORDER))[0][order]
    if at.is_finite():
        return at
    try:
        behaviour = end_of(slope_of(piece.node, order), edge).behaviour(FARTHEST)
    except Undecided:
        return None
    return None if behaviour is None else behaviour.limit


def _agree(left: Side | None, right: Side | None, order: int) -> bool:
    if left is None or right is None:
        return False
    one, other = (left.slope, right.slope) if order else (left.value, right.value)
    if one is None or other is None or not (one.is_finite() and other.is_finite()):
        return False
    return bool(abs(one - other) < _EQUAL * (1 + abs(one)))
