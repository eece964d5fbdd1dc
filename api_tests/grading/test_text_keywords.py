"""Texts: right where every idea is named, otherwise for a person, never wrong."""

from typing import Any

import pytest

from api_tests.grading.judging import Json, graded, judged

TEXT: Json = {"kind": "text_keywords", "ideas": [["vanish", "shrink"], ["product"], ["a+b (c)"]]}

CASES = [
    ("Gradients vanish: a product of a+b (c).", "correct"),
    ("VANISHING, products, A+B (C)", "correct"),
    ("They shrink, as a product. a+b (c)", "correct"),
    ("They shrink, as a product.", "undecided"),
    ("The byproduct of shrinking a+b (c)", "undecided"),
    ("no", "undecided"),
    ("\0\x1b[31m" * 100, "undecided"),
    ("x" * 10_000, "undecided"),
]


@pytest.mark.parametrize(("answer", "status"), CASES)
def test_a_text_is_right_or_undecided_and_never_wrong(answer: str, status: str) -> None:
    check = judged(TEXT, answer)
    assert (check.status, check.points) == (status, float(status == "correct"))


def test_what_is_undecided_asks_for_a_person() -> None:
    claims = [{"id": "a", **TEXT}]
    assert graded(claims, {"a": "no"}).status == "needs_review"
    assert graded(claims, {"a": CASES[0][0]}).status == "graded"


@pytest.mark.parametrize("answer", [1, ["vanish"], {"text": "vanish"}, "x" * 10_001], ids=lambda one: str(one)[:20])
def test_what_is_no_text_or_too_long_is_unreadable(answer: Any) -> None:
    assert judged(TEXT, answer).status == "invalid"
