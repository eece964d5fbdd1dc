"""A formula → the intervals on which it is smooth, and the formula without switches that it is on each.

What switches are: abs, sign, relu, min, max and where. What ends smoothness, too: poles, and the ends of the domain of
ln, sqrt, acosh and powers that are not whole. Of a formula that repeats there is a period.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, reduce
from itertools import pairwise
from math import gcd, lcm

from flint import arb

from service.formulas.enclosures.balls import INFINITY, Ball, Undecided, sign
from service.formulas.enclosures.intervals import Budget, zeros
from service.formulas.enclosures.program import VARIABLE, BallProgram, constant, slope_of
from service.formulas.enclosures.rewriting import BY_OTHERS
from service.formulas.language.build import negative, power, quotient, times, total
from service.formulas.language.tree import (
    MINUS_ONE,
    ONE,
    TWO,
    ZERO,
    Call,
    Expr,
    Number,
    Power,
    Product,
    Relation,
    Where,
    call,
)

_MOST_PIECES = 64
_ZERO = 1e-20
_BESIDE = 0.9137  # from the end of a half-line: no whole number, at which a power may have a value of its own


def switches(node: Expr) -> Iterator[Expr]:
    """All switches in a formula, the inner ones before those around them."""
    for child in node.children:
        yield from switches(child)
    if isinstance(node, Where) or (isinstance(node, Call) and node.function in _BRANCHES):
        yield node


@lru_cache(maxsize=1024)
def _innermost(node: Expr) -> Expr | None:
    """The first of the switches in a formula; None where it has none."""
    return next(switches(node), None)


def _condition(switch: Expr) -> Expr:
    """What a switch looks at the sign of."""
    match switch:
        case Where(Relation(left, _, right), _, _):
            return total(left, negative(right))
        case Call(_, (first, second)):
            return total(first, negative(second))
        case Call(_, (argument,)):
            return argument
    raise TypeError(f"{switch!r} is no switch")


_BRANCHES: dict[str, Callable[..., Expr]] = {
    "abs": lambda side, u: times(Number(Fraction(side)), u),
    "sign": lambda side, u: Number(Fraction(side)),
    "relu": lambda side, u: u if side > 0 else ZERO,
    "max": lambda side, one, other: one if side >= 0 else other,
    "min": lambda side, one, other: one if side <= 0 else other,
}
_NOWHERE = call("ln", MINUS_ONE)
_HOLDS = {
    "<": lambda side: side < 0,
    "<=": lambda side: side <= 0,
    ">": lambda side: side > 0,
    ">=": lambda side: side >= 0,
}


def _branch(switch: Expr, side: int | None) -> Expr:
    """What a switch is where its argument has the sign `side`; None where the argument has no value.

    A comparison with what has no value does not hold, as in floating point; no other switch has a value there.
    """
    match switch:
        case Where(Relation(_, operator, _), then, otherwise):
            return then if side is not None and _HOLDS[operator](side) else otherwise
        case Call(function, arguments):
            return _NOWHERE if side is None else _BRANCHES[function](side, *arguments)
    raise TypeError(f"{switch!r} is no switch")


def _singular(node: Expr) -> Iterator[Expr]:
    """What must not be zero for a smooth formula to be smooth."""
    for child in node.children:
        yield from _singular(child)
    match node:
        case Power(base, exponent) if not _is_whole(exponent):
            yield from _with_its_zeros(base)
        case Call("ln" | "log10" | "sqrt" | "csch" | "coth", (argument,)):
            yield argument
        case Call("tan", (argument,)):
            yield call("cos", argument)
        case Call("asin", (argument,)):
            yield total(ONE, negative(power(argument, TWO)))
        case Call("acosh", (argument,)):
            yield total(argument, MINUS_ONE)
        case Call(function, (argument,)) if function in BY_OTHERS:
            yield from _singular(BY_OTHERS[function](argument))


def _with_its_zeros(node: Expr) -> Iterator[Expr]:
    """What is zero where `node` is: the factors of a product, and what stands under a root."""
    match node:
        case Product(factors):
            for factor in factors:
                yield from _with_its_zeros(factor)
        case Call("sqrt", (argument,)):
            yield from _with_its_zeros(argument)
        case Power(base, Number(value)) if value > 0:
            yield from _with_its_zeros(base)
        case _:
            yield node


def _is_whole(exponent: Expr) -> bool:
    return isinstance(exponent, Number) and exponent.value.denominator == 1 and exponent.value > 0


@dataclass(frozen=True)
class Piece:
    """low < z < high, either of which may be infinite, and the smooth formula there."""

    low: Ball
    high: Ball
    node: Expr


def pieces(node: Expr, low: Ball = -INFINITY, high: Ball = INFINITY) -> list[Piece]:
    """The pieces of `node` on an interval, rising, where it is defined; Undecided where not all are found.

    Formulas are kept as they were written until the domain is known: z/z has no value at 0.
    """
    budget = Budget.for_zeros()
    return _domains(_smooth([Piece(low, high, node)], budget), budget)


def _smooth(waiting: list[Piece], budget: Budget) -> list[Piece]:
    """Pieces without switches, each of which is decided on a piece of its own, the innermost ones first."""
    done: list[Piece] = []
    while waiting:
        piece = waiting.pop(0)
        switch = _innermost(piece.node)
        if switch is None:
            done.append(piece)
            continue
        parts = _sides(_condition(switch), piece, budget)
        waiting = [
            Piece(low, high, piece.node.substituted(switch, _branch(switch, side))) for low, high, side in parts
        ] + waiting
        if len(waiting) + len(done) > _MOST_PIECES:
            raise Undecided
    return done


def _domains(waiting: list[Piece], budget: Budget) -> list[Piece]:
    """Pieces cut at their singular points, without those where the formula has no value."""
    cut = [piece for whole in waiting for piece in _cut(whole, budget)]
    return [piece for piece in cut if not BallProgram([piece.node]).run(_interior(piece.low, piece.high))[0].is_nan()]


def _cut(piece: Piece, budget: Budget) -> list[Piece]:
    """A piece between its singular points, the inner parts' first: beyond them the outer ones have values."""
    parts = [piece]
    for argument in dict.fromkeys(_singular(piece.node)):
        between = [_between(part, zeros(argument, part.low, part.high, budget)) for part in parts]
        parts = [Piece(low, high, piece.node) for edges in between for low, high in edges]
    return parts


