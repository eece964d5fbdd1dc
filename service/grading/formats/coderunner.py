"""Moodle CodeRunner."""

from typing import Any, ClassVar

from service.grading.formats.base import REVIEW, Format, message, points_in_words, points_summary, title
from service.grading.formats.markup import escaped, json_text
from service.grading.results import Check, Grading


class CodeRunner(Format):
    """What a combinator template grader prints for Moodle CodeRunner, which refuses any field it does not know.

    CodeRunner escapes the cells of the table, and neither the prologue nor the epilogue. There is no word for
    undecided: the check's row and the epilogue say that a person must look.
    """

    name: ClassVar[str] = "coderunner"
    media_type: ClassVar[str] = "application/json"
    what: ClassVar[str] = "Moodle CodeRunner: the output of a combinator template grader."

    def write(self, grading: Grading) -> str:
        """The fraction, and a table with one row for each check; teachers see the rows of hidden ones."""
        return json_text(
            {
                "fraction": grading.fraction,
                "prologuehtml": f"<p>{escaped(points_summary(grading))}</p>",
                "testresults": [
                    ["iscorrect", "Check", "Points", "Message", "ishidden"],
                    *(_row(check) for check in grading.checks),
                ],
                "epiloguehtml": f"<p>{escaped(REVIEW)}</p>" if grading.needs_review else "",
                "columnformats": ["%s", "%s", "%s"],  # one for each column but iscorrect and ishidden
            }
        )


def _row(check: Check) -> list[Any]:
    """The cells of `check`; `iscorrect` is a fraction, which CodeRunner shows as right, partly right or wrong."""
    points = points_in_words(check.points, check.max_points)
    return [check.share, title(check), points, message(check), int(check.hidden)]
