"""What a smooth formula, or its derivative, does on a small interval: value, slope and curvature enclosed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from flint import arb, arb_series

from service.formulas.enclosures.balls import Ball, hull
from service.formulas.enclosures.budget import Budget
from service.formulas.enclosures.program import ORDER, Program
from service.formulas.language.tree import Expr

_NEWTON_STEPS = 40
_NARROW = 1e-15
_FIRST_EDGE = 0.53  # no round number: what is worth finding lies on those, and a zero on an edge is found twice
_FACTOR = 4.0


@dataclass(frozen=True)
class Box:
    """low ≤ z ≤ high."""

    low: Ball
    high: Ball

    @property
    def ball(self) -> Ball:
        """The whole interval."""
        return hull(self.low, self.high)

    def halves(self) -> tuple["Box", "Box"]:
        """Two parts, a little unequal so that no round number is an edge."""
        middle = (self.low + (self.high - self.low) * 0.4871).mid()
        return Box(self.low, middle), Box(middle, self.high)


def boxes(low: Ball, high: Ball) -> list[Box]:
    """A finite interval in parts that grow with their distance from 0."""
    edges = [low, high, *_edges(low, high)]
    edges.sort(key=float)
    return [Box(one, other) for one, other in pairwise(edges) if one < other]


def _edges(low: Ball, high: Ball) -> Iterator[Ball]:
    edge = _FIRST_EDGE
    while edge < abs(low) or edge < abs(high):
        yield from (arb(side * edge) for side in (-1.0, 1.0) if low < side * edge and high > side * edge)
        edge *= _FACTOR


@dataclass(frozen=True)
class Enclosure:
    """Of a quantity on a box; `middle` is its value at the box's midpoint."""

    value: Ball
    slope: Ball
    curvature: Ball
    middle: Ball


class Quantity:
    """φ where `order` is 0, φ' where it is 1, of a smooth formula; asking costs steps of `budget`."""

    def __init__(self, node: Expr, order: int, budget: Budget) -> None:
        self._node = node
        self._program = Program([node], series=True)
        self._order = order
        self._budget = budget

    def on(self, box: Ball, around: list[Ball] | None = None) -> Enclosure:
        """The values on a box, by themselves and by Taylor's formula at its midpoint, whichever is narrower.

        `around` are the derivatives on the box where they are known already.
        """
        around = around or self.derivatives(box)
        at = self.derivatives(box.mid())
        step = box - box.mid()
        value = around[0]
        for other in (at[0] + around[1] * step, at[0] + at[1] * step + around[2] / 2 * _square(step)):
            value = _common(value, other)
        slope = _common(around[1], at[1] + around[2] * step)
        return Enclosure(value, slope, around[2], at[0])

    def at(self, z: Ball) -> Ball:
        """The value at a point."""
        return self.derivatives(z)[0]

    def has_one_sign(self, box: Ball) -> bool:
        """Whether no value of φ is seen to be positive, or none negative; a series would round the 0 away."""
        value = Program([self._node]).run(box)[0]
        return not self._order and bool(value >= 0 or value <= 0)

    def is_known_at(self, z: Ball) -> bool:
        """Whether the value is finite at a point."""
        return z.is_finite() and self.at(z).is_finite()

    def is_smooth_at(self, z: Ball) -> bool:
        """Whether value, slope and curvature are finite at a point."""
        return z.is_finite() and all(one.is_finite() for one in self.derivatives(z))

    def still(self, box: Ball) -> Ball | None:
        """Where the slope is zero in a box on which the curvature has a sign; None where it is nowhere so."""
        return newton(lambda z: (self.derivatives(z.mid())[1], self.derivatives(z)[2]), box)

    def zero(self, box: Ball) -> Ball | None:
        """Where the value is zero in a box on which the slope has a sign; None where it is nowhere so."""
        return newton(lambda z: (self.at(z.mid()), self.on(z).slope), box)

    def derivatives(self, z: Ball) -> list[Ball]:
        """The quantity and its first two derivatives; Undecided where the budget has ended."""
        self._budget.spend(self._program.cost)
        series = self._program.run(arb_series([z, 1], ORDER))[0]
        if self._order:
            return [series[1], 2 * series[2], 6 * series[3]]
        return [series[0], series[1], 2 * series[2]]


def newton(look: Callable[[Ball], tuple[Ball, Ball]], box: Ball) -> Ball | None:
    """The zero in a box, narrowed as far as it goes; `look` tells a value at the midpoint, and the slope, not zero."""
    for _ in range(_NEWTON_STEPS):
        at, slope = look(box)
        if slope.contains(0):  # on a part of a box a ball may see less than on the whole
            return box
        step = box.mid() - at / slope
        if not step.overlaps(box):
            return None
        narrower = step.intersection(box)
        if not narrower.rad() < 0.9 * box.rad():
            return narrower
        box = narrower
    return box


def is_narrow(ball: Ball) -> bool:
    """Whether a zero is known to fifteen digits; else the box that it was looked for in has to be halved."""
    return bool(ball.rad() < _NARROW * (1 + abs(ball)))


def _square(step: Ball) -> Ball:
    return hull(arb(0), step.abs_upper() * step.abs_upper())


def _common(one: Ball, other: Ball) -> Ball:
    """What both say; the first where the other says nothing."""
    if not other.is_finite():
        return one
    return one.intersection(other) if one.is_finite() else other
