"""From Pydantic's location of an error to a true RFC 6901 pointer into the body that was sent."""

from collections.abc import Sequence, Set
from typing import Any

from service.strict_json import escape

Location = tuple[str | int, ...]
LONGEST_NAME = 100


def pointer_of(location: Sequence[str | int], body: Any, untagged: Set[Location] = frozenset()) -> str:
    """The pointer to what is in `body` at `location`.

    Pydantic puts the tag of a discriminated union into the location, right behind the object that has it; a pointer
    has no place for it. A tag may be called like a field (`activation`), so it is told by its position. Objects at the
    locations `untagged` have a `kind` without being told apart by it.
    """
    items = list(location)
    pointer, node, at = "", body, 0
    if items[:1] == ["body"]:
        at = 1
    while at < len(items):
        if isinstance(node, dict) and node.get("kind") == items[at] and tuple(items[:at]) not in untagged:
            at += 1
            if at == len(items):
                break
        key, at = items[at], at + 1
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
