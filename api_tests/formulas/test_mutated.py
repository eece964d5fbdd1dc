"""Formulas with one thing changed are told from the original, or proven equal; mpmath judges at hundreds of digits."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from math import prod
from random import Random
from typing import Any

import mpmath

from api_tests.cases import case
from api_tests.formulas.printers import random_formula
from service.formulas.enclosures.equality import Certainty, compare
from service.formulas.language.tree import Call, Constant, Expr, Number, Power, Product, Sum
from service.formulas.language.write import plain

TREES = int(os.environ.get("MUTATED_FORMULAS", "400"))
"""`MUTATED_FORMULAS=10000` looks for long."""
PLACES = [
    mpmath.mpf(text) for text in ("-6.1", "-2.3", "-1.1", "-0.7", "-0.2", "0.15", "0.45", "0.9", "1.7", "3.3", "8.2")
]
NARROWEST = 1e-9
MOST_DIGITS = 400
FUNCTIONS = ("tanh", "sech", "sin", "cosh", "exp", "ln", "sqrt", "abs", "erf", "sigmoid", "atan", "log10", "asinh")
_OWN: dict[str, Callable[..., Any]] = {
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "abs": abs,
    "max": max,
    "ln": lambda x: mpmath.log(x) if x > 0 else None,
    "log10": lambda x: mpmath.log10(x) if x > 0 else None,
    "sqrt": lambda x: mpmath.sqrt(x) if x >= 0 else None,
}


class NoValue(Exception):
    """A formula has no value at a place, or none that can be compared with another."""


def value(node: Expr, z: Any) -> Any:
    """The value of a formula as mpmath has it."""
    parts = [value(child, z) for child in node.children]
    match node:
        case Number(number):
            found = mpmath.mpf(number.numerator) / number.denominator
        case Constant(name):
            found = +getattr(mpmath, name)
        case Sum():
            found = mpmath.fsum(parts)
        case Product():
            found = prod(parts)
        case Power():
            found = _power(*parts)
        case Call(function):
            found = _OWN.get(function, getattr(mpmath, function, None))(*parts)
        case _:
            found = z
    return _told(found)


def _told(found: Any) -> Any:
    if found is None or not mpmath.isfinite(found) or abs(found) > mpmath.mpf("1e1000"):
        raise NoValue
    if 0 < abs(found) < mpmath.mpf("1e-300"):  # may be zero but for rounding, as sin(pi) is
        raise NoValue
    return found


def _power(base: Any, exponent: Any) -> Any:
    if (base == 0 and exponent <= 0) or (base < 0 and exponent != int(exponent)) or abs(exponent) > 10**6:
        raise NoValue
    return base**exponent


def alike(one: Expr, other: Expr, z: Any, digits: int = MOST_DIGITS) -> bool | None:
    """Whether both have the same value at z; None where either has none, or too many digits are lost to tell."""
    with mpmath.workdps(MOST_DIGITS + 200):
        try:
            here, there = value(one, z), value(other, z)
        except (NoValue, ZeroDivisionError, OverflowError):
            return None
        size = max(abs(here), abs(there))
        return None if size < mpmath.mpf("1e-300") else bool(abs(here - there) <= mpmath.mpf(10) ** -digits * size)


def places(node: Expr) -> Iterator[tuple[int, ...]]:
    """Where the parts of a formula are, each by the numbers of the children that lead to it."""
    yield ()
    for number, child in enumerate(node.children):
        yield from ((number, *place) for place in places(child))


def changed(node: Expr, place: tuple[int, ...], change: Callable[[Expr], Expr]) -> Expr:
    """`node` with the part at `place` changed."""
    if not place:
        return change(node)
    parts = list(node.children)
    parts[place[0]] = changed(parts[place[0]], place[1:], change)
    return node.with_children(tuple(parts))


def slip(chance: Random, node: Expr) -> Expr:
    """What a slip may make of a part: another number, function, sign or order, a term or a factor lost."""
    match node:
        case Number(number):
            made: list[Expr] = [Number(number + step) for step in (1, -1, Fraction(1, 10), Fraction(1, 10**9))]
        case Sum(terms) | Product(terms):
            made = [node.with_children(terms[1:]), node.with_children(terms[:-1])]
            made += [node.with_children((*terms[:-1], terms[-1].negated()))]
        case Power(base, exponent):
            made = [Power(base, exponent.negated()), base]
        case Call(function, (argument,)):
            made = [Call(other, (argument,)) for other in FUNCTIONS if other != function]
        case Call(function, arguments):
            made = [Call(function, arguments[::-1]), arguments[0]]  # the first is the same
        case _:
            made = [Product((node, node)), node.negated(), Sum((node, Number(Fraction(1, 1000))))]
    return chance.choice(made)


def test_a_changed_formula_is_told_from_the_original_or_proven_to_be_equal() -> None:
    found = Counter[str]()
    for seed in range(TREES):
        chance = Random(seed)
        one = random_formula(chance, 1 + seed % 4)
        other = changed(one, chance.choice(list(places(one))), partial(slip, chance))
        with case(f"{seed}: {plain(one)} | {plain(other)}"):
            parts = compare(one, other)
            differing = next((part for part in parts if part.difference is not None), None)
            if differing is not None and differing.difference is not None:
                told = differing.high - differing.low > NARROWEST  # in which doubles are
                assert not told or alike(one, other, mpmath.mpf(differing.difference.z)) is not True
                found["different"] += 1
                continue
            proven = all(part.certainty is Certainty.PROVEN for part in parts)
            digits = MOST_DIGITS if proven else 40  # to which what is called "seen" is said to agree
            assert not any(alike(one, other, place, digits) is False for place in PLACES)
            seen = all(part.certainty is not Certainty.DOUBTED for part in parts)
            found["nowhere" if not parts else "proven" if proven else "seen" if seen else "doubted"] += 1
    assert found["different"] > 0.7 * TREES
    assert found["doubted"] <= 0.05 * TREES
