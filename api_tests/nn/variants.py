"""Instances of every kind of a family: its defaults, and each of its fields at some other values.

A kind whose file is added tomorrow is found by `members` and tried here without a line being written for it, unless a
field of it has no default: then it needs a line in `_NEEDED`.
"""

from collections.abc import Iterator
from enum import Enum
from typing import Any

from pydantic import ValidationError

from service.core.kinds import Kind, members

# What the fields without a default are set to.
_NEEDED: dict[str, dict[str, Any]] = {
    "constant": {"value": 0.7},
    "expression": {"formula": "b z tanh(z)", "parameters": {"b": 0.9}},
    "explicit": {"values": [[0.5, -1.0, 2.0], [0.25, 3.0, -0.125]]},
    "one_hot": {"classes": 3},
    "token_indices": {"vocabulary": 7},
    "per_feature": {"means": [0.5, -1.0, 20.0], "stds": [1.0, 0.0, 3.0]},
}


def every(family: type[Kind]) -> list[Any]:
    """Instances of every kind of `family`."""
    return [variant for kind in members(family) for variant in variants(kind)]


def variants(kind: type[Kind]) -> list[Kind]:
    """`kind` with its defaults, then with one field changed at a time."""
    plain = kind.model_validate({"kind": kind.kind_name(), **_NEEDED.get(kind.kind_name(), {})})
    changed = (_changed(plain, name, value) for name, value in _other_values(plain))
    return [plain, *(one for one in changed if one is not None)]


def named(variant: Kind) -> str:
    """A name for the table of cases."""
    fields = variant.model_dump(mode="json", exclude_defaults=True, exclude={"kind"})
    return "-".join([variant.kind_name(), *(f"{name}={value}" for name, value in fields.items() if name != "values")])


def _other_values(plain: Kind) -> Iterator[tuple[str, Any]]:
    for name, value in plain:
        if isinstance(value, Enum):
            yield from ((name, other) for other in type(value) if other is not value)
        elif isinstance(value, float):
            yield from ((name, other) for other in (2.0 * value or 0.5, -0.5 * value, 0.25 * value) if other != value)


def _changed(plain: Kind, name: str, value: Any) -> Kind | None:
    try:
        return type(plain).model_validate({**dict(plain), name: value})
    except ValidationError:
        return None  # outside the bounds of this field
