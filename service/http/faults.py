"""A validation error of Pydantic's → a fault with its pointer, in words that repeat nothing of what was sent."""

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

from service.http.pointers import pointer_of
from service.kinds import Model

Item = dict[str, Any]


class FieldError(Model):
    """One fault in the body that was sent."""

    pointer: str
    """Where: an RFC 6901 pointer into the body; empty for the body as a whole."""
    code: str
    """What kind of fault, for programs."""
    detail: str
    """What is wrong and what would be right, for people."""


def fault_of(item: Item, body: Any) -> FieldError:
    """The fault that the validation error `item` of `body` states."""
    kind = item["type"]
    pointer = pointer_of(item["loc"], body, to_parent=kind == "missing")
    say = WORDS.get(kind, _as_pydantic_says)
    return FieldError(pointer=pointer, code=kind.replace("_", "-"), detail=say(item))


def _as_pydantic_says(item: Item) -> str:
    return str(item["msg"])


def _missing(item: Item) -> str:
    name = str(item["loc"][-1])
    return "A JSON body is required." if name == "body" else f"The field `{name}` is required."


def _limit(name: str, words: str) -> Callable[[Item], str]:
    return lambda item: f"The number must be {words} {item['ctx'][name]:g}."


def _unknown_kind(item: Item) -> str:
    known = [tag.strip("' ") for tag in item["ctx"]["expected_tags"].split(",")]
    close = get_close_matches(str(item["ctx"]["tag"]).lower(), known, n=1)
    hint = f" Did you mean {close[0]}?" if close else ""
    return f"There is no such kind; known are {', '.join(known)}.{hint}"


WORDS: dict[str, Callable[[Item], str]] = {
    "missing": _missing,
    "extra_forbidden": lambda _: "There is no such field here.",
    "union_tag_invalid": _unknown_kind,
    "union_tag_not_found": lambda _: "The field `kind` is required.",
    "less_than": _limit("lt", "below"),
    "less_than_equal": _limit("le", "at most"),
    "greater_than": _limit("gt", "above"),
    "greater_than_equal": _limit("ge", "at least"),
}
