"""Artemis."""

from typing import Any, ClassVar

from service.grading.formats.base import Format, concealed, message, statement
from service.grading.formats.markup import json_text
from service.grading.results import Check, Grading


class Artemis(Format):
    """The files of Artemis's customFeedbacks folder, by their names.

    Artemis gives points by the name of a test, so that a hidden check has its file too, without title and reason; who
    sees it is for the exercise to say. Part of the points, undecided and unreadable are not successful, and the message
    tells which: Artemis has no other word.
    """

    name: ClassVar[str] = "artemis"
    media_type: ClassVar[str] = "application/json"
    what: ClassVar[str] = "Artemis: an object of the files to be written to customFeedbacks/, by name."

    def write(self, grading: Grading) -> str:
        """An object: name of a file → what it holds."""
        return json_text({f"{check.id}.json": _feedback(check) for check in grading.checks})


def _feedback(check: Check) -> dict[str, Any]:
    """One custom feedback; Artemis refuses a failure without a message."""
    told = message(concealed([check])) if check.hidden else statement(check)
    return {"name": check.id, "successful": check.passed, "message": told}
