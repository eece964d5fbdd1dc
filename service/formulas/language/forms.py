"""Functions that are read as formulas of others: pow, log_b, roots of any degree, log1p, the normal distribution."""

from collections.abc import Callable
from fractions import Fraction

from service.formulas.language.numbers import is_writable
from service.formulas.language.tree import (
    HALF,
    MINUS_ONE,
    ONE,
    TWO,
    Call,
    Constant,
    Expr,
    Number,
    Power,
    Product,
    Sum,
    joined,
)


def raised(base: Expr, exponent: Expr) -> Expr:
    """base ^ exponent as it is written; a power of e is exp."""
    return Call("exp", (exponent,)) if base == Constant("e") else Power(base, exponent)


def divided(factors: list[Expr], denominator: Expr) -> list[Expr]:
    """The factors of a product over `denominator`; a number over a number is a number."""
    match factors, denominator:
        case [Number(above)], Number(below) if below and is_writable(above / below):
            return [Number(above / below)]
    return [*factors, Power(denominator, MINUS_ONE)]


def rooted(radicand: Expr, degree: int) -> Expr:
    """The real root of `radicand`; of an odd degree for negative numbers, too."""
    if degree == 2:
        return Call("sqrt", (radicand,))
    inverse = Number(Fraction(1, degree))
    if degree % 2 == 0:
        return Power(radicand, inverse)
    return Product((Call("sign", (radicand,)), Power(Call("abs", (radicand,)), inverse)))


def logarithm(argument: Expr, base: Expr | None) -> Expr:
    """The logarithm of `argument` to `base`; the natural one where that is None."""
    if base is None or base == Constant("e"):
        return Call("ln", (argument,))
    if base == Number(Fraction(10)):
        return Call("log10", (argument,))
    return _over(Call("ln", (argument,)), Call("ln", (base,)))


def _over(above: Expr, below: Expr) -> Expr:
    return joined(divided([above], below), Product)


def _normal(u: Expr) -> Expr:
    return _over(Call("exp", (Product((Number(Fraction(-1, 2)), Power(u, TWO))),)), Call("sqrt", (_TWO_PI,)))


_TWO_PI = Product((TWO, Constant("pi")))
_ROOT_OF_TWO = Call("sqrt", (TWO,))
FORMS: dict[str, Callable[[Expr], Expr]] = {
    "square": lambda u: Power(u, TWO),
    "log2": lambda u: logarithm(u, TWO),
    "log1p": lambda u: Call("ln", (Sum((ONE, u)),)),
    "expm1": lambda u: Sum((Call("exp", (u,)), MINUS_ONE)),
    "erfc": lambda u: Sum((ONE, Call("erf", (u,)).negated())),
    "Phi": lambda u: Product((HALF, Sum((ONE, Call("erf", (_over(u, _ROOT_OF_TWO),)))))),
    "phi": _normal,
}
"""Of one argument; `phi` is the density of the normal distribution, where `Phi` stands in the same formula."""
