"""Autolab."""

from typing import Any, ClassVar

from service.grading.formats.base import Format, statement
from service.grading.formats.markup import json_text
from service.grading.results import Check, Grading

_STAGE = "Checks"


class Autolab(Format):
    """The last two lines of an autograder's output: feedback, then scores.

    The problems of the assessment must be named as the claims' ids, hidden ones too, whose names and points therefore
    are seen. There is no word for a part of the points, nor for what a person must look at: it has not passed, and the
    hint says so, unless the check is hidden.
    """

    name: ClassVar[str] = "autolab"
    media_type: ClassVar[str] = "text/plain"
    what: ClassVar[str] = "Autolab: the last two lines of an autograder's output, semantic feedback and scores."

    def write(self, grading: Grading) -> str:
        """Two lines of JSON."""
        tests = {check.id: _test(check) for check in grading.visible}
        feedback = {"_presentation": "semantic", "stages": [_STAGE], _STAGE: tests}
        scores = {"scores": {check.id: check.points for check in grading.checks}}
        return f"{json_text(feedback)}\n{json_text(scores)}"


def _test(check: Check) -> dict[str, Any]:
    """What became of `check`, with the reason as a hint."""
    # Autolab puts quotation marks around any `word:` before it reads the JSON, and so breaks strings that hold one.
    hint = statement(check).replace(":", " :")
    return {"passed": check.passed, "hint": hint}