def _between(piece: Piece, cuts: list[Ball]) -> list[tuple[Ball, Ball]]:
    edges = [piece.low]
    for cut in sorted(cuts, key=float):
        if not cut.overlaps(edges[-1]):
            edges.append(cut)
    return list(pairwise([*edges, piece.high]))


def _sides(argument: Expr, piece: Piece, budget: Budget) -> Iterator[tuple[Ball, Ball, int | None]]:
    """The parts of a piece on which `argument` has one sign, and that sign; None where it has no value."""
    if not argument.depends_on(VARIABLE):
        yield piece.low, piece.high, _sign_of_constant(argument)
        return
    for part in _cut(Piece(piece.low, piece.high, argument), budget):
        if BallProgram([argument]).run(_interior(part.low, part.high))[0].is_nan():
            yield part.low, part.high, None
            continue
        for low, high in _between(part, zeros(argument, part.low, part.high, budget)):
            yield low, high, sign(BallProgram([argument]).run(_interior(low, high))[0])


def _sign_of_constant(argument: Expr) -> int | None:
    value = constant(argument)
    if value.is_nan():
        return None
    return 0 if value.is_zero() else sign(value)


def _interior(low: Ball, high: Ball) -> Ball:
    """A point between `low` and `high`, either of which may be infinite."""
    if low.is_finite() and high.is_finite():
        return (low + (high - low) * 0.3819).mid()
    if low.is_finite():
        return (low + _BESIDE).mid()
    return (high - _BESIDE).mid() if high.is_finite() else arb(0.1234)


def value_at(node: Expr, z: Ball) -> Ball:
    """The value at `z`, NaN where there is none; Undecided where a switch cannot be told from its turning point.

    What is smaller than 1e-20 at a ball around the turning point of a switch is the zero there.
    """
    while (switch := _innermost(node)) is not None:
        node = node.substituted(switch, _branch(switch, _sign_at(_condition(switch), z)))
    value = BallProgram([node]).run(z)[0]
    return value if value.is_finite() else arb.nan()


def _sign_at(argument: Expr, z: Ball) -> int | None:
    if argument == ZERO:
        return 0
    value = BallProgram([argument]).run(z)[0]
    if value.is_nan():
        return None
    if value > 0 or value < 0:
        return 1 if value > 0 else -1
    if abs(value).upper() < arb(_ZERO):
        return 0
    raise Undecided


def period(node: Expr) -> Ball | None:
    """A period of `node`; None where it is not seen to have one."""
    seen = list(_rates(node))
    rates = [rate for rate in seen if rate is not None]
    if not rates or len(rates) < len(seen):
        return None
    shares = [quotient(rate, rates[0]) for rate in rates]
    known = [share.value for share in shares if isinstance(share, Number)]
    if len(known) < len(shares):
        return None
    rate = constant(rates[0])
    return None if rate.contains(0) else 2 * arb.pi() / abs(rate) / _common(known)


def _rates(node: Expr) -> Iterator[Expr | None]:
    """The slopes of the lines inside waves; None for a z that stands elsewhere."""
    if not node.depends_on(VARIABLE):
        return
    match node:
        case Call("sin" | "cos" | "tan" | "cot" | "sec" | "csc", (argument,)):
            holes = any(part.depends_on(VARIABLE) for part in _singular(argument))
            slope = None if holes or any(switches(argument)) else _slope_of_line(argument)
            yield None if slope == ZERO else slope
        case _:
            yield from (rate for child in node.children for rate in _rates(child)) if node.children else (None,)


def _slope_of_line(argument: Expr) -> Expr | None:
    """The slope of a straight line; None of what is none."""
    with suppress(Undecided):
        slope = slope_of(argument, 1)
        return None if slope.depends_on(VARIABLE) else slope
    return None


def _common(shares: list[Fraction]) -> int | Ball:
    """The largest number that all shares are whole multiples of."""
    below = reduce(lcm, (share.denominator for share in shares))
    above = reduce(gcd, (int(share * below) for share in shares))
    return arb(above) / below
