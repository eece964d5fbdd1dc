"""Gradescope."""

from typing import Any, ClassVar

from service.grading.formats.base import Format, message, points_summary, title
from service.grading.formats.markup import json_text, line
from service.grading.results import Check, CheckStatus, Grading

_TAGS = {CheckStatus.UNDECIDED: "undecided", CheckStatus.INVALID: "unreadable"}
"""What a person may be needed for."""


class Gradescope(Format):
    """Gradescope's results.json; a hidden check is a hidden test, and then Gradescope hides the total as well.

    A test passes or fails with all of its points or none. With a part of them, or where a person must look, it does
    neither, and a tag says what a person is needed for.
    """

    name: ClassVar[str] = "gradescope"
    media_type: ClassVar[str] = "application/json"
    what: ClassVar[str] = "Gradescope: /autograder/results/results.json."

    def write(self, grading: Grading) -> str:
        """results.json: the total and one test for each check."""
        return json_text(
            {
                "score": grading.score,
                "output": points_summary(grading),
                "output_format": "text",
                "test_output_format": "text",
                "test_name_format": "text",
                "tests": [_test(check) for check in grading.checks],
            }
        )


def _test(check: Check) -> dict[str, Any]:
    """The test of `check`; neither passed nor failed where a part of the points is given, or a person must look."""
    test = {
        "score": check.points,
        "max_score": check.max_points,
        "name": title(check),
        "name_format": "text",
        "number": check.id,
        "output": message(check),
        "output_format": "text",
        "visibility": "hidden" if check.hidden else "visible",
        "extra_data": {"id": check.id, "status": check.status.value, "code": line(check.code)},
    }
    tags = {"tags": [_TAGS[check.status]]} if check.status in _TAGS else {}
    if check.needs_review or check.status is CheckStatus.PARTIAL:
        return {**test, **tags}
    return {**test, **tags, "status": "passed" if check.passed else "failed"}
