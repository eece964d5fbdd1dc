"""The family of formats: how grading platforms read a grading; one class a file, found by reading the folder."""

from service.grading.formats.base import Format
from service.kinds import discover

__all__ = ["FORMATS", "NAMES", "Format"]

discover(__name__)

FORMATS: dict[str, Format] = {
    format_.name: format_() for format_ in sorted(Format.__subclasses__(), key=lambda format_: format_.name)
}
"""Every format by its name, in the order of the names."""

NAMES = tuple(FORMATS)
"""The names of all formats, in order."""
