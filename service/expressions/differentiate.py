"""The derivative of a formula, as a formula."""

from service.expressions.functions import EXTREMES, FUNCTIONS
from service.expressions.tree import (
    MINUS_ONE,
    ONE,
    ZERO,
    Call,
    Comparison,
    Constant,
    Name,
    Node,
    Number,
    Power,
    Product,
    Sum,
    Where,
    call,
    depends_on,
    power,
    quotient,
    times,
    total,
    where,
)


def differentiate(node: Node, variable: str) -> Node:
    """d node / d variable.

    At a tie, `min` and `max` have the derivative of their first argument; `where` has that of the branch it takes.
    """
    match node:
        case Number() | Constant():
            return ZERO
        case Name(name):
            return ONE if name == variable else ZERO
        case Sum(terms):
            return total(*(differentiate(term, variable) for term in terms))
        case Product(factors):
            return total(*(_with(factors, position, variable) for position in range(len(factors))))
        case Power(base, exponent):
            return _of_power(base, exponent, variable)
        case Call(function, (first, second)) if function in EXTREMES:
            slopes = differentiate(first, variable), differentiate(second, variable)
            return where(Comparison(first, "<=" if function == "min" else ">=", second), *slopes)
        case Call(function, (argument,)):
            inner = differentiate(argument, variable)
            return ZERO if inner == ZERO else times(inner, FUNCTIONS[function].derivative(argument))
        case Where(condition, then, otherwise):
            return where(condition, differentiate(then, variable), differentiate(otherwise, variable))
    raise TypeError(f"{node!r} is no formula")


def _with(factors: tuple[Node, ...], position: int, variable: str) -> Node:
    """The product with one factor differentiated, in its place."""
    slope = differentiate(factors[position], variable)
    return times(*factors[:position], slope, *factors[position + 1 :])


def _of_power(base: Node, exponent: Node, variable: str) -> Node:
    if not depends_on(exponent, variable):
        return times(exponent, power(base, total(exponent, MINUS_ONE)), differentiate(base, variable))
    growth = times(differentiate(exponent, variable), call("ln", base))
    if depends_on(base, variable):
        growth = total(growth, quotient(times(exponent, differentiate(base, variable)), base))
    return times(Power(base, exponent), growth)
