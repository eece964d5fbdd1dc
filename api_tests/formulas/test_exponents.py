"""Exponents that are constant without being a number as written: the number that they are, for negative z, too."""

from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.formulas.enclosures.equality import Certainty, compare
from service.formulas.language.build import exact_value
from service.formulas.language.grammar import parse
from service.formulas.language.tree import Number, Power
from service.theory.bounds import bounds

SEEDS = st.integers(0, 10**9)


def constant(chance: Random, depth: int = 3) -> tuple[Fraction, str]:
    """A constant of arithmetic, roots and comparisons: its value, and how it is written."""
    if depth == 0:
        number = chance.randint(-3, 3)
        return Fraction(number), f"({number})"
    (one, first), (other, second) = (constant(chance, depth - 1) for _ in range(2))
    return chance.choice([
        (one + other, f"({first}+{second})"), (one - other, f"({first}-{second})"),
        (one * other, f"({first}*{second})"),
        (abs(one), f"abs({first})"), (abs(one), f"sqrt({first}^2)"), (one, f"(({first}/2)*2)"),
        (max(one, other), f"max({first}, {second})"),
        (max(one, other), f"where({first} < {second}, {second}, {first})"),
    ])  # fmt: skip


def exponent(seed: int) -> tuple[Fraction, str]:
    """A constant that may be an exponent."""
    chance = Random(seed)
    return next(found for found in (constant(chance) for _ in range(1000)) if abs(found[0]) <= 6)


@settings(max_examples=300, deadline=None)
@given(SEEDS)
def test_a_constant_exponent_of_any_form_is_the_number_that_it_is(seed: int) -> None:
    value, text = exponent(seed)
    assert exact_value(parse(text)) == value
    assert parse(f"z^{text}") == Power(parse("z"), Number(value))


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(-6, 6))
def test_a_power_is_right_where_its_exponent_is_and_wrong_elsewhere(seed: int, other: int) -> None:
    value, text = exponent(seed)
    for base in ("z", "tanh(z)", "(-1.5)"):
        found = compare(parse(f"z*{base}^{text}"), parse(f"z*{base}^({other})"))
        assert any(part.difference is not None for part in found) is (value != other)


@pytest.mark.parametrize("exponent", ["2*cos(0)", "1+sin(z)^2+cos(z)^2", "cosh(1)^2-sinh(1)^2+1", "3-e^z*e^(-z)"])
def test_an_exponent_that_is_proven_to_be_a_number_is_that_number(exponent: str) -> None:
    assert [part.certainty for part in compare(parse(f"z^({exponent})"), parse("z^2"))] == [Certainty.PROVEN]
    assert any(part.difference for part in compare(parse(f"z^({exponent})"), parse("z^3")))


@pytest.mark.parametrize("exponent", ["ln(e^2)", "4*atan(1)/pi+1", "log10(100)", "tan(atan(2))"])
def test_a_power_whose_exponent_may_be_whole_is_never_called_wrong_for_negative_z(exponent: str) -> None:
    found = compare(parse(f"z^({exponent})"), parse("z^2"))
    assert all(part.difference is None for part in found)
    wrong = compare(parse(f"where(z > 0, z^({exponent}), -7)"), parse("z^2"))
    assert any(part.difference is not None or part.certainty is Certainty.DOUBTED for part in wrong)


@pytest.mark.parametrize("exponent", ["pi", "sqrt(2)", "2.0000000001", "1/2"])
def test_a_power_with_another_exponent_has_no_values_for_negative_z(exponent: str) -> None:
    assert any(part.difference and part.difference.z < 0 for part in compare(parse(f"z^({exponent})"), parse("z^2")))


ALIKE = ["abs(sin(z))", "relu(sin(z))", "max(sin(z), 0)", "where(sin(z)>0, 1, 0)", "abs(z+abs(z))", "abs(z*abs(z))"]


@pytest.mark.parametrize("text", ALIKE)
def test_a_formula_is_itself_whatever_is_known_of_its_pieces(text: str) -> None:
    found = compare(parse(text), parse(text))
    assert found
    assert all(part.certainty is Certainty.PROVEN and part.difference is None for part in found)


def test_the_order_of_terms_factors_and_arguments_does_not_matter() -> None:
    one, other = "3z*max(sin(z), 0) + abs(sin(z))", "abs(sin(z)) + max(0, sin(z))*z*3"
    assert all(part.certainty is Certainty.PROVEN for part in compare(parse(one), parse(other)))
    swapped = compare(parse("where(sin(z) > 0, 1, z)"), parse("where(sin(z) > 0, z, 1)"))
    assert any(part.difference is not None for part in swapped)


def test_the_bounds_of_a_power_with_its_variable_in_the_exponent_are_still_certified() -> None:
    lowest = bounds(parse("tanh(z)^z")).value.inf
    assert (lowest.certified, lowest.decimal) == (True, "0.678134454691803189885507156528")


@pytest.mark.parametrize("below", [2, 3, 60, 61])
def test_a_power_with_a_fraction_for_its_exponent_is_the_same_however_that_is_written(below: int) -> None:
    parts = compare(parse(f"z^(cos(0)/{below})"), parse(f"z^(1/{below})"))
    assert all(part.certainty is Certainty.PROVEN and part.difference is None for part in parts)
