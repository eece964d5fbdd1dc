"""A formula → the intervals on which it is smooth, and the formula without switches that it is on each.

What switches are: abs, sign, relu, min, max and where. What ends smoothness, too: poles, and the ends of the domain of
ln, sqrt and powers that are not whole.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from flint import arb

from service.formulas.enclosures.balls import INFINITY, Ball
from service.formulas.enclosures.budget import FOR_ZEROS, Budget
from service.formulas.enclosures.monomials import Undecided, sign
from service.formulas.enclosures.program import VARIABLE, Program, constant
from service.formulas.enclosures.roots import zeros
from service.formulas.enclosures.switches import looked_at, singular, switches, thrown
from service.formulas.language.tree import Expr

MOST_PIECES = 64


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
    budget = Budget(FOR_ZEROS)
    return _domains(_smooth([Piece(low, high, node)], budget), budget)


def _smooth(waiting: list[Piece], budget: Budget) -> list[Piece]:
    """Every switch thrown, the innermost ones first."""
    done: list[Piece] = []
    while waiting:
        piece = waiting.pop(0)
        switch = next(switches(piece.node), None)
        if switch is None:
            done.append(piece)
            continue
        parts = _sides(looked_at(switch), piece, budget)
        waiting = [
            Piece(low, high, piece.node.substituted(switch, thrown(switch, side))) for low, high, side in parts
        ] + waiting
        if len(waiting) + len(done) > MOST_PIECES:
            raise Undecided
    return done


def _domains(waiting: list[Piece], budget: Budget) -> list[Piece]:
    """Pieces cut at their singular points, without those where the formula has no value."""
    cut = [piece for whole in waiting for piece in _cut(whole, budget)]
    return [piece for piece in cut if not Program([piece.node]).run(interior(piece.low, piece.high))[0].is_nan()]


def _cut(piece: Piece, budget: Budget) -> list[Piece]:
    """A piece between its singular points, the inner parts' first: beyond them the outer ones have values."""
    parts = [piece]
    for argument in dict.fromkeys(singular(piece.node)):
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
        if Program([argument]).run(interior(part.low, part.high))[0].is_nan():
            yield part.low, part.high, None
            continue
        for low, high in _between(part, zeros(argument, part.low, part.high, budget)):
            yield low, high, sign(Program([argument]).run(interior(low, high))[0])


def _sign_of_constant(argument: Expr) -> int | None:
    value = constant(argument)
    if value.is_nan():
        return None
    return 0 if value.is_zero() else sign(value)


def interior(low: Ball, high: Ball) -> Ball:
    """A point between."""
    if low.is_finite() and high.is_finite():
        return (low + (high - low) * 0.3819).mid()
    if low.is_finite():
        return (low + 1.0).mid()
    return (high - 1.0).mid() if high.is_finite() else arb(0.1234)
