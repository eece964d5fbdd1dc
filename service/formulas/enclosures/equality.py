"""Whether two formulas have the same values: a point where they certainly differ, a proof, or agreement as far as seen.

Balls at high precision find a difference where there is one that can be seen, in every smooth piece of either formula;
where they find none, `identity` proves that there is none, if it can.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction
from functools import partial
from hashlib import sha256
from itertools import chain, islice, repeat
from math import inf, isfinite

from flint import arb, ctx

from service.formulas.enclosures.balls import Ball, Undecided, rational
from service.formulas.enclosures.identity import identical
from service.formulas.enclosures.piecewise import Piece, pieces, switches, value_at
from service.formulas.enclosures.program import VARIABLE, BallProgram
from service.formulas.language.build import simplified
from service.formulas.language.tree import MINUS_ONE, Call, Expr, Number, Power, Product, Sum, Where
from service.formulas.language.write import plain

COMPARISON_BITS = 192
_SHARPER_BITS = 1200
"""Enough to see the smallest number that a formula may have, 1e-300, beside 1."""
_SHARPEST_BITS = 80_000
"""Enough to see its highest power, for formulas that are known to differ."""
_SHARES = (Fraction(1, 2), Fraction(11, 100), Fraction(89, 100), Fraction(27, 100))
_STEPS = (Fraction(3, 10), Fraction(11, 10), Fraction(27, 10), Fraction(1, 20), Fraction(63, 10), Fraction(17))
_BLUR = arb("1e-40")
_ENOUGH_PLACES = 4
_LARGEST_DENOMINATOR = 60
_ENTIRE = ("exp", "sin", "cos", "sinh", "cosh", "tanh", "sech", "atan", "asinh", "erf", "sigmoid", "softplus")
_UNFORESEEN = 5
"""Places that follow from both formulas, so that no formula can be written to agree there alone."""


_Both = Callable[[Ball], list[Ball]]
_Place = Fraction | Ball
"""A point: a rational number, of which a ball is made in whatever precision it is looked at, or one of 64 bits."""
_CLOSE = [Fraction(3, 10**power) for power in range(1, 13)]
_CLEAR = 1e-3
_ALONG: list[_Place] = [
    sign * step
    for step in (*_CLOSE, *(Fraction(2 * k + 1, 6) for k in range(72)), *(Fraction(30 * 4**k) for k in range(15)))
    for sign in (1, -1)
]


class Certainty(Enum):
    """How sure an answer is."""

    PROVEN = "proven"
    SEEN = "seen"
    DOUBTED = "doubted"
    """No difference was seen, but too little was: they may differ between the samples, or by too little to be seen."""


@dataclass(frozen=True)
class Difference:
    """A point at which two formulas have other values, or one of them has none."""

    z: float
    one: float | None
    """The value there; None where there is none, or none that a number of 64 bits holds."""
    other: float | None
    distance: float | None
    """How far, for it may be less than numbers of 64 bits show; None where that is no such number either."""
    other_undefined: bool = False
    """Whether the other formula has no value there."""


@dataclass(frozen=True)
class IntervalComparison:
    """What was found on one interval."""

    low: float
    high: float
    difference: Difference | None
    certainty: Certainty


def compare(one: Expr, other: Expr, low: float = -inf, high: float = inf) -> list[IntervalComparison]:
    """Both formulas of z without parameters compared on every smooth piece between `low` and `high`, rising."""
    one, other = _settled(one), _settled(other)
    found = _on_pieces(one, other, low, high)
    if all(part.difference is None for part in found) and _unordered(simplified(one)) == _unordered(simplified(other)):
        return [replace(part, certainty=Certainty.PROVEN) for part in found]
    return found


def _on_pieces(one: Expr, other: Expr, low: float, high: float) -> list[IntervalComparison]:
    """What is found piece by piece; on all of the interval at once where the pieces are not known."""
    with ctx.workprec(COMPARISON_BITS):
        try:
            parts = pieces(Sum((one, Product((MINUS_ONE, other)))), arb(low), arb(high))
        except Undecided:
            return [_looked_at(one, other, low, high)]
        gaps = _gaps(one, other, parts, (low, high))
        return sorted([*gaps, *map(_compared, parts)], key=lambda found: found.low)


def _unordered(node: Expr) -> Hashable:
    """A key that is the same for formulas that differ by the order of terms, factors, arguments of min or max alone."""
    parts = tuple(map(_unordered, node.children))
    match node:
        case Sum() | Product() | Call("min" | "max"):
            return type(node), getattr(node, "function", None), frozenset(Counter(parts).items())
        case Power():
            return type(node), parts
        case Call(function):
            return function, parts
        case Where(condition):
            return condition.operator, parts
    return node


def _settled(node: Expr) -> Expr:
    """`node` with a number for every exponent that is proven to be that number, as ln(e^2) is."""
    node = node.with_children(tuple(map(_settled, node.children)))
    match node:
        case Power(base, exponent) if not isinstance(exponent, Number) and _is_entire(exponent):
            number = _number_that_is(exponent)
            return node if number is None else Power(base, number)
    return node


def _number_that_is(node: Expr) -> Number | None:
    """The rational number that a formula is, where a ball shows which one it may be and `identical` proves it."""
    with suppress(Undecided), ctx.workprec(COMPARISON_BITS):
        seen = value_at(node, rational(_STEPS[0]))
        number = Number(Fraction(float(seen) if seen.is_finite() else 0).limit_denominator(_LARGEST_DENOMINATOR))
        return number if seen.contains(rational(number.value)) and identical(node, number) else None
    return None


def _is_entire(node: Expr) -> bool:
    """Whether a formula has a value for every z, by the functions that it is made of; a constant has one or none."""
    match node:
        case Power(_, Number(value)) if value.denominator == 1 and value >= 0:
            pass
        case Power() | Where():
            return not node.depends_on(VARIABLE)
        case Call(function) if function not in _ENTIRE:
            return not node.depends_on(VARIABLE)
    return all(map(_is_entire, node.children))


def _compared(piece: Piece) -> IntervalComparison:
    """Both sides of a piece of their difference, in which no switch is left."""
    low, high = float(piece.low), float(piece.high)
    mine, theirs = _sides(piece.node)
    program = BallProgram([mine, theirs])
    seen = _looked(program.run, _places((mine, theirs), piece.low, piece.high))
    same = identical(mine, theirs) if seen.difference is None else False
    if seen.certainty is Certainty.SEEN and same is None:
        seen = _looked(program.run, _further_places(piece.low, piece.high), COMPARISON_BITS)
    if seen.difference is not None:
        return IntervalComparison(
            low, high, _clearest(seen.difference, program.run, piece.low, piece.high), Certainty.PROVEN
        )
    if same is False:
        closest = _looked(program.run, islice(_places((mine, theirs), piece.low, piece.high), 1), _SHARPEST_BITS)
        return IntervalComparison(
            low, high, closest.difference, Certainty.PROVEN if closest.difference else Certainty.DOUBTED
        )
    return IntervalComparison(low, high, None, Certainty.PROVEN if same else seen.certainty)


def _clearest(known: Difference, both: _Both, low: Ball, high: Ball) -> Difference:
    """A difference that can be seen in a few digits, where one is found; the one that is known elsewhere."""
    if known.distance is None or known.other is None or known.distance > _CLEAR * max(abs(known.other), _CLEAR):
        return known
    found = (_seen_at(both, place, COMPARISON_BITS)[0] for place in _further_places(low, high))
    clear = (one for one in found if one and one.distance and one.other is not None)
    return next((one for one in clear if (one.distance or 0.0) > _CLEAR * max(1.0, abs(one.other or 0.0))), known)


def _sides(difference: Expr) -> tuple[Expr, Expr]:
    match difference:
        case Sum((one, Product((_, other)))):
            return one, other
    raise TypeError(f"{difference!r} is no difference")


def _looked_at(one: Expr, other: Expr, low: float, high: float) -> IntervalComparison:
    """Where the pieces are not known: at points alone."""
    both = partial(_values, one, other)
    seen = _looked(both, _places((one, other), arb(low), arb(high)))
    if seen.difference is None:
        farther = islice(_further_places(arb(low), arb(high)), None, None, 3)  # of what takes long to evaluate
        seen = _looked(both, farther, COMPARISON_BITS)
    if seen.difference is not None:
        return IntervalComparison(low, high, _clearest(seen.difference, both, arb(low), arb(high)), Certainty.PROVEN)
    switched = any(True for formula in (one, other) for _ in switches(formula))  # it may switch between the samples
    return IntervalComparison(low, high, None, Certainty.DOUBTED if switched else seen.certainty)


def _gaps(one: Expr, other: Expr, parts: list[Piece], window: tuple[float, float]) -> Iterator[IntervalComparison]:
    """Intervals without a piece, on which one formula has values and the other has none."""
    edges = [arb(window[0]), *(edge for piece in parts for edge in (piece.low, piece.high)), arb(window[1])]
    disjoint = [pair for pair in zip(edges[::2], edges[1::2], strict=True) if not pair[0].overlaps(pair[1])]
    for left, right in disjoint:
        seen = _looked(partial(_values, one, other), _places((one, other), left, right))
        if seen.difference is not None:
            yield IntervalComparison(float(left), float(right), seen.difference, Certainty.PROVEN)


def _values(one: Expr, other: Expr, place: Ball) -> list[Ball]:
    return [value_at(one, place), value_at(other, place)]


def _places(formulas: tuple[Expr, Expr], low: Ball, high: Ball) -> Iterator[_Place]:
    """Points between, the first of them numbers that are written in a few digits where there is room for them."""
    written = "\0".join([*map(plain, formulas), str(low)])
    chance = sha256(written.encode("utf-8", "backslashreplace")).digest()
    unforeseen = [int.from_bytes(chance[4 * k : 4 * k + 4]) / 2**32 for k in range(_UNFORESEEN)]
    if low.is_finite() and high.is_finite():
        yield from (_short(low + (high - low) * rational(share), low, high) for share in _SHARES)
        yield from ((low + (high - low) * share).mid() for share in unforeseen)
    elif low.is_finite() or high.is_finite():
        start, sign = (low, 1) if low.is_finite() else (high, -1)
        yield from (_short(start + sign * rational(step), low, high) for step in _STEPS)
        yield from ((start + sign * 4 * share).mid() for share in unforeseen)
    else:
        yield from (sign * step for step in _STEPS for sign in (1, -1))
        yield from (arb(8 * share - 4) for share in unforeseen)


def _further_places(low: Ball, high: Ball) -> Iterator[_Place]:
    """Many more points between: near the ends and near zero, far away, and all along where formulas bend."""
    ends = [(end, sign) for end, sign in ((low, 1), (high, -1)) if end.is_finite()]
    beside = ((end + sign * rational(step)).mid() for end, sign in ends for step in _CLOSE)
    for place in chain(_ALONG, beside):
        at = rational(place) if isinstance(place, Fraction) else place
        if low < at < high:
            yield place


def _short(place: Ball, low: Ball, high: Ball) -> _Place:
    rounded = Fraction(f"{float(place):.2f}")
    return rounded if low < rational(rounded) < high else place.mid()


@dataclass(frozen=True)
class _Seen:
    """The first difference, and at how many places both values are known to be alike, digit by digit."""

    difference: Difference | None
    alike: int

    @property
    def certainty(self) -> Certainty:
        return Certainty.SEEN if self.alike >= _ENOUGH_PLACES else Certainty.DOUBTED


def _looked(both: _Both, places: Iterable[_Place], bits: int = _SHARPER_BITS) -> _Seen:
    """What is seen at `places`, the very first of which is looked at most closely, with so many `bits`."""
    alike = 0
    for place, precision in zip(places, chain([bits], repeat(COMPARISON_BITS)), strict=False):
        difference, resolved = _seen_at(both, place, precision)
        if difference is not None:
            return _Seen(difference, alike)
        alike += resolved
    return _Seen(None, alike)


def _seen_at(both: _Both, place: _Place, bits: int) -> tuple[Difference | None, bool]:
    """A difference, or whether both values are known well enough to be called alike."""
    with suppress(Undecided), ctx.workprec(bits):
        at = rational(place) if isinstance(place, Fraction) else place
        here, there = (value if value.is_finite() else arb.nan() for value in both(at))
        if here.is_nan() != there.is_nan() or (not here.is_nan() and not here.overlaps(there)):
            distance = _number(abs(here - there))
            return Difference(float(at), _number(here), _number(there), distance, bool(there.is_nan())), False
        return None, bool((here - there).rad() <= _BLUR * arb.max(arb(1), abs(there)))
    return None, False


def _number(value: Ball) -> float | None:
    number = float(value.mid())
    return number if isfinite(number) else None
