"""From Pydantic's location of an error to a true RFC 6901 pointer into the body that was sent."""

from collections.abc import Sequence, Set
from itertools import takewhile
from typing import Any

from service.core.strict_json import escape

Location = tuple[str | int, ...]
LONGEST_NAME = 100


def pointer_of(location: Sequence[str | int], body: Any, untagged: Set[Location] = frozenset()) -> str:
    """The pointer to what is in `body` at `location`.

    Pydantic puts the tag of a discriminated union into the location, right behind the object that has it; a pointer
    has no place for it. A tag may be called like a field (`activation`), so it is told by its position. Objects at the
    locations `untagged` have a `kind` without being told apart by it.
    """
    # Where a name is too long to be repeated, its object is near enough.
    items = tuple(takewhile(lambda key: len(str(key)) <= LONGEST_NAME, location))
    pointer, node, arrived = "", body, True
    for position, key in enumerate(items):
        if arrived and _is_tag(node, key) and items[:position] not in untagged:
            arrived = False
        elif _has(node, key):
            pointer, node, arrived = f"{pointer}/{escape(key)}", node[key], True
    return pointer


def _is_tag(node: Any, key: str | int) -> bool:
    return isinstance(node, dict) and node.get("kind") == key


def _has(node: Any, key: str | int) -> bool:
    if isinstance(node, list):
        return isinstance(key, int) and 0 <= key < len(node)
    return isinstance(node, dict) and key in node
