"""Functions as formulas of others: what is known of those holds for these."""

from collections.abc import Callable

from service.formulas.language.build import negative, power, quotient, times, total
from service.formulas.language.tree import HALF, MINUS_ONE, ONE, TWO, Constant, Expr, call

_RIGHT_ANGLE = times(HALF, Constant("pi"))

BY_OTHERS: dict[str, Callable[[Expr], Expr]] = {
    "sec": lambda u: power(call("cos", u), MINUS_ONE),
    "csc": lambda u: power(call("sin", u), MINUS_ONE),
    "cot": lambda u: quotient(call("cos", u), call("sin", u)),
    "acos": lambda u: total(_RIGHT_ANGLE, negative(call("asin", u))),
    "atanh": lambda u: times(HALF, call("ln", quotient(total(ONE, u), total(ONE, negative(u))))),
}
"""By a formula that is the same function, with the same domain."""


def arcsine_beside(side: int, u: Expr) -> Expr:
    """asin u by the arcsine of what is small where u is near `side`, 1 or −1."""
    away = total(ONE, negative(u)) if side > 0 else total(ONE, u)
    right = total(_RIGHT_ANGLE, negative(times(TWO, call("asin", call("sqrt", times(HALF, away))))))
    return right if side > 0 else negative(right)


def area_cosine(u: Expr) -> Expr:
    """acosh u for u ≥ 1 by functions that are smooth at 1."""
    return times(TWO, call("asinh", call("sqrt", times(HALF, total(u, MINUS_ONE)))))
