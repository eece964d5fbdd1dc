"""JSON Patch (RFC 6902): the operations that edit a specification."""

import re
from copy import deepcopy
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue

from service.core.kinds import Model


class Edit(Model):
    """One operation."""

    op: Literal["add", "remove", "replace"]
    """What is done."""
    path: Annotated[str, Field(pattern="^(/([^~/]|~[01])*)*$", max_length=500)]
    """The pointer (RFC 6901) to where it is done."""
    value: JsonValue = None
    """What is put there; nothing for `remove`."""


class PatchError(Exception):
    """An operation that does not fit: its number, and a sentence."""

    def __init__(self, number: int, sentence: str) -> None:
        super().__init__(sentence)
        self.number = number
        self.sentence = sentence


def patched(document: Any, edits: list[Edit]) -> Any:
    """`document`, which is changed, after all `edits`; PatchError at the first that does not fit."""
    for number, edit in enumerate(edits):
        try:
            document = _applied(edit, document)
        except (KeyError, IndexError, TypeError, ValueError):
            raise PatchError(number, "There is nothing at this place to be edited.") from None
    return document


def _applied(edit: Edit, document: Any) -> Any:
    value = deepcopy(edit.value)  # later edits may change it
    if not edit.path:
        return value if edit.op != "remove" else None
    *parents, last = [token.replace("~1", "/").replace("~0", "~") for token in edit.path.split("/")[1:]]
    node = document
    for token in parents:
        node = node[_key(node, token)]
    _OPERATIONS[edit.op](node, last, value)
    return document


def _key(node: Any, token: str) -> Any:
    """`token` as what `node` is entered by; of an array only 0, 1, 2, … as RFC 6901 has it."""
    if not isinstance(node, list):
        return token
    if not re.fullmatch("0|[1-9][0-9]*", token):
        raise IndexError(token)
    return int(token)


def _add(node: Any, token: str, value: Any) -> None:
    if isinstance(node, list):
        place = len(node) if token == "-" else _key(node, token)
        if place > len(node):
            raise IndexError(token)
        node.insert(place, value)
    else:
        node[token] = value


def _replace(node: Any, token: str, value: Any) -> None:
    key = _key(node, token)
    node[key]
    node[key] = value


def _remove(node: Any, token: str, _value: Any) -> None:
    del node[_key(node, token)]


_OPERATIONS = {"add": _add, "remove": _remove, "replace": _replace}
