"""What a smooth formula, or its derivative, does on an interval: value, slope and curvature enclosed, and every zero.

Zeros are found by interval Newton and bisection (Moore 1966); what is asked costs steps of a budget.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from flint import arb

from service.formulas.enclosures.asymptotics import End
from service.formulas.enclosures.balls import Ball, Undecided, rational, simplest
from service.formulas.enclosures.program import VARIABLE, BallProgram, slope_of
from service.formulas.language.build import replaced
from service.formulas.language.tree import ZERO, Expr, Number, Product, Sum, Symbol

_NEWTON_STEPS = 40
_NARROW = 1e-15
_FIRST_EDGE = 0.53  # no round number: what is worth finding lies on those, and a zero on an edge is found twice
_FACTOR = 4.0  # how much farther out every next edge is
_SMALLEST = 1e-18  # no smaller box is halved


@dataclass
class Budget:
    """How much work a question is worth: counted, so that the same question has the same answer on every machine."""

    left: int

    @classmethod
    def for_zeros(cls) -> "Budget":
        """Additions of series, 1 to 3 µs each, in whose time the pieces of a formula or its zeros are found."""
        return cls(8_000)

    @classmethod
    def for_extremes(cls) -> "Budget":
        """Those in whose time the extremes of a formula, or of its derivative, are found on all its pieces."""
        return cls(30_000)

    def spend(self, cost: int) -> None:
        """Take `cost`; Undecided where it is not there."""
        self.left -= cost
        if self.left < 0:
            raise Undecided


@dataclass(frozen=True)
class Box:
    """low ≤ z ≤ high."""

    low: Ball
    high: Ball

    @staticmethod
    def cover(low: Ball, high: Ball) -> list["Box"]:
        """A finite interval in parts that grow with their distance from 0."""
        edges = [low, high, *_edges(low, high)]
        edges.sort(key=float)
        return [Box(one, other) for one, other in pairwise(edges) if one < other]

    @property
    def ball(self) -> Ball:
        """The whole interval as one ball."""
        return self.low.union(self.high)

    def halves(self) -> tuple["Box", "Box"]:
        """Two parts, a little unequal so that no round number is an edge."""
        middle = (self.low + (self.high - self.low) * 0.4871).mid()
        return Box(self.low, middle), Box(middle, self.high)


def _edges(low: Ball, high: Ball) -> Iterator[Ball]:
    edge = _FIRST_EDGE
    while edge < abs(low) or edge < abs(high):
        yield from (arb(side * edge) for side in (-1.0, 1.0) if low < side * edge and high > side * edge)
        edge *= _FACTOR


@dataclass(frozen=True)
class _Enclosure:
    """Of a quantity on a box; `middle` is its value at the box's midpoint."""

    value: Ball
    slope: Ball
    curvature: Ball
    middle: Ball


class TaylorModel:
    """φ where `order` is 0, φ' where it is 1, of a smooth formula; asking costs steps of `budget`."""

    def __init__(self, node: Expr, order: int, budget: Budget) -> None:
        self._node = node
        self._program = BallProgram([node], series=True)
        self._order = order
        self._budget = budget

    def on(self, box: Ball, around: list[Ball] | None = None) -> _Enclosure:
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
        return _Enclosure(value, slope, around[2], at[0])

    def at(self, z: Ball) -> Ball:
        """The value at a point."""
        return self.derivatives(z)[0]

    def has_one_sign(self, box: Ball) -> bool:
        """Whether no value of φ is seen to be positive, or none negative; a series would round the 0 away."""
        value = BallProgram([self._node]).run(box)[0]
        return not self._order and bool(value >= 0 or value <= 0)

    def is_known_at(self, z: Ball) -> bool:
        """Whether the value is finite at a point."""
        return z.is_finite() and self.at(z).is_finite()

    def is_smooth_at(self, z: Ball) -> bool:
        """Whether value, slope and curvature are finite at a point."""
        return z.is_finite() and all(one.is_finite() for one in self.derivatives(z))

    def still(self, box: Ball) -> Ball | None:
        """Where the slope is zero in a box on which the curvature has a sign; None where it is nowhere so."""
        return _newton(lambda z: (self.derivatives(z.mid())[1], self.derivatives(z)[2]), box)

    def zero(self, box: Ball) -> Ball | None:
        """Where the value is zero in a box on which the slope has a sign; None where it is nowhere so."""
        return _newton(lambda z: (self.at(z.mid()), self.on(z).slope), box)

    @staticmethod
    def is_narrow(ball: Ball) -> bool:
        """Whether a zero is known to fifteen digits; else the box that it was looked for in has to be halved."""
        return bool(ball.rad() < _NARROW * (1 + abs(ball)))

    def derivatives(self, z: Ball) -> list[Ball]:
        """The quantity and its first two derivatives; Undecided where the budget has ended."""
        self._budget.spend(self._program.cost)
        (series,) = self._program.expand(z)
        if self._order:
            return [series[1], 2 * series[2], 6 * series[3]]
        return [series[0], series[1], 2 * series[2]]


