"""Certified bounds of a formula, of its derivative and of the derivative's size, over ℝ or an interval."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from math import inf, isinf, nextafter
from sys import float_info

from flint import arb, ctx

from service.core.kinds import members
from service.formulas.enclosures.balls import INFINITY, PRECISION_BITS, Ball, Undecided, simplest
from service.formulas.enclosures.extremes import Approach, Extreme, Spot, Witness, extremes
from service.formulas.enclosures.intervals import Budget, TaylorModel, zeros
from service.formulas.enclosures.piecewise import Piece
from service.formulas.enclosures.smoothness import Smoothness, smoothness
from service.formulas.language.tree import Expr
from service.nn.activations import Activation
from service.theory.facts import ActivationBounds, Bound, Place, Range

SATURATED_BELOW = 0.01
"""A unit is saturated where |φ'| is below this share of its supremum."""
_WIDTH = 1e-12  # of a certified enclosure, of a value up to 1, or relative to it
_DIGITS = 30
_NOTHING = 10.0**-_DIGITS
_MOST_PLACES = 8
_TAKEN = (Approach.BETWEEN, Approach.AT)
_ORDER = [*_TAKEN, *(one for one in Approach if one not in _TAKEN)]
_BESIDE = (Approach.FROM_LEFT, Approach.FROM_RIGHT)


def bounds(node: Expr, low: float = -inf, high: float = inf) -> ActivationBounds:
    """The bounds of a formula of z without parameters; certified where the budget of the search sufficed."""
    return _bounds(node, low, high)


@lru_cache(maxsize=512)
def _bounds(node: Expr, low: float, high: float) -> ActivationBounds:
    with ctx.workprec(PRECISION_BITS):
        known = smoothness(node, low, high)
        values, slopes = (_extremes(known.pieces, order) for order in (0, 1))
        budget = Budget.for_zeros()
        sizes = [_size(piece, *pair, budget) for piece, pair in zip(known.pieces, slopes, strict=True)]
        return ActivationBounds(
            value=_Quantity(known, 0).range_of(values),
            derivative=_Quantity(known, 1).range_of(slopes),
            abs_derivative=_Quantity(known, 1).range_of(sizes),
        )


def prove_built_ins() -> None:
    """Find the bounds of every built-in activation, so that no request has to wait for them."""
    for kind in members(Activation):  # type: ignore[type-abstract]
        default = kind.default()
        if default is not None:
            bounds(default.closed)


@lru_cache(maxsize=1024)
def largest_slope(activation: Activation) -> float:
    """The supremum of |φ'|, or what was proven of it; infinite where it is unbounded."""
    steepest = bounds(activation.closed).abs_derivative.sup
    known = steepest.high if steepest.certified else steepest.low
    return inf if known is None else known


def _extremes(pieces: tuple[Piece, ...], order: int) -> list[tuple[Extreme, Extreme]]:
    budget = Budget.for_extremes()
    return [extremes(piece, order, budget) for piece in pieces]


def _size(piece: Piece, bottom: Extreme, top: Extreme, budget: Budget) -> tuple[Extreme, Extreme]:
    """Infimum and supremum of |φ'| on a piece from those of φ'."""
    highest = Extreme.over(1, [top, bottom.mirrored()])
    if bottom.ceiling <= 0:  # no slope is negative
        return bottom, highest
    if top.ceiling <= 0:
        return top.mirrored(), highest
    least = Extreme(-1)
    least.allow(arb(0))
    for one in (*bottom.best(), *top.best()):
        least.offer(abs(one.value), one.spot)
    if bottom.floor > 0 and top.floor > 0:  # it changes its sign, so it is zero somewhere
        least.floor = arb(0)
        for flat in _flat(piece, bottom, top, budget):
            least.offer(arb(0), Spot(Approach.AT, flat, flat))
    return least, highest


def _flat(piece: Piece, bottom: Extreme, top: Extreme, budget: Budget) -> list[Ball]:
    """Where a derivative that changes its sign is zero, between its extremes where those have a place."""
    ends = [one.spot.low for extreme in (bottom, top) for one in extreme.best() if one.spot.approach is Approach.AT]
    low, high = (min(ends, key=float), max(ends, key=float)) if len(ends) > 1 else (piece.low, piece.high)
    with suppress(Undecided):
        return zeros(piece.node, low, high, budget, order=1)
    at_zero = TaylorModel(piece.node, 1, Budget.for_zeros()).at(arb(0))
    return [arb(0)] if low < 0 < high and at_zero.is_zero() else []


