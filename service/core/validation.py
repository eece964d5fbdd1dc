"""A validation error of Pydantic's → a fault with its pointer, in words that repeat nothing of what was sent."""

from collections.abc import Callable, Mapping, Sequence, Set
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import Field

from service.core.kinds import Model, advice_on, kind_called
from service.core.pointers import Location, pointer_of

_Item = Mapping[str, Any]

CODE = "^[a-z][a-z-]*$"
"""What codes look like."""


class FieldError(Model):
    """One fault in the body that was sent."""

    pointer: str
    """Where: an RFC 6901 pointer into the body; empty for the body as a whole."""
    code: Annotated[str, Field(pattern=CODE)]
    """What kind of fault, for programs."""
    detail: Annotated[str, Field(min_length=1)]
    """What is wrong and what would be right, for people."""


def faults_of(items: Sequence[_Item], body: Any) -> list[FieldError]:
    """The faults that the validation errors `items` of `body` state."""
    untagged = {
        tuple(item["loc"][:-1]) for item in items if item["type"] == "extra_forbidden" if item["loc"][-1] == "kind"
    }
    return [_fault(item, body, untagged) for item in items]


def _fault(item: _Item, body: Any, untagged: Set[Location]) -> FieldError:
    kind = item["type"]
    location = item["loc"][:-1] if kind == "missing" else item["loc"]  # what is missing has no place: its object has
    say = _WORDS.get(kind, _as_pydantic_says)
    return FieldError(pointer=pointer_of(location, body, untagged), code=kind.replace("_", "-"), detail=say(item))


def _as_pydantic_says(item: _Item) -> str:
    return str(item["msg"])


def _missing(item: _Item) -> str:
    name = str(item["loc"][-1])
    return "A JSON body is required." if name == "body" else f"The field `{name}` is required."


def _limit(name: str, words: str) -> Callable[[_Item], str]:
    return lambda item: f"The number must be {words} {item['ctx'][name]:g}."


def _unknown_kind(item: _Item) -> str:
    known = [tag.strip("' ") for tag in item["ctx"]["expected_tags"].split(",")]
    tag = str(item["ctx"]["tag"])
    meant = kind_called(tag, known)
    close = [meant] if meant else get_close_matches(tag.lower(), known, n=1)
    hint = f" Did you mean {close[0]}?" if close else ""
    return f"There is no such kind; known are {', '.join(known)}.{hint}"


def _no_object(item: _Item) -> str:
    """Where a kind was named by a string, or a layer by a number: what would be right."""
    given = item["input"]
    if isinstance(given, str):
        return f'An object is required, such as {{"kind": "{kind_called(given) or "…"}"}}.'
    if isinstance(given, int) and not isinstance(given, bool):
        return 'An object is required, such as {"kind": "dense", "units": 128}.'
    return "An object is required."


def _unknown_field(item: _Item) -> str:
    advice = advice_on(str(item["loc"][-1]))
    return f"There is no such field here; take {advice}." if advice else "There is no such field here."


_WORDS: dict[str, Callable[[_Item], str]] = {
    "missing": _missing,
    "extra_forbidden": _unknown_field,
    "model_attributes_type": _no_object,
    "union_tag_invalid": _unknown_kind,
    "union_tag_not_found": lambda _: "The field `kind` is required.",
    "less_than": _limit("lt", "below"),
    "less_than_equal": _limit("le", "at most"),
    "greater_than": _limit("gt", "above"),
    "greater_than_equal": _limit("ge", "at least"),
}
