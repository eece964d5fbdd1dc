"""What platforms read and send: how each has a grading written, and its own requests; found by reading the folder."""

from enum import StrEnum
from typing import TYPE_CHECKING

from service.core.kinds import discover
from service.grading.formats.base import Format

__all__ = ["FORMATS", "Format", "FormatName"]

discover(__name__)

FORMATS: dict[str, Format] = {
    format_.name: format_() for format_ in sorted(Format.__subclasses__(), key=lambda format_: format_.name)
}
"""Every format by its name, in the order of the names."""

if TYPE_CHECKING:
    FormatName = str
else:
    FormatName = StrEnum("FormatName", {name.upper(): name for name in FORMATS})
    FormatName.__doc__ = "The formats that a grading may be written in."
