"""A line for a terminal."""

from typing import ClassVar

from service.grading.formats.base import Format
from service.grading.results import Grading


class OneLine(Format):
    """The points and their maximum in one line of text."""

    name: ClassVar[str] = "one_line"
    media_type: ClassVar[str] = "text/plain"
    what: ClassVar[str] = "The points and their maximum, in one line."

    def write(self, grading: Grading) -> str:
        return f"{grading.score:g} of {grading.max_score:g}"
