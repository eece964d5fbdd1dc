"""Numbers as answers, and how near is near enough."""

from typing import Any

import pytest

from api_tests.grading.judging import Json, flaws, judged


def number(expected: float, **fields: Any) -> Json:
    return {"kind": "number", "expected": expected, **fields}


CASES = [
    (number(2.0, relative_tolerance=0.01), 2.0199, "within_tolerance"),
    (number(2.0, relative_tolerance=0.01), 1.9801, "within_tolerance"),
    (number(-2.0, relative_tolerance=0.01), -2.0199, "within_tolerance"),
    (number(2.0, relative_tolerance=0.0), 2, "within_tolerance"),
    (number(0.0, absolute_tolerance=1e-3), -0.0009, "within_tolerance"),
    (number(2.0, relative_tolerance=0.01), "2.0200001", "outside_tolerance"),
    (number(0.1, relative_tolerance=0.0), "0.1 + 1e-30", "outside_tolerance"),
    (number(0.0, absolute_tolerance=1e-3), 0.0011, "outside_tolerance"),
    (number(1e6, absolute_tolerance=1.0), 1000001, "within_tolerance"),
    (number(1e6, absolute_tolerance=1.0), 1000001.5, "outside_tolerance"),
    (number(3.14159, significant_figures=3), 3.14, "within_tolerance"),
    (number(3.14159, significant_figures=3), 3.1466, "outside_tolerance"),
    (number(3.14159, significant_figures=3), 3.13, "outside_tolerance"),
    (number(0.00123456, significant_figures=2), "0.0012", "within_tolerance"),
    (number(0.00123456, significant_figures=2), "0.0013", "outside_tolerance"),
    (number(100.0, significant_figures=2, absolute_tolerance=0.1), 104, "within_tolerance"),
    (number(2.0, relative_tolerance=0.01), -2.0, "differs_by_sign"),
    (number(-2.0, relative_tolerance=0.01), 2.0, "differs_by_sign"),
    (number(0.7615941559557649, relative_tolerance=1e-12), "tanh(1)", "within_tolerance"),
    (number(1.4142135623730951, relative_tolerance=1e-12), r"\sqrt{2}", "within_tolerance"),
    (number(0.25, relative_tolerance=1e-9), r"\frac{1}{4}", "within_tolerance"),
]


@pytest.mark.parametrize(("claim", "answer", "code"), CASES)
def test_a_number_is_right_where_one_of_the_tolerances_is_kept(claim: Json, answer: Any, code: str) -> None:
    check = judged(claim, answer)
    assert (check.code, check.method) == (code, "numeric")
    assert (check.status == "correct") == (code == "within_tolerance")
    assert check.points == float(check.status == "correct")


EDGES = [
    (number(2.0, relative_tolerance=0.01), 2.02),
    (number(2.0, relative_tolerance=0.01), 1.98),
    (number(-2.0, relative_tolerance=0.01), -2.02),
    (number(0.1, relative_tolerance=0.0), 0.1),
    (number(0.1, relative_tolerance=0.0), "1/10"),
    (number(0.0, absolute_tolerance=1e-3), -0.001),
]


@pytest.mark.parametrize(("claim", "answer"), EDGES)
def test_a_number_exactly_at_the_edge_keeps_the_tolerance(claim: Json, answer: Any) -> None:
    assert judged(claim, answer).status == "correct"


@pytest.mark.parametrize(("answer", "word"), [(3, "too large"), (1, "too small"), (-2, "wrong sign")])
def test_a_wrong_number_is_told_on_which_side_it_is(answer: int, word: str) -> None:
    assert word in judged(number(2.0, relative_tolerance=0.01), answer).message


@pytest.mark.parametrize("answer", ["z", "2 apples", "1/0", "ln(0)", [2], {"value": 2}, True, "0x10", "1e400"], ids=str)
def test_what_is_no_number_is_unreadable(answer: Any) -> None:
    assert judged(number(2.0, relative_tolerance=0.01), answer).status == "invalid"


FLAWED = [
    (number(2.0), ""),
    (number(0.0, relative_tolerance=0.1), "/expected"),
    (number(0.0, significant_figures=3), "/expected"),
]


@pytest.mark.parametrize(("claim", "pointer"), FLAWED)
def test_a_number_that_nobody_could_meet_is_flawed(claim: Json, pointer: str) -> None:
    assert [found for found, _ in flaws(claim)] == [pointer]
    assert flaws(number(0.0, absolute_tolerance=0.1)) == []
