"""LTI Advantage: assignment and grade services."""

from typing import Any, ClassVar

from service.grading.formats.base import Format, as_text
from service.grading.formats.markup import json_text
from service.grading.results import Grading


class Ags(Format):
    """The score that a tool posts to `{lineitem}/scores`, short of `userId` and `timestamp`.

    Both are required, and both are for the caller to add: this service knows no students and reads no clock. The
    learning platform refuses a timestamp that is older than the score it has.
    """

    name: ClassVar[str] = "ags"
    media_type: ClassVar[str] = "application/vnd.ims.lis.v1.score+json"
    what: ClassVar[str] = "LTI AGS (Canvas, Moodle, …): a score; the caller adds userId and timestamp."

    def write(self, grading: Grading) -> str:
        """The score, pending where a person must look."""
        return json_text(
            {
                **_points(grading),
                "comment": as_text(grading),
                "activityProgress": "Completed",
                "gradingProgress": "PendingManual" if grading.needs_review else "FullyGraded",
            }
        )


def _points(grading: Grading) -> dict[str, Any]:
    """Given and maximum; where there are no points to get the fraction of 1, for the maximum must be positive."""
    if grading.max_score > 0:
        return {"scoreGiven": grading.score, "scoreMaximum": grading.max_score}
    return {"scoreGiven": grading.fraction, "scoreMaximum": 1.0}
