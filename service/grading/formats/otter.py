"""otter-grader."""

from typing import Any, ClassVar

from service.grading.formats.base import Format, disclosed, message, title
from service.grading.formats.markup import json_text
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
        return json_text([_case(check) for check in disclosed(grading)])


def _case(check: Check) -> dict[str, Any]:
    """The test case of `check`."""
    return {
        "name": check.id,
        "passed": check.passed,
        "score": check.points,
        "max_score": check.max_points,
        "message": f"{title(check)}: {message(check)}",
    }
