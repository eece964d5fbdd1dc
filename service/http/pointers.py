"""From Pydantic's location of an error to a true RFC 6901 pointer into the body that was sent."""

from collections.abc import Sequence
from typing import Any

from service.strict_json import escape

LONGEST_NAME = 100


def pointer_of(location: Sequence[str | int], body: Any, *, to_parent: bool = False) -> str:
    """The pointer to what is in `body` at `location`; to its parent where the field itself is missing.

    Pydantic puts the tag of a discriminated union into the location, right behind the object that has it; a pointer
    has no place for it. A tag may be called like a field (`activation`), so it is told by its position.
    """
    items = list(location)[1:] if location and location[0] == "body" else list(location)
    if to_parent:
        items = items[:-1]
    pointer, node = "", body
    while items:
        if isinstance(node, dict) and node.get("kind") == items[0]:
            items.pop(0)
            if not items:
                break
        key = items.pop(0)
        if not _has(node, key):
            continue
        if len(str(key)) > LONGEST_NAME:
            break  # a name too long to be repeated: its object is near enough
        pointer, node = f"{pointer}/{escape(key)}", node[key]
    return pointer


def _has(node: Any, key: str | int) -> bool:
    if isinstance(node, list):
        return isinstance(key, int) and 0 <= key < len(node)
    return isinstance(node, dict) and key in node
