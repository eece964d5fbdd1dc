"""The parts of a formula that switch from one smooth formula to another: abs, sign, relu, min, max and where."""

from collections.abc import Callable, Iterator
from fractions import Fraction

from service.formulas.language.build import negative, times, total
from service.formulas.language.tree import MINUS_ONE, ZERO, Call, Expr, Number, Power, Relation, Where, call


def switches(node: Expr) -> Iterator[Expr]:
    """All switches in a formula, the inner ones before those around them."""
    for child in node.children:
        yield from switches(child)
    if isinstance(node, Where) or (isinstance(node, Call) and node.function in _THROWN):
        yield node


def looked_at(switch: Expr) -> Expr:
    """What a switch looks at the sign of."""
    match switch:
        case Where(Relation(left, _, right), _, _):
            return total(left, negative(right))
        case Call(_, (first, second)):
            return total(first, negative(second))
        case Call(_, (argument,)):
            return argument
    raise TypeError(f"{switch!r} is no switch")


_THROWN: dict[str, Callable[..., Expr]] = {
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


def thrown(switch: Expr, side: int | None) -> Expr:
    """What a switch is where its argument has the sign `side`; None where the argument has no value.

    A comparison with what has no value does not hold, as in floating point; no other switch has a value there.
    """
    match switch:
        case Where(Relation(_, operator, _), then, otherwise):
            return then if side is not None and _HOLDS[operator](side) else otherwise
        case Call(function, arguments):
            return _NOWHERE if side is None else _THROWN[function](side, *arguments)
    raise TypeError(f"{switch!r} is no switch")


def singular(node: Expr) -> Iterator[Expr]:
    """What must not be zero for a smooth formula to be smooth."""
    for child in node.children:
        yield from singular(child)
    match node:
        case Power(base, Number(value)) if value.denominator == 1 and value > 0:
            return
        case Power(base, _):
            yield base
        case Call("ln" | "log10" | "sqrt" | "csch" | "coth", (argument,)):
            yield argument
        case Call("tan", (argument,)):
            yield call("cos", argument)
