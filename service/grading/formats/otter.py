"""otter-grader."""

from typing import Any, ClassVar

from service.grading.formats.base import Format, disclosed, message, points_in_words, title
from service.grading.formats.markup import json_text
from service.grading.results import Check, Grading


class Otter(Format):
    """One object for each test case, which otter gives all of its points or none.

    `test_case(name=name, points=max_score, success_message=message)` is a case that raises AssertionError(message)
    unless it has `passed`; with `all_or_nothing = False` the file's score is the rubric's, as in `examples/otter`.
    A check with a part of its points is two cases: one passes with the points given, and one fails with the others.
    All hidden checks together are judged as one check without reasons. There is no word for undecided: the case has not
    passed, and the message says that a person must look.
    """

    name: ClassVar[str] = "otter"
    media_type: ClassVar[str] = "application/json"
    what: ClassVar[str] = "otter-grader: name, passed, score, max_score and message of each test case."

    def write(self, grading: Grading) -> str:
        """The cases of each visible check, and those of all hidden ones together."""
        return json_text([case for check in disclosed(grading) for case in _cases(check)])


def _cases(check: Check) -> list[dict[str, Any]]:
    """One case, or two where a part of the points is given."""
    told = f"{title(check)}: {message(check)}"
    if check.points >= check.max_points:
        passed = check.passed or check.max_points > 0
        return [_case(check.id, passed, check.max_points, told)]
    if check.points == 0:
        return [_case(check.id, False, check.max_points, told)]
    given = f"{title(check)}: {points_in_words(check.points, check.max_points)}."
    return [
        _case(f"{check.id}-given", True, check.points, given),
        _case(check.id, False, check.max_points - check.points, told),
    ]


def _case(name: str, passed: bool, points: float, told: str) -> dict[str, Any]:
    return {
        "name": name,
        "passed": passed,
        "score": points if passed else 0.0,
        "max_score": points,
        "message": told,
    }
