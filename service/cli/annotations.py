"""Workflow commands of GitHub Actions: one line for a model that a reviewer should look at."""

from collections.abc import Mapping

from service.cli.checked import Checked

_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = {**_DATA, ":": "%3A", ",": "%2C"}


def annotations(one: Checked) -> str:
    """An error where a model fails or is refused, a warning where something warns, and nothing otherwise."""
    if one.is_clean:
        return ""
    command = "error" if one.refused or one.failed_on else "warning"
    properties = {"file": one.file, "line": str(one.line), "title": f"{one.model}: {one.verdict}"}
    written = ",".join(f"{name}={_escaped(value, _PROPERTY)}" for name, value in properties.items() if value)
    message = "\n".join([*one.refused] or [one.reason, *([f"Try: {one.remedy}"] if one.remedy else [])])
    return f"::{command} {written}::{_escaped(message, _DATA)}\n"


def _escaped(text: str, written: Mapping[str, str]) -> str:
    return "".join(written.get(character, character) for character in text)
