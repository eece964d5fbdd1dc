"""Certified bounds of a formula, of its derivative and of the derivative's size, over ℝ or an interval."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from math import inf, isinf, nextafter

import numpy as np
from flint import arb, ctx

from service.enclosures import extreme as found
from service.enclosures.balls import INFINITY, PRECISION_BITS, Ball, simple
from service.enclosures.budget import FOR_EXTREMES, FOR_ZEROS, Budget
from service.enclosures.extreme import Extreme, Witness
from service.enclosures.extremes import extremes
from service.enclosures.monomials import Undecided
from service.enclosures.pieces import Piece
from service.enclosures.roots import zeros
from service.enclosures.smoothness import Smoothness, smoothness
from service.expressions.numpy_backend import Evaluation
from service.expressions.tree import Node
from service.facts import ActivationBounds, Bound, Place, Range
from service.nn.activations import Activation
from service.vocabulary import Approach

WIDTH = 1e-12
"""How narrow a certified enclosure is, of a value up to 1, or relative to it."""
_DIGITS = 30
_MOST_PLACES = 8
_SAME = 1e-9
_TAKEN = (Approach.AT, Approach.BETWEEN)
_BESIDE = (Approach.FROM_LEFT, Approach.FROM_RIGHT)


@lru_cache(maxsize=512)
def bounds(node: Node, low: float = -inf, high: float = inf) -> ActivationBounds:
    """The bounds of a formula of z without parameters; certified where the budget of the search sufficed."""
    with ctx.workprec(PRECISION_BITS):
        known = smoothness(node, low, high)
        values, slopes = (_extremes(known.pieces, order) for order in (0, 1))
        budget = Budget(FOR_ZEROS)
        sizes = [_size(piece, *pair, budget) for piece, pair in zip(known.pieces, slopes, strict=True)]
        return ActivationBounds(
            value=_Quantity(known, 0).range_of(values),
            derivative=_Quantity(known, 1).range_of(slopes),
            abs_derivative=_Quantity(known, 1).range_of(sizes),
        )


@lru_cache(maxsize=1024)
def largest_slope(activation: Activation) -> float:
    """The supremum of |φ'|, or what was proven of it; infinite where it is unbounded."""
    steepest = bounds(activation.closed).abs_derivative.sup
    known = steepest.high if steepest.certified else steepest.low
    return inf if known is None else known


def _extremes(pieces: tuple[Piece, ...], order: int) -> list[tuple[Extreme, Extreme]]:
    budget = Budget(FOR_EXTREMES)
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
        least.offer(abs(one.value), one.place)
    if bottom.floor > 0 and top.floor > 0:  # it changes its sign, so it is zero somewhere
        least.floor = arb(0)
        for flat in _flat(piece, bottom, top, budget):
            least.offer(arb(0), found.Place(Approach.AT, flat, flat))
    return least, highest


def _flat(piece: Piece, bottom: Extreme, top: Extreme, budget: Budget) -> list[Ball]:
    """Where a derivative that changes its sign is zero, between its extremes where those have a place."""
    ends = [one.place.low for extreme in (bottom, top) for one in extreme.best() if one.place.approach is Approach.AT]
    low, high = (min(ends, key=float), max(ends, key=float)) if len(ends) > 1 else (piece.low, piece.high)
    with suppress(Undecided):
        return zeros(piece.node, low, high, budget, order=1)
    return []


@dataclass(frozen=True)
class _Quantity:
    """φ or φ' of a formula whose pieces are known."""

    known: Smoothness
    order: int

    def range_of(self, pairs: list[tuple[Extreme, Extreme]]) -> Range:
        """What was found on the pieces, together."""
        inf, sup = (Extreme.over(sign, [pair[sign > 0] for pair in pairs]) for sign in (-1, 1))
        return Range(inf=self._bound(inf), sup=self._bound(sup))

    def _bound(self, extreme: Extreme) -> Bound:
        floor, ceiling = extreme.floor, extreme.ceiling if self.known.complete else INFINITY
        unbounded = bool(floor == INFINITY)
        narrow = floor.is_finite() and bool(ceiling - floor <= WIDTH * arb.max(arb(1), abs(floor)))
        certified = unbounded or narrow
        low, high = (floor, ceiling) if extreme.sign > 0 else (-ceiling, -floor)
        places = list(islice(self._places(extreme.best()), _MOST_PLACES))
        return Bound(
            low=_below(low),
            high=_above(high),
            decimal=_decimal(extreme) if certified and not unbounded else None,
            unbounded=unbounded,
            attained=any(place.approach in _TAKEN for place in places) if certified and places else None,
            places=places,
            certified=certified,
        )

    def _places(self, best: list[Witness]) -> Iterator[Place]:
        """Where the extreme is, each place once."""
        known: list[tuple[Approach, Ball]] = []
        for witness in best:
            place = witness.place
            approach = Approach.AT if self._is_taken(witness) else place.approach
            if not any(approach == one and place.low.overlaps(other) for one, other in known):
                known.append((approach, place.low))
                yield _shown(approach, place.low, place.high)

    def _is_taken(self, witness: Witness) -> bool:
        """Whether a limit at the end of a piece is a value of the formula there."""
        place = witness.place
        if place.approach not in _BESIDE or not witness.value.is_finite():
            return False
        at = place.high if place.approach is Approach.FROM_LEFT else place.low
        with np.errstate(all="ignore"):
            value = float(Evaluation("z", {}).values(self.known.node, np.array([simple(at)]))[0])
        if self.order == 0:
            return abs(value - float(witness.value)) <= _SAME * (1.0 + abs(value))
        joint = next((joint for joint in self.known.joints if joint.at.overlaps(at)), None)
        return bool(np.isfinite(value)) and (joint is None or joint.differentiable)


def _shown(approach: Approach, low: Ball, high: Ball) -> Place:
    if approach in (Approach.MINUS_INFINITY, Approach.PLUS_INFINITY):
        return Place(approach=approach, z=None, until=None)
    at = high if approach is Approach.FROM_LEFT else low
    until = simple(high) if approach is Approach.BETWEEN and high.is_finite() else None
    return Place(approach=approach, z=simple(at) if at.is_finite() else None, until=until)


def _below(bound: Ball) -> float | None:
    """The largest number of double precision that is not above `bound`; None where it is not finite."""
    number = float(bound)
    if not bound.is_finite() or isinf(number):
        return None
    return number if arb(number) <= bound else nextafter(number, -inf)


def _above(bound: Ball) -> float | None:
    mirrored = _below(-bound)
    return None if mirrored is None else 0.0 - mirrored


def _decimal(extreme: Extreme) -> str | None:
    """The digits of the extreme that are certain."""
    sharpest = min((one.value for one in extreme.best()), key=lambda value: float(value.rad()), default=None)
    if sharpest is None or (sharpest.contains(0) and not sharpest.is_zero()):
        return None
    text = str(sharpest.str(_DIGITS, radius=False))
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text
