"""A node of an ONNX graph with its inputs as what they stand for; every attribute of it must be read."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from service.imports.onnx.functions import Numbers, shortest
from service.imports.onnx.signals import Constant, Signal, Unreadable, Value
from service.imports.onnx.wire import Message

_MOST_INTEGERS = 1 << 40
_TYPES: Mapping[int, Any] = {1: "<f4", 6: "<i4", 7: "<i8", 9: "?", 10: "<f2", 11: "<f8", 2: "u1", 3: "i1"}
"""The numbers of types whose values are read."""
_FLOATS = (1, 10, 11, 16)


def constant_of(tensor: Message) -> Constant:
    """The constant that a tensor is, its values left out where they are many; Unreadable."""
    dims, kind = tensor.get("dims", []), tensor.get("data_type", 0)
    if "external_data" in tensor or tensor.get("data_location", 0):
        raise Unreadable("has its numbers in another file, which is not opened")
    if any(type(one) is not int or not 0 <= one < _MOST_INTEGERS for one in dims) or len(dims) > 8:
        raise Unreadable("has a shape that is none")
    shape = tuple(dims)
    if kind not in _TYPES and kind not in _FLOATS:
        raise Unreadable(f"has numbers of the type {kind}, which are not read")
    values = _values(tensor, kind)
    if values is None:
        return Constant(shape)
    count = int(np.prod(shape, dtype=object))
    if values.size != count:
        raise Unreadable(f"has {values.size} numbers for a shape of {count}")
    return Constant.of(values.reshape(shape))


def _values(tensor: Message, kind: int) -> Numbers | None:
    """The values of a tensor in a row; None where they were left out."""
    if kind not in _TYPES:
        return None
    if "raw_data" in tensor:
        raw = tensor["raw_data"]
        dtype = np.dtype(_TYPES[kind])
        if raw is not None and len(raw) % dtype.itemsize:
            raise Unreadable("has bytes that are no whole numbers")
        return None if raw is None else np.frombuffer(raw, dtype)
    if any(name in tensor for name in ("string_data", "double_data", "uint64_data")):
        return None
    if "float_data" in tensor:
        raw = tensor["float_data"]
        if raw is not None and len(raw) % 4:
            raise Unreadable("has bytes that are no whole numbers")
        return None if raw is None else np.frombuffer(raw, "<f4")
    numbers: list[Any] = tensor.get("int64_data") or tensor.get("int32_data") or []
    if any(one is None for one in numbers) or (kind == 10 and numbers):
        return None
    return np.array(numbers, dtype=np.int64)


class Node:
    """Inputs are what their names stand for; None where one is left out."""

    def __init__(self, message: Message, place: int, inputs: Sequence[Value | None], names: Sequence[str]) -> None:
        self.kind: str = message.get("op_type", "")
        self.outputs: list[str] = message.get("output", [])
        self.pointer = f"/graph/node/{place}"
        self.inputs = inputs
        self.names = names
        self.name: str = message.get("name") or next(iter(self.outputs), "") or f"{self.kind}_{place}"
        attributes = message.get("attribute", [])
        self._attributes: dict[str, Message] = {one.get("name", ""): one for one in attributes}
        if len(self._attributes) != len(attributes):
            raise Unreadable("names an attribute twice")
        bad = next((name for name, one in self._attributes.items() if {"graph", "reference"} & one.keys()), None)
        if bad is not None:
            raise Unreadable(f"has a graph of its own in `{bad[:40]}`")
        self._read: set[str] = set()

    @property
    def called(self) -> str:
        """The name of what its weights belong to, where these tell, or its own."""
        named = next((one for one in self.names[1:] if one.endswith(".weight")), "")
        return (named.removesuffix(".weight") or self.name)[:100]

    def signal(self, place: int = 0) -> Signal:
        """An input that is a signal; Unreadable."""
        found = self.value(place)
        if not isinstance(found, Signal):
            raise Unreadable(f"has a constant or a step of a norm as input {place + 1}, where a signal is read")
        return found

    def constant(self, place: int) -> Constant:
        """An input that is a constant; Unreadable."""
        found = self.value(place)
        if not isinstance(found, Constant):
            raise Unreadable(f"has no constant as input {place + 1}, where one is read")
        return found

    def value(self, place: int) -> Value:
        """An input that must be there; Unreadable."""
        found = self.optional(place)
        if found is None:
            raise Unreadable(f"lacks its input {place + 1}")
        return found

    def optional(self, place: int) -> Value | None:
        """An input, or None."""
        return self.inputs[place] if place < len(self.inputs) else None

    def integer(self, name: str, default: int) -> int:
        """A whole number of that name."""
        found = self._attribute(name, "i")
        return default if found is None else int(found)

    def number(self, name: str, default: float) -> float:
        """A number of that name."""
        found = self._attribute(name, "f")
        return default if found is None else shortest(found)

    def text(self, name: str, default: str) -> str:
        """A word of that name."""
        found = self._attribute(name, "s")
        return default if found is None else str(found)

    def texts(self, name: str) -> list[str] | None:
        """Several words; None where there are none."""
        return self._attribute(name, "strings")

    def integers(self, name: str, place: int | None = None) -> list[int] | None:
        """Whole numbers of an attribute, or of the input that later versions have in its place; None without any."""
        found = self._attribute(name, "ints")
        given = self.optional(place) if found is None and place is not None else None
        if isinstance(given, Constant):
            found = [int(one) for one in given.known().reshape(-1)[:64]]
        elif given is not None:
            raise Unreadable(f"computes `{name}` from a signal")
        if found is not None and (len(found) > 64 or any(one is None for one in found)):
            raise Unreadable(f"has too many numbers in `{name}`")
        return found

    def tensor(self, name: str) -> Constant | None:
        """A constant of an attribute."""
        found = self._attribute(name, "t")
        return None if found is None else constant_of(found)

    def floats(self, name: str) -> list[float] | None:
        """Numbers of an attribute."""
        return self._attribute(name, "floats")

    def has(self, name: str) -> bool:
        """Whether an attribute is there."""
        return name in self._attributes

    def ignore(self, *names: str) -> None:
        """Attributes that no gradient depends on."""
        self._read.update(names)

    def only(self, name: str, *known: int) -> None:
        """See that a whole number is one of those understood, the first of which it is where it is not said."""
        found = self.integer(name, known[0])
        if found not in known:
            raise Unreadable(f"has `{name}` {found}; only {' or '.join(map(str, known))} is understood")

    def check_all_read(self) -> None:
        """Unreadable where an attribute was not read."""
        left = sorted(self._attributes.keys() - self._read)
        if left:
            raise Unreadable(f"has `{left[0][:40]}`, which is not understood")

    def _attribute(self, name: str, form: str) -> Any:
        self._read.add(name)
        found = self._attributes.get(name)
        if found is None:
            return None
        if form not in found:
            if form in ("ints", "floats", "strings"):
                return []
            if form in ("i", "f"):
                return 0
            raise Unreadable(f"has `{name}` of another type than it should have")
        return found[form]
