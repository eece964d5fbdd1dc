"""JSON text → Python values, refusing what `json` lets pass: duplicate fields, bottomless nesting, broken UTF-8.

Numbers become what JSON says they are: `3.0` is the integer 3, an integer of more than 20 digits is a float, and what
no float can hold is infinite, so that validation refuses it at its true place.
"""

import json
from itertools import accumulate
from typing import Any

from service.core.errors import MalformedJson
from service.core.pointers import walk

_DEEPEST_NESTING = 192
"""Of lists and objects: 47 `parallel` in one another, with four levels each, or 94 blocks that have a list of layers.

That is more than anybody builds. Pydantic reads no JSON of much more than 200 levels, and a report has a few more than
what was asked for; it gives up at 255 models in one another, and Python at 1,000 calls, of which a block takes four.
"""
_MOST_OBJECTS = 50_000
MOST_CONTAINERS = 200_000
_MOST_NAMES = 1_000
_EXACT_INTEGERS = 2.0**53
_LONGEST_INTEGER = 20  # digits: all of 64 bits, and no more than Python converts without thinking
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_MARKS = bytes(byte for byte in range(256) if byte not in _STEPS and byte != ord('"'))


def loads(text: bytes) -> Any:
    """The value that `text` states; MalformedJson where it is none, with its position or the field's pointer."""
    _check_structure(text)
    duplicated: list[_Duplicated] = []

    def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict(pairs)
        if len(fields) == len(pairs) <= _MOST_NAMES:
            return fields
        if len(pairs) > _MOST_NAMES:
            raise MalformedJson(f"An object has more than {_MOST_NAMES} fields.", limit=_MOST_NAMES)
        duplicated.append(_Duplicated(fields))
        return duplicated[-1]

    try:
        value = json.loads(text.decode("utf-8"), object_pairs_hook=object_of, parse_int=_integer, parse_float=_number)
    except UnicodeDecodeError as error:
        raise MalformedJson(f"The text is not UTF-8 at byte {error.start}.", position=error.start) from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise MalformedJson(f"The text is not JSON at {where}: {error.msg}.", position=error.pos) from None
    if duplicated:
        at = next(pointer for pointer, node in walk(value) if isinstance(node, _Duplicated))
        raise MalformedJson("An object names the same field twice.", pointer=at)
    return value


class _Duplicated(dict[str, Any]):
    """An object some of whose names were given more than once."""


def _check_structure(text: bytes) -> None:
    """Refuse what nests too deeply or has too many parts, before anything is made of it."""
    brackets = _brackets(text)
    objects, containers = brackets.count(b"{"), brackets.count(b"{") + brackets.count(b"[")
    beginning = brackets[: 2 * MOST_CONTAINERS]  # no more of it needs a look: what goes on has too many parts
    if max(accumulate(map(_STEPS.__getitem__, beginning)), default=0) > _DEEPEST_NESTING:
        raise MalformedJson(f"The text nests more than {_DEEPEST_NESTING} levels deep.", limit=_DEEPEST_NESTING)
    if objects > _MOST_OBJECTS or containers > MOST_CONTAINERS:
        raise MalformedJson(f"The text has more than {_MOST_OBJECTS} objects or {MOST_CONTAINERS} lists in it.")


def _brackets(text: bytes) -> bytes:
    """The brackets of `text` outside its strings, as far as it is JSON: the parser stops where it is not."""
    plain = text.replace(b"\\\\", b"").replace(b'\\"', b"")  # every quote that is left begins or ends a string
    marks = plain.translate(None, _NO_MARKS).replace(b'""', b"")  # a bracket is as much inside or outside as before
    return b"".join(marks.split(b'"')[::2])


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else float(digits)


def _number(digits: str) -> int | float:
    value = float(digits)
    return int(value) if value.is_integer() and abs(value) < _EXACT_INTEGERS else value
