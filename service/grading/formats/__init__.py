"""The family of formats: how grading platforms read a grading; one class a file, found by reading the folder."""

from enum import StrEnum
from typing import TYPE_CHECKING

from service.core.kinds import discover
from service.grading.formats.base import Format

__all__ = ["FORMATS", "NAMES", "Format", "FormatName"]

discover(__name__)

FORMATS: dict[str, Format] = {
    format_.name: format_() for format_ in sorted(Format.__subclasses__(), key=lambda format_: format_.name)
}
"""Every format by its name, in the order of the names."""

NAMES = tuple(FORMATS)
"""The names of all formats, in order."""

if TYPE_CHECKING:
    FormatName = str
else:
    FormatName = StrEnum("FormatName", {name.upper(): name for name in NAMES})
    FormatName.__doc__ = "The formats that a grading may be written in."
