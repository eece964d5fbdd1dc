"""The µEd API."""

from typing import Any, ClassVar

from service.grading.formats.base import Format
from service.grading.formats.markup import json_text
from service.grading.formats.wording import HIDDEN, HIDDEN_TITLE, hidden, message, points_of, title, untold, visible
from service.grading.results import Check, Grading


class MuEd(Format):
    """What `POST /evaluate` of the µEd API 0.1.0 answers: a list of feedback, in plain text.

    All hidden checks together are one feedback without reasons, so that the awarded points add up to the score.
    """

    name: ClassVar[str] = "mu_ed"
    media_type: ClassVar[str] = "application/json"
    what: ClassVar[str] = "µEd API 0.1.0: the list of Feedback that POST /evaluate answers."

    def write(self, grading: Grading) -> str:
        """One Feedback for each visible check, and one for all hidden ones."""
        unseen = hidden(grading)
        told = [_feedback(check) for check in visible(grading)]
        return json_text([*told, _together(unseen)] if unseen else told)


def _feedback(check: Check) -> dict[str, Any]:
    """The Feedback of `check`."""
    return {
        "feedbackId": check.id,
        "title": title(check),
        "message": message(check),
        "awardedPoints": check.points,
        "criterion": _criterion(check.id, title(check), (check.points, check.max_points)),
    }


def _together(checks: list[Check]) -> dict[str, Any]:
    """One Feedback for all hidden `checks`, which tells their points alone."""
    points = points_of(checks)
    return {
        "feedbackId": HIDDEN,
        "title": HIDDEN_TITLE,
        "message": untold(checks),
        "awardedPoints": points[0],
        "criterion": _criterion(HIDDEN, HIDDEN_TITLE, points),
    }


def _criterion(identifier: str, name: str, points: tuple[float, float]) -> dict[str, Any]:
    """The Criterion; µEd's schema takes no gradeConfig without all three numbers."""
    given, most = points
    return {"criterionId": identifier, "name": name, "gradeConfig": {"min": 0.0, "max": most, "value": given}}
