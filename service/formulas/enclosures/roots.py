"""Every zero of a smooth formula on an interval, by interval Newton and bisection (Moore 1966)."""

from fractions import Fraction

from service.formulas.enclosures.balls import Ball, hull, rational, simple
from service.formulas.enclosures.boxes import Box, Quantity, boxes, is_narrow
from service.formulas.enclosures.budget import Budget
from service.formulas.enclosures.ends import lower_end, settled, upper_end
from service.formulas.enclosures.monomials import Undecided
from service.formulas.enclosures.program import VARIABLE
from service.formulas.enclosures.slopes import slope_of
from service.formulas.language.build import replaced
from service.formulas.language.tree import ZERO, Expr, Number, Product, Sum, Symbol

_SMALLEST = 1e-18


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
    quantity, found = Quantity(node, order, budget), list[Ball]()
    left = low if quantity.is_known_at(low) else settled(lower_end(shown, low))
    right = high if quantity.is_known_at(high) else settled(upper_end(shown, high))
    waiting = boxes(left, right)
    while waiting:
        zeros_of_box, parts = _look(quantity, waiting.pop())
        found += zeros_of_box
        waiting += parts
    inside = [zero for zero in _joined(found) if not (zero.overlaps(low) or zero.overlaps(high))]
    return [_snapped(shown, zero) for zero in inside]


def outermost_zero(node: Expr, low: Ball, high: Ball, budget: Budget, side: int) -> Ball | None:
    """The largest zero on a finite interval where `side` is 1, the smallest where it is −1; None without any."""
    quantity, waiting = Quantity(node, 0, budget), boxes(low, high)[::side]
    while waiting:
        found, parts = _look(quantity, waiting.pop())
        if found:
            return found[0]
        waiting += parts[::side]
    return None


def _look(quantity: Quantity, box: Box) -> tuple[list[Ball], list[Box]]:
    """The zeros of a box that is solved, or its halves; neither of one without a zero."""
    enclosed = quantity.on(box.ball)
    if not enclosed.value.contains(0):
        return [], []
    if not enclosed.slope.contains(0):
        zero = quantity.zero(box.ball)
        if zero is None or is_narrow(zero):
            return ([] if zero is None else [zero]), []
    if box.ball.rad() >= _SMALLEST:
        return [], list(box.halves())
    if quantity.has_one_sign(box.ball):  # it touches 0, and nothing else happens in so small a box
        return [box.ball], []
    raise Undecided


def _snapped(node: Expr, zero: Ball) -> Ball:
    """A zero exactly, where it is a short decimal."""
    candidate = Number(Fraction(repr(simple(zero))))
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
            joined[-1] = hull(joined[-1], ball)
        else:
            joined.append(ball)
    return joined
