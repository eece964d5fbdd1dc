"""An answer with two sides is read where both are the same function, and goes to a person elsewhere."""

import pytest

from api_tests.grading.judging import Json, judged

STANH: Json = {"kind": "expression", "derivative_of": {"kind": "stanh"}}


@pytest.mark.parametrize(
    "answer",
    [
        "tanh(z) + z*(1-tanh(z)^2) = tanh(z) + z*sech(z)^2",
        "f'(z) = tanh(z) + z*(1-tanh(z)^2) = tanh(z) + z/cosh(z)^2",
        "tanh z + z sech² z = sinh(z)/cosh(z) + z/cosh²(z) = tanh z + z(1 - tanh² z)",
    ],
)
def test_sides_that_are_the_same_function_are_one_answer(answer: str) -> None:
    assert judged(STANH, answer).status == "correct"


@pytest.mark.parametrize(
    ("answer", "position"),
    [("tanh(z) = tanh(z) + z*sech(z)^2", 11), ("tanh(z) + z*sech(z)^2 = 1", 25), ("z = " * 12 + "z", 49)],
)
def test_sides_that_differ_are_read_by_nobody_but_a_person(answer: str, position: int) -> None:
    check = judged(STANH, answer)
    assert (check.status, check.position) == ("invalid", position)
    assert "both sides of “=”" in check.message
