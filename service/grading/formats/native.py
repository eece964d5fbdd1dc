"""This service's own format."""

from typing import Any, ClassVar

from service.grading.formats.base import Format
from service.grading.formats.markup import encodable
from service.grading.results import Grading


class Native(Format):
    """The grading as this service states it: everything, hidden checks marked as such, not for the student's eyes."""

    name: ClassVar[str] = "native"
    media_type: ClassVar[str] = "application/json"
    what: ClassVar[str] = "The grading as this service states it, hidden checks included and marked."

    def write(self, grading: Grading) -> str:
        """The grading in JSON."""
        return Grading.model_validate(_encodable(grading.model_dump())).model_dump_json()


def _encodable(value: Any) -> Any:
    """`value` with nothing in its strings that Pydantic cannot write as UTF-8."""
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, list):
        return [_encodable(item) for item in value]
    return {key: _encodable(item) for key, item in value.items()} if isinstance(value, dict) else value
