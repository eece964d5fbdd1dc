"""Submitty."""

from typing import ClassVar

from service.grading.formats.base import Format, as_text
from service.grading.formats.markup import json_text
from service.grading.results import Grading


class Submitty(Format):
    """A custom validator's validation_results.json; hidden checks count in the score alone.

    There is no word for undecided: the status is a warning, and the message says that a person must look.
    """

    name: ClassVar[str] = "submitty"
    media_type: ClassVar[str] = "application/json"
    what: ClassVar[str] = "Submitty: a custom validator's validation_results.json."

    def write(self, grading: Grading) -> str:
        """validation_results.json: the score in [0, 1], a message and a status."""
        data = {"score": grading.fraction, "message": as_text(grading), "status": _status(grading)}
        # The outer status says that grading worked, whatever the result: "fail" would be no points.
        return json_text({"status": "success", "data": data})


def _status(grading: Grading) -> str:
    """The colour of the message: red for no points, yellow where some are missing or a person must look."""
    if grading.all_correct:
        return "success"
    return "warning" if grading.needs_review or grading.fraction > 0 else "failure"
