"""Wrong derivatives that students are known to give: each a name, a sentence, and the formulas it leads to."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from math import inf, isfinite

from flint import arb

from service.formulas.enclosures.balls import Undecided
from service.formulas.enclosures.piecewise import value_at
from service.formulas.enclosures.program import VARIABLE
from service.formulas.language.build import negative, times, total
from service.formulas.language.differentiate import differentiate
from service.formulas.language.tree import TWO, Call, Expr, Number, Power, Product, Sum

_PLACES = (0.37, -0.83, 1.61, -2.29)
_ALIKE = 1e-12


@dataclass(frozen=True)
class _Misconception:
    """A slip, and what it makes of the right answer."""

    code: str
    sentence: str
    formula: Expr


def misconceptions(expected: Expr, function: Expr | None) -> Iterator[_Misconception]:
    """The slips that lead away from `expected`, which is the derivative of `function` where there is one."""
    yield _Misconception(
        "differs_by_sign", "The sign is wrong: this is the expected formula times −1.", negative(expected)
    )
    if function is not None:
        yield from _of_derivatives(function)
    for square in dict.fromkeys(_squares(expected)):
        sentence = "A square is missing: a function stands without its exponent 2."
        yield _Misconception("square_missing", sentence, expected.substituted(square, _root(square)))
    yield from _of_parts(expected)


def _of_derivatives(function: Expr) -> Iterator[_Misconception]:
    yield _Misconception("is_the_function", "This is the function itself, not its derivative.", function)
    if isinstance(function, Product):
        sentence = "The product rule was not used: (u·v)' is u'·v + u·v', not u'·v'."
        factors = [differentiate(factor, VARIABLE) for factor in function.factors]
        yield _Misconception("product_rule", sentence, times(*factors))
    second = differentiate(differentiate(function, VARIABLE), VARIABLE)
    yield _Misconception("second_derivative", "This is the second derivative.", second)


def _of_parts(expected: Expr) -> Iterator[_Misconception]:
    """A term or a factor forgotten."""
    terms = expected.terms if isinstance(expected, Sum) else (expected,)
    for number, term in enumerate(terms):
        others = terms[:number] + terms[number + 1 :]
        if others:
            sentence = "A term is missing: the product rule gives one for each factor."
            yield _Misconception("term_missing", sentence, total(*others))
            yield _Misconception("term_sign", "One term has the wrong sign.", total(*others, negative(term)))
        for rest in _without_a_factor(term):
            yield _Misconception("factor_missing", "A factor is missing in one term.", total(*others, rest))


def _without_a_factor(term: Expr) -> list[Expr]:
    factors = term.factors if isinstance(term, Product) else ()
    places = [place for place, factor in enumerate(factors) if not isinstance(factor, Number)]
    return [times(*factors[:place], *factors[place + 1 :]) for place in places]


def _squares(node: Expr) -> Iterator[Expr]:
    """All squares of functions in a formula: sech², and 1 − tanh² for it."""
    if isinstance(node, Power) and node.exponent == TWO and isinstance(node.base, Call):
        yield node
    for child in node.children:
        yield from _squares(child)


def _root(square: Expr) -> Expr:
    return square.children[0]


def constant_factor(one: Expr, other: Expr) -> float | None:
    """What `other` has to be multiplied by to be `one` at a few places; None where no number but 0 does it."""
    values = [(_value(one, place), _value(other, place)) for place in _PLACES]
    factors = [here / there for here, there in values if here is not None and there]
    found = factors[0] if factors else 0.0
    if not 0.0 < abs(found) < inf or max(factors) - min(factors) > _ALIKE * abs(found):
        return None
    return float(f"{found:.13g}")  # without what rounding has left behind these digits


@lru_cache(maxsize=256)
def _value(node: Expr, place: float) -> float | None:
    """The value of a formula, where it has one; an answer is compared with many."""
    with suppress(Undecided):
        value = float(value_at(node, arb(place)))
        if isfinite(value):
            return value
    return None
