"""PrairieLearn's external graders."""

from typing import Any, ClassVar

from service.grading.formats.base import Format
from service.grading.formats.markup import json_text, line
from service.grading.formats.wording import message, summary, title, unreadable, visible
from service.grading.results import Check, CheckStatus, Grading


class PrairieLearn(Format):
    """The results.json of an external grader; hidden checks count in the score alone.

    Where no answer can be read the submission is not gradable, which takes no attempt. PrairieLearn escapes all these
    strings itself.
    """

    name: ClassVar[str] = "prairielearn"
    media_type: ClassVar[str] = "application/json"
    what: ClassVar[str] = "PrairieLearn's external graders: /grade/results/results.json."

    def write(self, grading: Grading) -> str:
        """results.json: the score in [0, 1] and one test for each visible check."""
        results = {
            "score": grading.fraction,
            "gradable": not unreadable(grading),
            "message": summary(grading),
            "tests": [_test(check) for check in visible(grading)],
        }
        return json_text({**results, "format_errors": _format_errors(grading)} if unreadable(grading) else results)


def _test(check: Check) -> dict[str, Any]:
    """The test of `check`; with points always, since one test without them switches all points off."""
    read = line(check.parsed_latex or "")
    return {
        "name": title(check),
        "points": check.points,
        "max_points": check.max_points,
        "message": message(check),
        "output": f"Read as {read}" if read else "",
    }


def _format_errors(grading: Grading) -> list[str]:
    """Why nothing could be read; never empty."""
    invalid = [check for check in visible(grading) if check.status is CheckStatus.INVALID]
    return [f"{title(check)}: {message(check)}" for check in invalid] or ["No answer could be read."]
