"""Gradings as rows of a table."""

from typing import Any

from service.grading.batch import GradedSubmission
from service.grading.spec import Rubric

_TOTALS = ("score", "max_score", "fraction", "status")


def header(rubric: Rubric) -> list[str]:
    """The names of the columns: the sheet, its score, the points and the status of every claim, its error."""
    claims = [f"{claim.id}_{part}" for claim in rubric.claims for part in ("points", "status")]
    return ["index", "id", *_TOTALS, *claims, "error_code", "error_detail"]


def row(graded: GradedSubmission, columns: int) -> list[Any]:
    """`graded` in these columns, of which there are so many; null is an empty cell."""
    if graded.grading is None:
        error = [graded.error.code, graded.error.detail] if graded.error else [None, None]
        return [graded.index, graded.id, *[None] * (columns - 4), *error]
    totals = [getattr(graded.grading, name) for name in _TOTALS]
    claims = [part for check in graded.grading.checks for part in (check.points, check.status.value)]
    return [graded.index, graded.id, *totals, *claims, None, None]
