"""RFC 6901 pointers and RFC 6902 patches: the only place that reads, writes or follows either."""

import re
from collections.abc import Iterator, Sequence, Set
from copy import deepcopy
from functools import reduce
from itertools import takewhile
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue

from service.core.kinds import Model

Location = tuple[str | int, ...]
"""Where Pydantic says an error is."""
_LONGEST_NAME = 100
LONGEST_POINTER = 2000
"""Characters: enough for a field at the bottom of the deepest body that is read."""


class Edit(Model):
    """An operation of a JSON Patch (RFC 6902)."""

    op: Literal["add", "remove", "replace"]
    """What is done."""
    path: Annotated[str, Field(pattern="^(/([^~/]|~[01])*)*$", max_length=LONGEST_POINTER)]
    """The pointer (RFC 6901) to where it is done."""
    value: JsonValue = None
    """What is put there; nothing for `remove`."""


class PatchError(Exception):
    """An operation that does not fit: its number, and a sentence."""

    def __init__(self, number: int, sentence: str) -> None:
        super().__init__(sentence)
        self.number = number
        self.sentence = sentence


def escape(key: str | int) -> str:
    """`key` as one token of a pointer."""
    return str(key).replace("~", "~0").replace("/", "~1")


def walk(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Every value inside `value` with its pointer, outermost first."""
    yield pointer, value
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from walk(child, f"{pointer}/{escape(key)}")


def resolve(document: Any, pointer: str) -> Any:
    """The value in `document` that `pointer` points to; LookupError where there is none."""
    return reduce(_child, _tokens(pointer), document)


def patched(document: Any, edits: Sequence[Edit]) -> Any:
    """`document`, which is changed, after all `edits`; PatchError at the first that does not fit."""
    for number, edit in enumerate(edits):
        try:
            document = _applied(edit, document)
        except (LookupError, TypeError):
            raise PatchError(number, "There is nothing at this place to be edited.") from None
    return document


def pointer_of(location: Sequence[str | int], body: Any, untagged: Set[Location] = frozenset()) -> str:
    """The pointer to what is in `body` at `location`, where Pydantic says an error is.

    Pydantic puts the tag of a discriminated union into the location, right behind the object that has it; a pointer
    has no place for it. A tag may be called like a field (`activation`), so it is told by its position. Objects at the
    locations `untagged` have a `kind` without being told apart by it.
    """
    # Where a name is too long to be repeated, its object is near enough.
    items = tuple(takewhile(lambda key: len(str(key)) <= _LONGEST_NAME, location))
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


def _tokens(pointer: str) -> list[str]:
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


def _key(node: Any, token: str) -> Any:
    """`token` as what `node` is entered by; of an array only 0, 1, 2, … as RFC 6901 has it."""
    if not isinstance(node, list):
        return token
    if not re.fullmatch("0|[1-9][0-9]*", token):
        raise IndexError(token)
    return int(token)


def _child(node: Any, token: str) -> Any:
    if not isinstance(node, dict | list):
        raise LookupError(token)
    return node[_key(node, token)]


def _applied(edit: Edit, document: Any) -> Any:
    value = deepcopy(edit.value)  # later edits may change it
    if not edit.path:
        return value if edit.op != "remove" else None
    *parents, last = _tokens(edit.path)
    _OPERATIONS[edit.op](reduce(_child, parents, document), last, value)
    return document


def _add(node: Any, token: str, value: Any) -> None:
    if isinstance(node, list):
        place = len(node) if token == "-" else _key(node, token)
        if place > len(node):
            raise IndexError(token)
        node.insert(place, value)
    else:
        node[token] = value


def _replace(node: Any, token: str, value: Any) -> None:
    _child(node, token)
    node[_key(node, token)] = value


def _remove(node: Any, token: str, _value: Any) -> None:
    del node[_key(node, token)]


_OPERATIONS = {"add": _add, "remove": _remove, "replace": _replace}
