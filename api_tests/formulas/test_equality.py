"""Comparisons: proven equal, or told apart at a point, piece by piece."""

from math import inf

import pytest
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st

from service.formulas.enclosures.equality import Certainty, IntervalComparison, compare
from service.formulas.enclosures.piecewise import value_at
from service.formulas.language.grammar import parse


def compared(one: str, other: str, low: float = -inf, high: float = inf) -> list[IntervalComparison]:
    return compare(parse(one), parse(other), low, high)


PROVEN = [
    ("tanh(z)", "1 - 2/(e^(2z) + 1)", 1),
    ("abs(z)", "where(z < 0, -z, z)", 2),
    ("abs(z)", "max(z, -z)", 2),
    ("relu(z)", "(z + abs(z))/2", 2),
    ("sqrt(z^2)", "abs(z)", 2),
    ("sign(z)", "abs(z)/z", 2),
    ("where(z > 1, z, where(z < -1, -z, 1))", "max(1, abs(z))", 4),
]


@pytest.mark.parametrize(("one", "other", "parts"), PROVEN)
def test_what_is_equal_is_equal_on_every_piece(one: str, other: str, parts: int) -> None:
    found = compared(one, other)
    assert [part.difference for part in found] == [None] * parts
    assert (found[0].low, found[-1].high) == (-inf, inf)
    assert [part.low for part in found[1:]] == [part.high for part in found[:-1]]


@pytest.mark.parametrize(("one", "other", "parts"), [case for case in PROVEN if "sqrt" not in case[0]])
def test_equality_of_what_identity_knows_is_proven(one: str, other: str, parts: int) -> None:
    assert [part.certainty for part in compared(one, other)] == [Certainty.PROVEN] * parts


DIFFERING = [
    ("z", "abs(z)", [True, False]),
    ("z + 1e-300", "z", [True]),
    ("z + where(z > 40, 1e-12, 0)", "z", [False, True]),
    ("where(z > 0, z, 0)", "where(z > 1, z, 0)", [False, True, False]),
    ("z + ln(z)*0", "z", [True, False]),
    ("sqrt(z)", "sqrt(z)", [False]),
]


@pytest.mark.parametrize(("one", "other", "differs"), DIFFERING)
def test_a_difference_is_found_on_the_piece_where_it_is(one: str, other: str, differs: list[bool]) -> None:
    found = compared(one, other)
    assert [part.difference is not None for part in found] == differs
    for part in found:
        if part.difference is not None:
            assert part.low < part.difference.z < part.high
            assert part.certainty is Certainty.PROVEN


ADDED = ["1", "z", "sin(z)", "exp(-z^2)", "tanh(z)", "(z-0.3)(z+0.3)", "abs(z)", "relu(z-3)"]
BASES = ["z", "tanh(z)", "z*tanh(z)", "exp(z)", "abs(z)", "sigmoid(z)", "where(z > 0, z, z/10)"]


@settings(deadline=None)
@given(st.sampled_from(BASES), st.sampled_from(ADDED), st.integers(-40, 3), st.integers(1, 9))
def test_every_difference_that_is_reported_is_one(base: str, added: str, exponent: int, digit: int) -> None:
    one, other = parse(f"{base} + {digit}e{exponent}*({added})"), parse(base)
    found = [part.difference for part in compare(one, other) if part.difference is not None]
    assert found
    for difference in found:
        with ctx.workprec(2000):
            mine, theirs = (value_at(node, arb(difference.z)) for node in (one, other))
            assert not mine.overlaps(theirs)
            assert difference.distance == pytest.approx(float(abs(mine - theirs)), rel=1e-6)


@pytest.mark.parametrize(("low", "high", "same"), [(0.0, 5.0, True), (-5.0, 0.0, False), (-1.0, 1.0, False)])
def test_only_the_interval_is_looked_at(low: float, high: float, same: bool) -> None:
    found = compared("z", "abs(z)", low, high)
    assert all(part.difference is None for part in found) == same
    assert (found[0].low, found[-1].high) == (low, high)


def test_an_interval_without_a_value_on_either_side_is_no_difference() -> None:
    assert all(part.difference is None for part in compared("ln(z)", "ln(z)/1"))
    assert [part.low for part in compared("ln(z)", "ln(z)")] == [0.0]
