"""This service's own format."""

from typing import ClassVar

from service.grading.formats.base import Format
from service.grading.formats.markup import json_of
from service.grading.results import Grading


class Native(Format):
    """The grading as this service states it: everything, hidden checks marked as such, not for the student's eyes."""

    name: ClassVar[str] = "native"
    media_type: ClassVar[str] = "application/json"
    what: ClassVar[str] = "The grading as this service states it, hidden checks included and marked."

    def write(self, grading: Grading) -> str:
        """The grading in JSON."""
        return json_of(grading)
