"""The exponents of a formula multiplied out, so that what they have in common shows."""

from collections.abc import Iterator
from fractions import Fraction
from functools import reduce
from itertools import chain, repeat
from math import lcm, prod
from operator import mul

from service.formulas.language.build import expanded
from service.formulas.language.tree import ONE, Call, Expr, Number, Power, Product, Sum

DEEPEST_DENOMINATOR = 5040  # 7!: halves, thirds, … of an exponent are whole powers of one symbol
MOST_TERMS = 64
"""An exponent of more terms stays as it is."""


def common_denominator(node: Expr) -> int:
    """A denominator that the coefficients in all exponents of a formula have in common."""
    own = 1
    match node:
        case Call(_, (exponent,)):
            own = _denominator(exponent)
        case Power(_, exponent) if not isinstance(exponent, Number):
            own = _denominator(exponent)
    return lcm(own, *map(common_denominator, node.children))


def _denominator(node: Expr) -> int:
    """One that all coefficients of a formula have in common, once it is multiplied out; no more than is too deep."""
    match node:
        case Number(value):
            found = value.denominator
        case Product(factors):
            found = prod(map(_denominator, factors))
        case Power(Sum() as base, Number(value)) if value.denominator == 1 and value > 1:
            found = _denominator(base) ** int(value)
        case _:
            found = lcm(*map(_denominator, node.children))
    return min(found, DEEPEST_DENOMINATOR + 1)


def terms_of(exponent: Expr) -> list[Expr]:
    """`exponent` multiplied out, as a sum; as it is where that would be more than anybody would write."""
    done: list[Expr] = []
    left = [exponent]
    while left:
        term = left.pop()
        parts = term.terms if isinstance(term, Sum) else expanded(*_factors(term))
        if len(parts) == 1:
            done.extend(parts)
        else:
            left.extend(parts)
        if len(done) + len(left) > MOST_TERMS:
            return [exponent]
    return done


def _factors(term: Expr) -> Iterator[Expr]:
    """Of a product, and of whole powers of sums."""
    match term:
        case Product(factors):
            yield from chain.from_iterable(map(_factors, factors))
        case Power(Sum() as base, Number(value)) if value.denominator == 1 and value > 1:
            yield from repeat(base, int(value))
        case _:
            yield term


def split(term: Expr) -> tuple[Fraction, Expr]:
    """A rational number times the rest."""
    if isinstance(term, Number):
        return term.value, ONE
    if isinstance(term, Product):
        numbers = [factor.value for factor in term.factors if isinstance(factor, Number)]
        rest = tuple(factor for factor in term.factors if not isinstance(factor, Number))
        return reduce(mul, numbers, Fraction(1)), Product(rest) if rest else ONE
    return Fraction(1), term
