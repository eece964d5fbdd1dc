"""A formula → the intervals on which it is smooth, and the formula without switches that it is on each.

What switches are: abs, sign, relu, min, max and where. What ends smoothness, too: poles, and the ends of the domain of
ln, sqrt and powers that are not whole.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from flint import arb

from service.enclosures.balls import INFINITY, Ball
from service.enclosures.monomials import Undecided, sign
from service.enclosures.program import VARIABLE, Program
from service.enclosures.roots import zeros
from service.expressions.tree import (
    ZERO,
    Call,
    Comparison,
    Node,
    Number,
    Power,
    Where,
    call,
    children,
    depends_on,
    negative,
    replaced,
    times,
    total,
)

MOST_PIECES = 64


@dataclass(frozen=True)
class Piece:
    """low < z < high, either of which may be infinite, and the smooth formula there."""

    low: Ball
    high: Ball
    node: Node


def pieces(node: Node, low: Ball = -INFINITY, high: Ball = INFINITY) -> list[Piece]:
    """The pieces of `node` on an interval, rising, where it is defined; Undecided where not all are found."""
    made = _domains(_smooth([Piece(low, high, node)]))
    joined: list[Piece] = []
    for piece in made:
        before = joined[-1] if joined else None
        if before is not None and before.node == piece.node and before.high.overlaps(piece.low) and _regular(piece):
            joined[-1] = Piece(before.low, piece.high, piece.node)
        else:
            joined.append(piece)
    return joined


def _regular(piece: Piece) -> bool:
    return bool(Program([piece.node]).run(piece.low)[0].is_finite())


def _smooth(waiting: list[Piece]) -> list[Piece]:
    """Every switch thrown, the innermost ones first."""
    done: list[Piece] = []
    while waiting:
        piece = waiting.pop(0)
        switch = next(_switches(piece.node), None)
        if switch is None:
            done.append(piece)
            continue
        waiting = [
            Piece(low, high, replaced(piece.node, switch, _thrown(switch, side)))
            for low, high, side in _sides(_argument(switch), piece)
        ] + waiting
        if len(waiting) + len(done) > MOST_PIECES:
            raise Undecided
    return done


def _domains(waiting: list[Piece]) -> list[Piece]:
    """Pieces cut at their singular points, without those where the formula has no value."""
    done = []
    for piece in waiting:
        cuts: list[Ball] = []
        arguments = dict.fromkeys(_singular(piece.node))
        for argument in arguments:
            cuts += zeros(argument, piece.low, piece.high)
        for low, high in _between(piece, cuts):
            at = interior(low, high)
            if not Program([piece.node]).run(at)[0].is_nan():
                done.append(Piece(low, high, piece.node))
    return done


def _between(piece: Piece, cuts: list[Ball]) -> list[tuple[Ball, Ball]]:
    edges = [piece.low]
    for cut in sorted(cuts, key=float):
        if not cut.overlaps(edges[-1]):
            edges.append(cut)
    return list(pairwise([*edges, piece.high]))


def _sides(argument: Node, piece: Piece) -> Iterator[tuple[Ball, Ball, int]]:
    """The parts of a piece on which `argument` has one sign, and that sign."""
    if not depends_on(argument, VARIABLE):
        yield piece.low, piece.high, _sign_of_constant(argument)
        return
    for part in _domains([Piece(piece.low, piece.high, argument)]):
        for low, high in _between(part, zeros(argument, part.low, part.high)):
            yield low, high, sign(Program([argument]).run(interior(low, high))[0])


def _sign_of_constant(argument: Node) -> int:
    return 0 if argument == ZERO else sign(Program([argument]).run(arb(0))[0])


def interior(low: Ball, high: Ball) -> Ball:
    """A point between."""
    if low.is_finite() and high.is_finite():
        return (low + (high - low) * 0.3819).mid()
    if low.is_finite():
        return (low + 1.0).mid()
    return (high - 1.0).mid() if high.is_finite() else arb(0.1234)


def _switches(node: Node) -> Iterator[Node]:
    for child in children(node):
        yield from _switches(child)
    if isinstance(node, Where) or (isinstance(node, Call) and node.function in _THROWN):
        yield node


def _argument(switch: Node) -> Node:
    """What a switch looks at the sign of."""
    match switch:
        case Where(Comparison(left, _, right), _, _):
            return total(left, negative(right))
        case Call(_, (first, second)):
            return total(first, negative(second))
        case Call(_, (argument,)):
            return argument
    raise TypeError(f"{switch!r} is no switch")


_THROWN: dict[str, Callable[..., Node]] = {
    "abs": lambda side, u: times(Number(Fraction(side)), u),
    "sign": lambda side, u: Number(Fraction(side)),
    "relu": lambda side, u: u if side > 0 else ZERO,
    "max": lambda side, one, other: one if side >= 0 else other,
    "min": lambda side, one, other: one if side <= 0 else other,
}
_HOLDS = {
    "<": lambda side: side < 0,
    "<=": lambda side: side <= 0,
    ">": lambda side: side > 0,
    ">=": lambda side: side >= 0,
}


def _thrown(switch: Node, side: int) -> Node:
    """What a switch is where its argument has the sign `side`."""
    match switch:
        case Where(Comparison(_, operator, _), then, otherwise):
            return then if _HOLDS[operator](side) else otherwise
        case Call(function, arguments):
            return _THROWN[function](side, *arguments)
    raise TypeError(f"{switch!r} is no switch")


def _singular(node: Node) -> Iterator[Node]:
    """What must not be zero for a smooth formula to be smooth."""
    for child in children(node):
        yield from _singular(child)
    match node:
        case Power(base, Number(value)) if value.denominator == 1 and value > 0:
            return
        case Power(base, _):
            yield base
        case Call("ln" | "log10" | "sqrt" | "csch" | "coth", (argument,)):
            yield argument
        case Call("tan", (argument,)):
            yield call("cos", argument)
