"""Infimum and supremum of a smooth formula, or its derivative, by branch and bound (Hansen & Walster 2004).

A box is dropped where it can raise neither bound, solved where the slope or the curvature has a sign, halved otherwise.
What lies beyond every box, towards ±∞ or a singular point, is an asymptotic expansion; it begins farther and farther
out until it is settled.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from flint import arb

from service.formulas.enclosures.asymptotics import End
from service.formulas.enclosures.balls import INFINITY, Ball, Undecided, simplest
from service.formulas.enclosures.expansions import Behaviour
from service.formulas.enclosures.intervals import Box, Budget, TaylorModel
from service.formulas.enclosures.piecewise import Piece, period
from service.formulas.enclosures.program import VARIABLE, constant, slope_of
from service.formulas.language.tree import Expr

_NARROW = 1e-14
_TINY = 1e-30
_CROWD = 200
"""Boxes that may wait: what can be bounded never needs as many, what oscillates without end needs more."""
_ANYTHING = INFINITY - INFINITY
_BESIDE = 2.0**-20
_STRANGE = 30.0
"""How far out a tail is followed that is not understood."""


class Approach(StrEnum):
    """How a value of a function belongs to a place."""

    AT = "at"
    BETWEEN = "between"
    FROM_LEFT = "from_left"
    FROM_RIGHT = "from_right"
    MINUS_INFINITY = "minus_infinity"
    PLUS_INFINITY = "plus_infinity"


@dataclass(frozen=True)
class Spot:
    """Where a value is taken (`at`, `between` two points) or approached."""

    approach: Approach
    low: Ball
    high: Ball


@dataclass(frozen=True)
class Witness:
    """A value that is taken or approached."""

    value: Ball
    spot: Spot
    solved: bool
    """Whether it is known to be an extreme of its surroundings, and not merely a value that was met."""


@dataclass
class Extreme:
    """The largest value of `sign` times a quantity: `floor` is reached for certain, nothing is above `ceiling`."""

    sign: int
    floor: Ball = field(default_factory=lambda: -INFINITY)
    ceiling: Ball = field(default_factory=lambda: -INFINITY)
    witnesses: list[Witness] = field(default_factory=list)

    @classmethod
    def over(cls, sign: int, parts: Iterable["Extreme"]) -> "Extreme":
        """The extreme over several parts."""
        whole = cls(sign)
        for part in parts:
            whole.witnesses += part.witnesses
            whole.floor, whole.ceiling = arb.max(whole.floor, part.floor), arb.max(whole.ceiling, part.ceiling)
        return whole

    def mirrored(self) -> "Extreme":
        """The other extreme of the negative quantity."""
        witnesses = [Witness(-one.value, one.spot, one.solved) for one in self.witnesses]
        return Extreme(-self.sign, self.floor, self.ceiling, witnesses)

    def offer(self, value: Ball, spot: Spot, solved: bool = True) -> None:
        """A value that is taken or approached; one that is not known may be anything."""
        if not (value.is_finite() or abs(value) == INFINITY):
            self.allow(INFINITY)
            return
        self.witnesses.append(Witness(value, spot, solved))
        self.floor = arb.max(self.floor, (self.sign * value).lower())
        self.allow((self.sign * value).upper())

    def allow(self, bound: Ball) -> None:
        """Nothing more is known of some part than that it stays below `bound`."""
        self.ceiling = arb.max(self.ceiling, INFINITY if bound.is_nan() else bound)

    def beyond(self, bound: Ball) -> bool:
        """Whether a part that stays below `bound` may hold larger values than those that were met."""
        return not bound <= self.floor

    def best(self) -> list[Witness]:
        """Those witnesses that nothing tells from the extreme; of values merely met, those that are it exactly."""
        return [one for one in self.witnesses if self._is_best(one)]

    def _is_best(self, witness: Witness) -> bool:
        value = self.sign * witness.value
        if witness.solved:
            return bool(value.upper() >= self.floor)
        return bool(value == self.floor and value == self.ceiling)


def extremes(piece: Piece, order: int, budget: Budget) -> tuple[Extreme, Extreme]:
    """Infimum and supremum of the formula of `piece`, or of its derivative where `order` is 1."""
    search = _Search(piece, order, budget)
    try:
        search.run(slope_of(piece.node, order))
    except Undecided:
        search.allow(_ANYTHING)
    return search.bottom, search.top


@dataclass(frozen=True)
class _Tail:
    """All z(t), t ≥ start."""

    end: End
    start: float
    approach: Approach


class _Search:
    """The parts of a piece that are still to be looked at."""

    def __init__(self, piece: Piece, order: int, budget: Budget) -> None:
        self._piece = piece
        self._model = TaylorModel(piece.node, order, budget)
        self.bottom, self.top = Extreme(-1), Extreme(1)
        self._waiting: deque[tuple[Box, Ball]] = deque()
        self._tails: list[_Tail] = []
        self._given_up = False

    def offer(self, value: Ball, spot: Spot, solved: bool = True) -> None:
        """A value for both extremes."""
        for extreme in (self.bottom, self.top):
            extreme.offer(value, spot, solved)

    def run(self, shown: Expr) -> None:
        """Look at the whole piece; `shown` is the formula of the quantity itself."""
        low, high = self._piece.low, self._piece.high
        if not shown.depends_on(VARIABLE):
            self.offer(constant(shown), Spot(Approach.BETWEEN, low, high))
            return
        repeat = period(shown)
        if repeat is not None and not (low.is_finite() or high.is_finite()):
            self._spread(-0.41 * repeat.upper(), 0.61 * repeat.upper())
            self._empty()
            return
        if not self._model.is_smooth_at(low):
            low = self._begin(End.lower, shown, low, _approach(low, Approach.MINUS_INFINITY, Approach.FROM_RIGHT))
        if not self._model.is_smooth_at(high):
            high = self._begin(End.upper, shown, high, _approach(high, Approach.PLUS_INFINITY, Approach.FROM_LEFT))
        self._spread(low, high)
        self._empty()
        while self._tails:  # after the boxes: by then it is known which values have to be beaten
            self._tail(self._tails.pop())
            self._empty()

    def _begin(self, end_of: Callable[[Expr, Ball], End], shown: Expr, edge: Ball, approach: Approach) -> Ball:
        """Put by what lies beside an edge where there is no value; where the rest ends."""
        try:
            end = end_of(shown, edge)
        except Undecided:  # at an edge that cannot be written down nothing is known
            self.allow(_ANYTHING)
            return (edge + (_BESIDE if approach is Approach.FROM_RIGHT else -_BESIDE)).mid()
        self._tails.append(_Tail(end, End.first, approach))
        return end.place(arb(End.first))

    def _spread(self, low: Ball, high: Ball) -> None:
        self._waiting.extend((box, _ANYTHING) for box in Box.cover(low, high))

    def _empty(self) -> None:
        while self._waiting:
            box, values = self._waiting.popleft()
            try:
                self._box(box)
            except Undecided:
                self.allow(values)

    def allow(self, values: Ball) -> None:
        """Nothing more is known of some part than that its values are among `values`."""
        for extreme in (self.bottom, self.top):
            extreme.allow((extreme.sign * values).upper())

    def _give_up(self, values: Ball) -> None:
        """Leave it at what is known of all that waits."""
        self._given_up = True
        for waiting in (values, *(values for _, values in self._waiting)):
            self.allow(waiting)
        self._waiting.clear()

    def _hopeless(self, values: Ball) -> bool:
        return not any(extreme.beyond((extreme.sign * values).upper()) for extreme in (self.bottom, self.top))

    def _box(self, box: Box) -> None:
        around = self._model.derivatives(box.ball)
        if self._hopeless(around[0]):
            return
        enclosed = self._model.on(box.ball, around)
        if enclosed.middle.is_finite():
            self._offer_at(box.ball.mid(), enclosed.middle)
        if self._hopeless(enclosed.value):
            return
        if not enclosed.slope.contains(0) or (not enclosed.curvature.contains(0) and self._is_solved(box)):
            self._offer_edges(box)
        elif len(self._waiting) >= _CROWD:
            self._give_up(enclosed.value)
        elif enclosed.value.rad() < _NARROW * abs(enclosed.middle) + _TINY:
            self._offer_simple(arb(simplest(box.ball)))
            self.allow(enclosed.value)
        else:
            self._waiting.extend((half, enclosed.value) for half in box.halves())

    def _is_solved(self, box: Box) -> bool:
        """Whether the place where the slope is 0 is found, or there is none; the curvature has a sign in the box."""
        still = self._model.still(box.ball)
        if still is None:
            return True
        value = self._model.on(still).value if self._model.is_narrow(still) else arb.nan()
        if value.is_finite():
            self._offer_at(still, value, solved=True)
        return bool(value.is_finite())

    def _offer_edges(self, box: Box) -> None:
        for z in (box.low, box.high):
            self._offer_at(z, self._model.at(z))

    def _offer_simple(self, z: Ball) -> None:
        """A short number in a box too small to hold anything else: it is solved where the slope there is exactly 0."""
        value, slope, _ = self._model.derivatives(z)
        self._offer_at(z, value, solved=bool(slope.is_zero()))

    def _offer_at(self, z: Ball, value: Ball, solved: bool = False) -> None:
        approach = Approach.AT
        if z.overlaps(self._piece.low):
            approach, solved = Approach.FROM_RIGHT, True
        elif z.overlaps(self._piece.high):
            approach, solved = Approach.FROM_LEFT, True
        self.offer(value, Spot(approach, z, z), solved)

    def _tail(self, tail: _Tail) -> None:
        behaviour = tail.end.behaviour(tail.start)
        if behaviour is not None and self._settled(behaviour, tail.approach):
            return
        familiar = behaviour is not None and behaviour.limit is not None
        if self._given_up or tail.start > (End.farthest if familiar else _STRANGE):
            self.allow(_ANYTHING if behaviour is None else behaviour.low.union(behaviour.high))
            return
        further = tail.start * End.factor
        one, other = tail.end.place(arb(tail.start)), tail.end.place(arb(further))
        self._spread(arb.min(one, other), arb.max(one, other))
        self._tails.append(_Tail(tail.end, further, tail.approach))

    def _settled(self, behaviour: Behaviour, approach: Approach) -> bool:
        """Whether a tail holds nothing beyond its limit and what was met elsewhere."""
        limit = behaviour.limit
        if limit is not None:
            self.offer(limit, Spot(approach, self._piece.low, self._piece.high))
        bounds = {1: behaviour.high, -1: -behaviour.low}
        settled = [_is_settled(extreme, behaviour, bounds[extreme.sign]) for extreme in (self.bottom, self.top)]
        return all(settled)


def _is_settled(extreme: Extreme, behaviour: Behaviour, bound: Ball) -> bool:
    limit = behaviour.limit
    if limit is not None and (behaviour.side * extreme.sign < 0 or extreme.sign * limit == INFINITY):
        return True
    close = bound <= extreme.floor + _NARROW * (1 + abs(extreme.floor))
    if close and extreme.beyond(bound):
        extreme.allow(bound)
    return bool(close)


def _approach(edge: Ball, infinite: Approach, finite: Approach) -> Approach:
    return finite if edge.is_finite() else infinite
