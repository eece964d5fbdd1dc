"""Strings of students and teachers, made safe to stand in a line, in HTML or XML, and in JSON."""

import html
import json
import re
from typing import Any

from pydantic_core import PydanticSerializationError

from service.core.kinds import Model

# What XML 1.0 cannot hold (controls, lone surrogates, U+FFFE and U+FFFF), the controls that it can (a terminal obeys
# them), and what reverses the text after it. White space stays; `line` folds it.
_UNPRINTABLE = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff]"
)
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")


def line(text: str) -> str:
    """`text` as one line of printable characters; still to be escaped where it enters markup."""
    return " ".join(_UNPRINTABLE.sub("", text).split())


def escaped(text: str) -> str:
    """`text` as one line that is character data, or a quoted attribute, of both HTML and XML."""
    return html.escape(line(text), quote=True)


def as_maths(latex: str | None, delimiters: tuple[str, str]) -> str:
    """`latex` between `delimiters` as character data, for pages that set it; empty where there is none.

    What could end the delimiters, or begin others, is no formula of this service, and is left out.
    """
    kept = line(latex or "")
    foreign = any(mark in kept for mark in ("\\(", "\\)", "\\[", "\\]", "$"))
    return "" if foreign or not kept else escaped(kept.join(delimiters))


def json_text(value: Any) -> str:
    """`value` as JSON in ASCII, so that it is one line whatever its reader calls a line; ValueError for NaN."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False)


def json_of(model: Model) -> str:
    """`model` as JSON, with U+FFFD for every lone surrogate; the same text as Pydantic's where there is none."""
    try:
        return model.model_dump_json()
    except PydanticSerializationError:
        return type(model).model_validate(_encodable(model.model_dump())).model_dump_json()


def _encodable(value: Any) -> Any:
    """`value` with nothing in its strings that Pydantic cannot write as UTF-8."""
    if isinstance(value, str):
        return _LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_encodable(item) for item in value]
    return {_encodable(key): _encodable(item) for key, item in value.items()} if isinstance(value, dict) else value
