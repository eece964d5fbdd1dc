"""Choices: all of them, or each for itself."""

from typing import Any

import pytest

from api_tests.grading.judging import Json, flaws, judged

CHOICE: Json = {"kind": "choice", "choices": ["a", "b", "c", "d"], "expected": ["a", "b"], "points": 2.0}

CASES = [
    ("all", ["a", "b"], 2.0),
    ("all", ["b", "a", "a"], 2.0),
    ("all", ["a"], 0.0),
    ("all", "a", 0.0),
    ("all", ["a", "b", "c"], 0.0),
    ("all", [], 0.0),
    ("each", ["a", "b"], 2.0),
    ("each", ["a"], 1.0),
    ("each", "b", 1.0),
    ("each", ["a", "c"], 0.0),
    ("each", ["a", "b", "c"], 1.0),
    ("each", ["a", "b", "c", "d"], 0.0),
    ("each", ["c", "d"], 0.0),
]


@pytest.mark.parametrize(("credit", "answer", "points"), CASES)
def test_choices_are_worth_what_they_hit_less_what_they_miss(credit: str, answer: Any, points: float) -> None:
    check = judged({**CHOICE, "credit": credit}, answer)
    assert check.points == points
    assert check.status == {0.0: "incorrect", 1.0: "partial", 2.0: "correct"}[points]
    assert check.method == "lookup"


@pytest.mark.parametrize("answer", ["e", ["a", "e"], [["a"]], {"a": True}, 1, True, [None]], ids=str)
def test_what_cannot_be_chosen_is_unreadable(answer: Any) -> None:
    assert judged(CHOICE, answer).status == "invalid"


FLAWED = [
    ({"expected": ["e"]}, "/expected"),
    ({"choices": ["a", "a", "b"]}, "/choices"),
    ({"expected": ["a", "a"]}, "/choices"),
]


@pytest.mark.parametrize(("fields", "pointer"), FLAWED)
def test_choices_that_contradict_themselves_are_flawed(fields: Json, pointer: str) -> None:
    assert [found for found, _ in flaws({**CHOICE, **fields})] == [pointer]
    assert flaws(CHOICE) == []