def _newton(look: Callable[[Ball], tuple[Ball, Ball]], box: Ball) -> Ball | None:
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


def _square(step: Ball) -> Ball:
    return arb(0).union(step.abs_upper() * step.abs_upper())


def _common(one: Ball, other: Ball) -> Ball:
    """What both say; the first where the other says nothing."""
    if not other.is_finite():
        return one
    return one.intersection(other) if one.is_finite() else other


def zeros(node: Expr, low: Ball, high: Ball, budget: Budget, order: int = 0) -> list[Ball]:
    """Balls that hold all zeros of a formula, or of its derivative, in an open interval; rising.

    Undecided where they are not all found. What is zero everywhere has none.
    """
    shown = slope_of(node, order)
    if not shown.depends_on(VARIABLE):
        return []
    exact = _of_line(shown)
    if exact is not None:
        return [exact] if low < exact < high else []
    model, found = TaylorModel(node, order, budget), list[Ball]()
    left = low if model.is_known_at(low) else End.lower(shown, low).settled()
    right = high if model.is_known_at(high) else End.upper(shown, high).settled()
    waiting = Box.cover(left, right)
    while waiting:
        zeros_of_box, parts = _look(model, waiting.pop())
        found += zeros_of_box
        waiting += parts
    inside = [zero for zero in _joined(found) if not (zero.overlaps(low) or zero.overlaps(high))]
    return [_snapped(shown, zero) for zero in inside]


def outermost_zero(node: Expr, low: Ball, high: Ball, budget: Budget, side: int) -> Ball | None:
    """The largest zero on a finite interval where `side` is 1, the smallest where it is −1; None without any."""
    model, waiting = TaylorModel(node, 0, budget), Box.cover(low, high)[::side]
    while waiting:
        found, parts = _look(model, waiting.pop())
        if found:
            return found[0]
        waiting += parts[::side]
    return None


def _look(model: TaylorModel, box: Box) -> tuple[list[Ball], list[Box]]:
    """The zeros of a box that is solved, or its halves; neither of one without a zero."""
    enclosed = model.on(box.ball)
    if not enclosed.value.contains(0):
        return [], []
    if not enclosed.slope.contains(0):
        zero = model.zero(box.ball)
        if zero is None or model.is_narrow(zero):
            return ([] if zero is None else [zero]), []
    if box.ball.rad() >= _SMALLEST:
        return [], list(box.halves())
    if model.has_one_sign(box.ball):  # it touches 0, and nothing else happens in so small a box
        return [box.ball], []
    raise Undecided


def _snapped(node: Expr, zero: Ball) -> Ball:
    """A zero exactly, where it is a short decimal."""
    candidate = Number(Fraction(repr(simplest(zero))))
    exact = replaced(node, Symbol(VARIABLE), candidate) == ZERO
    return rational(candidate.value) if exact else zero


def _of_line(node: Expr) -> Ball | None:
    """The zero of a·z + b with rational a and b."""
    slope, level = Fraction(0), Fraction(0)
    for term in node.terms if isinstance(node, Sum) else (node,):
        match term:
            case Number(value):
                level += value
            case Symbol():
                slope += 1
            case Product((Number(value), Symbol())):
                slope += value
            case _:
                return None
    return rational(-level / slope) if slope else None


def _joined(found: list[Ball]) -> list[Ball]:
    """Balls that touch made one."""
    joined: list[Ball] = []
    for ball in sorted(found, key=float):
        if joined and joined[-1].overlaps(ball):
            joined[-1] = joined[-1].union(ball)
        else:
            joined.append(ball)
    return joined
