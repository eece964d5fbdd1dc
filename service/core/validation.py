"""A validation error of Pydantic's → a fault with its pointer, in words that show the right form where it is known.

What was sent is not repeated, but for whole numbers and names that this service knows itself.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import Field

from service.core.kinds import Advice, Kind, Model, every_model, models_of, union_with
from service.core.pointers import Location, pointer_of

_Item = Mapping[str, Any]

CODE = "^[a-z][a-z-]*$"
"""What codes look like."""
_CLOSE = 0.82
"""How alike two names must be, from 0 to 1, for one to be taken for a slip of the other."""
_SHORTEST = 4
"""A wrong letter in a name of three leaves too little of it."""


class FieldError(Model):
    """One fault in the request that was sent."""

    pointer: str
    """Where: an RFC 6901 pointer into the body; empty for the body as a whole, and for a parameter."""
    parameter: str | None = None
    """Which parameter of the query, header or part of the path it is; null where the fault is in the body."""
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


def parameter_faults(items: Sequence[_Item]) -> list[FieldError]:
    """The faults of parameters of the query, of headers and of the path that `items` state, one for each of them."""
    first = {tuple(item["loc"][:2]): item for item in reversed(items) if item["type"] != "none_required"}
    return [_parameter_fault(str(name), first[place, name]) for place, name in dict.fromkeys(_places(items))]


def _places(items: Sequence[_Item]) -> Iterator[tuple[str, str]]:
    return ((item["loc"][0], item["loc"][1]) for item in items)


def _parameter_fault(name: str, item: _Item) -> FieldError:
    kind = item["type"]
    missing = f"The parameter `{name}` is required."
    detail = missing if kind == "missing" else _WORDS.get(kind, _as_pydantic_says)(item)
    return FieldError(pointer="", parameter=name, code=kind.replace("_", "-"), detail=detail)


def _fault(item: _Item, body: Any, untagged: Set[Location]) -> FieldError:
    kind = "null-not-allowed" if item["input"] is None and item["type"] != "missing" else item["type"]
    location = item["loc"][:-1] if kind == "missing" else item["loc"]  # what is missing has no place: its object has
    say = _null if kind == "null-not-allowed" else _WORDS.get(kind, _as_pydantic_says)
    return FieldError(pointer=pointer_of(location, body, untagged), code=kind.replace("_", "-"), detail=say(item))


def _as_pydantic_says(item: _Item) -> str:
    return str(item["msg"])


def _null(item: _Item) -> str:
    """Where null stands: that the field may be left out, or what it needs instead."""
    name = item["loc"][-1] if item["loc"] else ""
    owners = _owners(item) if name else ()
    known = next((one.model_fields[name] for one in owners if name in one.model_fields), None)
    if known is not None and not known.is_required():
        return "null is not allowed; leave the field out."
    needed = _WORDS[item["type"]](item) if item["type"] in _WORDS else "A value is required."
    return f"null is not allowed. {needed}"


def _missing(item: _Item) -> str:
    name = str(item["loc"][-1])
    if name == "body":
        return "A JSON body is required."
    needed = next((one.needs[name] for one in _owners(item) if name in one.needs), None)
    return f"The field `{name}` is required{_such_as({name: needed}, bare=True) if needed is not None else ''}."


def _number(bound: float) -> str:
    """A bound as it is written: whole numbers in full."""
    return str(bound) if isinstance(bound, int) else f"{bound:g}"


def _limit(name: str, words: str) -> Callable[[_Item], str]:
    return lambda item: f"The number must be {words} {_number(item['ctx'][name])}."


def _unknown_kind(item: _Item) -> str:
    known = [tag.strip("' ") for tag in item["ctx"]["expected_tags"].split(",")]
    meant = _meant(str(item["ctx"]["tag"]), union_with(set(known)))
    hint = f" Did you mean {meant['kind']}? Write {_json(meant)}." if meant else ""
    return f"There is no such kind; known are {', '.join(known)}.{hint}"


def _no_kind(item: _Item) -> str:
    """Where an object has no `kind`: what it would be, if it says so by another name."""
    given = item["input"] if isinstance(item["input"], Mapping) else {}
    names = (given[name] for name in ("type", "class_name", "class", "name", "layer") if name in given)
    meant = next((_meant(name, models_of(_field(item))) for name in names if isinstance(name, str)), None)
    return f"The field `kind` is required{_such_as(meant) if meant else ''}."


def _no_object(item: _Item) -> str:
    """Where something else stands in place of an object: what would be right."""
    given, models = item["input"], models_of(_field(item))
    meant = _meant(given, models) if isinstance(given, str) else _written_out(given, models)
    return f"An object is required; write {_json(meant)}." if meant is not None else "An object is required."


def _no_list(item: _Item) -> str:
    given = item["input"]
    if isinstance(given, int) and not isinstance(given, bool):
        return f"A list is required; write [{given}]."
    return "A list is required; put brackets around it, [ … ]." if isinstance(given, Mapping) else "A list is required."


def _no_number(article: str) -> Callable[[_Item], str]:
    def say(item: _Item) -> str:
        given = item["input"]
        plain = isinstance(given, str) and re.fullmatch("-?[1-9][0-9]{0,8}", given)
        return f"{article} number is required{f'; write {given}' if plain else ''}."

    return say


def _unknown_field(item: _Item) -> str:
    field = str(item["loc"][-1])
    owners = list(_owners(item))
    advice = next((found for one in owners if (found := one.advice(field, item["input"])) is not None), None)
    if advice is not None:
        return f"There is no such field here; {_advised(advice)}."
    close = _closest(field, {name: name for one in owners[:1] for name in one.model_fields})
    return f"There is no such field here{f'; did you mean `{close}`' if close else ''}."


def _no_such_word(item: _Item) -> str:
    """Where a word is not one of the few: all of them, and what belongs there if that is known."""
    words, given = re.findall("'([^']*)'", item["ctx"]["expected"]), item["input"]
    listed = ", ".join(map(_json, words))
    field = str(item["loc"][-1])
    advice = next((found for one in _owners(item) if (found := one.advice(field, given)) is not None), None)
    if advice is not None:
        return f"One of {listed} is required; {_advised(advice)}."
    close = _closest(given, {word: word for word in words}) if isinstance(given, str) else None
    return f"One of {listed} is required{f'; write {_json(close)}' if close else ''}."


def _advised(advice: Advice) -> str:
    return f"put {advice}" if isinstance(advice, str) else f"write {_json(advice)[1:-1]} instead"


def _such_as(example: Any, bare: bool = False) -> str:
    written = _json(example)
    return f", such as {written[1:-1] if bare else written}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _field(item: _Item) -> str:
    """The name of the field that a value stands in, or the list that it belongs to."""
    return next((key for key in reversed(item["loc"]) if isinstance(key, str)), "")


def _owners(item: _Item) -> Iterator[type[Model]]:
    """The models that the field of an error may belong to: the kind that it stands in, and then all of its family."""
    holder = item["loc"][-2] if len(item["loc"]) > 1 else ""
    kinds = [one for one in every_model(Kind) if one.model_fields["kind"].default == holder]
    field = str(item["loc"][-1])
    kinds.sort(key=lambda one: field not in one.model_fields)
    yield from kinds or models_of(str(holder)) or [one for one in every_model(Model) if not issubclass(one, Kind)]
    for kind in kinds[:1]:
        yield from every_model(kind.__mro__[kind.__mro__.index(Kind) - 1])


def _meant(name: str, models: Sequence[type[Model]]) -> dict[str, Any] | None:
    """What is called `name`, or nearly so, among `models` as JSON; None where nothing is."""
    kinds = [one for one in models if issubclass(one, Kind)]
    known = {alias: kind.example(alias) for kind in kinds for alias in kind.aliases}
    return _closest(name, known | {kind.kind_name(): kind.example() for kind in kinds})


def _closest(name: str, known: Mapping[str, Any]) -> Any:
    """What `name` stands for in `known`, whatever its case and hyphens, or what differs from it by a slip, or None."""
    plain, meant = {_plain(one): value for one, value in known.items()}, _plain(name)
    close = get_close_matches(meant, plain, n=1, cutoff=_CLOSE) or [one for one in plain if _one_slip(meant, one)]
    return plain[close[0]] if close else None


def _one_slip(one: str, other: str) -> bool:
    """Whether two names of the same length differ in one letter, or in two neighbours that changed places."""
    wrong = [place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b]
    if len(one) != len(other) or len(one) < _SHORTEST or not wrong:
        return False
    first, last = wrong[0], wrong[-1]
    return first == last or (last == first + 1 and one[first] == other[last] and one[last] == other[first])


def _plain(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower())


def _written_out(value: Any, models: Sequence[type[Model]]) -> dict[str, Any] | None:
    """What `value`, which is no object, stands for among `models` as JSON; None where it stands for nothing."""
    found = ((one, fields) for one in models if (fields := one.shorthand(value)) is not None)
    model, fields = next(found, (None, None))
    if model is None or fields is None:
        return None
    return {**(model.example() if issubclass(model, Kind) else {}), **fields}


_WORDS: dict[str, Callable[[_Item], str]] = {
    "missing": _missing,
    "extra_forbidden": _unknown_field,
    "enum": _no_such_word,
    "list_type": _no_list,
    "int_type": _no_number("A whole"),
    "float_type": _no_number("A"),
    "bool_type": lambda _: "One of true, false is required.",
    "bool_parsing": lambda _: "One of true, false is required.",
    "int_parsing": lambda _: "A whole number is required.",
    "model_attributes_type": _no_object,
    "model_type": _no_object,
    "union_tag_invalid": _unknown_kind,
    "union_tag_not_found": _no_kind,
    "less_than": _limit("lt", "below"),
    "less_than_equal": _limit("le", "at most"),
    "greater_than": _limit("gt", "above"),
    "greater_than_equal": _limit("ge", "at least"),
}
