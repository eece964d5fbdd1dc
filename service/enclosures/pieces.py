"""A formula → the intervals on which it is smooth, and the formula without switches that it is on each.

What switches are: abs, sign, relu, min, max and where. What ends smoothness, too: poles, and the ends of the domain of
ln, sqrt and powers that are not whole.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from flint import arb

from service.enclosures.balls import INFINITY, Ball
from service.enclosures.monomials import Undecided, sign
from service.enclosures.program import VARIABLE, Program
from service.enclosures.roots import zeros
from service.enclosures.switches import looked_at, singular, switches, thrown
from service.expressions.tree import ZERO, Node, depends_on, replaced

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
        switch = next(switches(piece.node), None)
        if switch is None:
            done.append(piece)
            continue
        waiting = [
            Piece(low, high, replaced(piece.node, switch, thrown(switch, side)))
            for low, high, side in _sides(looked_at(switch), piece)
        ] + waiting
        if len(waiting) + len(done) > MOST_PIECES:
            raise Undecided
    return done


def _domains(waiting: list[Piece]) -> list[Piece]:
    """Pieces cut at their singular points, without those where the formula has no value."""
    cut = [Piece(low, high, piece.node) for piece in waiting for low, high in _between(piece, _singularities(piece))]
    return [piece for piece in cut if not Program([piece.node]).run(interior(piece.low, piece.high))[0].is_nan()]


def _singularities(piece: Piece) -> list[Ball]:
    arguments = dict.fromkeys(singular(piece.node))
    return [zero for argument in arguments for zero in zeros(argument, piece.low, piece.high)]


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
