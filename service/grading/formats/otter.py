"""otter-grader."""

from typing import Any, ClassVar

from service.grading.formats.base import Format
from service.grading.formats.markup import json_text
from service.grading.formats.wording import (
    HIDDEN,
    HIDDEN_TITLE,
    hidden,
    message,
    passed,
    points_of,
    title,
    untold,
    visible,
)
from service.grading.results import Check, Grading


class Otter(Format):
    """One object for each check: where it has not passed, a test case raises AssertionError(message).

    All hidden checks together are one object without reasons, so that the scores add up. There is no word for
    undecided: it has not passed, and the message says that a person must look.
    """

    name: ClassVar[str] = "otter"
    media_type: ClassVar[str] = "application/json"
    what: ClassVar[str] = "otter-grader: name, passed, score, max_score and message of each check, for test cases."

    def write(self, grading: Grading) -> str:
        """One object for each visible check, and one for all hidden ones."""
        unseen = hidden(grading)
        told = [_case(check) for check in visible(grading)]
        return json_text([*told, _together(unseen)] if unseen else told)


def _case(check: Check) -> dict[str, Any]:
    """The test case of `check`."""
    return {
        "name": check.id,
        "passed": passed(check),
        "score": check.points,
        "max_score": check.max_points,
        "message": f"{title(check)}: {message(check)}",
    }


def _together(checks: list[Check]) -> dict[str, Any]:
    """One test case for all hidden `checks`, which tells their points alone."""
    score, max_score = points_of(checks)
    return {
        "name": HIDDEN,
        "passed": all(passed(check) for check in checks),
        "score": score,
        "max_score": max_score,
        "message": f"{HIDDEN_TITLE}: {untold(checks)}",
    }