@dataclass(frozen=True)
class _Quantity:
    """φ or φ' of a formula whose pieces are known."""

    known: Smoothness
    order: int

    def range_of(self, pairs: list[tuple[Extreme, Extreme]]) -> Range:
        """What was found on the pieces, together."""
        lowest, highest = (Extreme.over(sign, [pair[sign > 0] for pair in pairs]) for sign in (-1, 1))
        for extreme in (lowest, highest):
            if not self.known.complete:
                extreme.allow(INFINITY)
            if self.order == 0:
                self._add_points(extreme)
        return Range(inf=self._bound(lowest), sup=self._bound(highest))

    def _add_points(self, extreme: Extreme) -> None:
        """The values where pieces meet or end, which belong to none of them."""
        points = [(point.at, point.value) for point in self.known.breakpoints]
        for at, value in (*points, *self.known.ends):
            if value is None:
                extreme.allow(INFINITY)
            elif not value.is_nan():  # NaN: there is none
                extreme.offer(value, Spot(Approach.AT, at, at))

    def _bound(self, extreme: Extreme) -> Bound:
        floor, ceiling = extreme.floor, extreme.ceiling
        unbounded = bool(floor == INFINITY)
        narrow = floor.is_finite() and bool(ceiling - floor <= _WIDTH * arb.max(arb(1), abs(floor)))
        certified = unbounded or narrow
        low, high = (floor, ceiling) if extreme.sign > 0 else (-ceiling, -floor)
        places = list(islice(self._places(extreme.best()), _MOST_PLACES)) if certified else []
        return Bound(
            low=_below(low),
            high=_above(high),
            decimal=_decimal(low, high) if narrow else None,
            unbounded=unbounded,
            attained=any(place.approach in _TAKEN for place in places) if places else None,
            places=places,
            certified=certified,
        )

    def _places(self, best: list[Witness]) -> Iterator[Place]:
        """Where the extreme is, each place once; a point that it is taken at needs no word of its sides."""
        spots = [(self._approach(one), one.spot) for one in best]
        known: list[tuple[Approach, Ball]] = []
        for approach, spot in sorted(spots, key=lambda pair: _ORDER.index(pair[0])):
            at = spot.high if approach is Approach.FROM_LEFT else spot.low
            if not any(at.overlaps(other) and one in (approach, *_TAKEN) for one, other in known):
                known.append((approach, at))
                known += [(approach, spot.high)] if approach is Approach.BETWEEN else []
                yield _shown(approach, at, spot.high)

    def _approach(self, witness: Witness) -> Approach:
        """How the value belongs to its place: at the end of a piece a slope is taken if it is that of both sides."""
        spot = witness.spot
        if spot.approach not in _BESIDE or self.order == 0 or not witness.value.is_finite():
            return spot.approach
        at = spot.high if spot.approach is Approach.FROM_LEFT else spot.low
        point = next((point for point in self.known.breakpoints if point.at.overlaps(at)), None)
        return Approach.AT if point is None or point.differentiable else spot.approach


def _shown(approach: Approach, at: Ball, until: Ball) -> Place:
    if approach in (Approach.MINUS_INFINITY, Approach.PLUS_INFINITY):
        return Place(approach=approach, z=None, until=None)
    end = simplest(until) if approach is Approach.BETWEEN and until.is_finite() else None
    return Place(approach=approach, z=simplest(at) if at.is_finite() else None, until=end)


def _below(bound: Ball) -> float | None:
    """The largest number of double precision that is not above `bound`; None where there is none."""
    number = float(bound)
    if isinf(number) and bound.is_finite() and number > 0.0:
        return float_info.max
    if not bound.is_finite() or isinf(number):
        return None
    return number if arb(number) <= bound else nextafter(number, -inf)


def _above(bound: Ball) -> float | None:
    mirrored = _below(-bound)
    return None if mirrored is None else 0.0 - mirrored


def _decimal(low: Ball, high: Ball) -> str | None:
    """The digits that both ends of an enclosure have; None where they have not even a sign in common."""
    both = low if low == high else low.union(high)
    if both.contains(0):
        return "0" if both.abs_upper() < _NOTHING else None
    text = str(both.str(_DIGITS, radius=False))
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text
