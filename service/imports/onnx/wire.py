"""The bytes of an ONNX file as plain values, by the fields of its messages; large tensors are passed over, not read.

ONNX is a Protocol Buffers message. What is needed of it are a few dozen fields, which are listed here: no parser of
another library sees the file, nothing outside it is opened, and its size in memory is bounded by counts.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn

from service.imports.base import Fault, NotUnderstood

Message = dict[str, Any]
"""A message by the names of its fields; those that repeat are lists, those that are absent are not there."""
_KEPT_BYTES, _LARGEST_KEPT = 1 << 14, 4 << 20
"""Of a tensor; the values of a larger one are left out."""
_LONGEST_TEXT = 1 << 14
_MOST_FIELDS = 300_000
_MOST_BYTES = 24 << 20
"""Of all fields that are kept."""
_VARINT, _DOUBLE, _LENGTH, _FLOAT = 0, 1, 2, 5


@dataclass(frozen=True)
class _Field:
    """How a field is read: `int`, `float`, `text`, `bytes`, `there` (whether it is), or the fields of a message."""

    name: str
    kind: str | Mapping[int, "_Field"]
    many: bool = False


_TENSOR: Mapping[int, _Field] = {
    1: _Field("dims", "int", many=True),
    2: _Field("data_type", "int"),
    4: _Field("float_data", "bytes"),
    5: _Field("int32_data", "int", many=True),
    6: _Field("string_data", "there"),
    7: _Field("int64_data", "int", many=True),
    8: _Field("name", "text"),
    9: _Field("raw_data", "bytes"),
    10: _Field("double_data", "there"),
    11: _Field("uint64_data", "there"),
    13: _Field("external_data", "there"),
    14: _Field("data_location", "int"),
}
_ATTRIBUTE: Mapping[int, _Field] = {
    1: _Field("name", "text"),
    2: _Field("f", "float"),
    3: _Field("i", "int"),
    4: _Field("s", "text"),
    5: _Field("t", _TENSOR),
    6: _Field("graph", "there"),
    7: _Field("floats", "float", many=True),
    8: _Field("ints", "int", many=True),
    9: _Field("strings", "text", many=True),
    11: _Field("graph", "there"),
    21: _Field("reference", "there"),
}
_NODE: Mapping[int, _Field] = {
    1: _Field("input", "text", many=True),
    2: _Field("output", "text", many=True),
    3: _Field("name", "text"),
    4: _Field("op_type", "text"),
    5: _Field("attribute", _ATTRIBUTE, many=True),
    7: _Field("domain", "text"),
}
_DIMENSION = {1: _Field("dim_value", "int"), 2: _Field("dim_param", "text")}
_SHAPE = {1: _Field("dim", _DIMENSION, many=True)}
_TYPE = {1: _Field("tensor_type", {1: _Field("elem_type", "int"), 2: _Field("shape", _SHAPE)})}
_VALUE = {1: _Field("name", "text"), 2: _Field("type", _TYPE)}
_GRAPH: Mapping[int, _Field] = {
    1: _Field("node", _NODE, many=True),
    5: _Field("initializer", _TENSOR, many=True),
    11: _Field("input", _VALUE, many=True),
    12: _Field("output", _VALUE, many=True),
    15: _Field("sparse_initializer", "there"),
}
_MODEL: Mapping[int, _Field] = {
    2: _Field("producer_name", "text"),
    3: _Field("producer_version", "text"),
    7: _Field("graph", _GRAPH),
    8: _Field("opset_import", {1: _Field("domain", "text"), 2: _Field("version", "int")}, many=True),
    25: _Field("functions", "there"),
}


def model_of(file: BinaryIO, whole: bool) -> Message:
    """The model in a file, tensors of a few million numbers with their values where it shall be `whole`.

    NotUnderstood where it is none, or has too many parts.
    """
    end = file.seek(0, 2)
    file.seek(0)
    return _Reader(file, _LARGEST_KEPT if whole else _KEPT_BYTES).message(end, _MODEL)


class _Reader:
    """Reads messages, and counts what it has read."""

    def __init__(self, file: BinaryIO, kept: int) -> None:
        self._file = file
        self._kept = kept
        self._at = file.tell()
        self._fields = 0
        self._bytes = 0

    def message(self, end: int, fields: Mapping[int, _Field]) -> Message:
        """The fields up to the position `end`."""
        found: Message = {}
        while self._at < end:
            self._count(0)
            tag = self._varint(end)
            known, wire = fields.get(tag >> 3), tag & 7
            stop = end
            if wire == _LENGTH:
                length = self._varint(end)
                stop = self._at + length
            if stop > end:
                _refuse("It ends in the middle of a field.")
            if known is None:
                self._skip(wire, stop)
            else:
                self._keep(found, known, wire, stop)
        if self._at != end:
            _refuse("A field of it is longer than what it stands in.")
        return found

    def _keep(self, found: Message, known: _Field, wire: int, stop: int) -> None:
        if known.kind == "there":
            self._skip(wire, stop)
            found[known.name] = True
        elif known.kind == "bytes":
            self._keep_bytes(found, known.name, wire, stop)
        elif known.many:
            found.setdefault(known.name, []).extend(self._several(known, wire, stop))
        else:
            found[known.name] = self._value(known, wire, stop)

    def _keep_bytes(self, found: Message, name: str, wire: int, stop: int) -> None:
        """The bytes of a tensor's values; None where they are many."""
        if wire != _LENGTH:  # a single number, not packed
            found[name] = found.get(name, b"") + self._take(4)
            return
        length = stop - self._at
        if length > self._kept:
            found[name] = None
            self._go(stop)
        else:
            found[name] = self._take(length)

    def _several(self, known: _Field, wire: int, stop: int) -> list[Any]:
        """What one occurrence of a field that repeats adds: numbers may be packed."""
        if wire != _LENGTH or known.kind not in ("int", "float"):
            return [self._value(known, wire, stop)]
        if stop - self._at > self._kept:
            self._go(stop)
            return [None]
        packed = []
        while self._at < stop:
            self._count(8)
            packed.append(self._value(known, _VARINT if known.kind == "int" else _FLOAT, stop))
        return packed

    def _value(self, known: _Field, wire: int, stop: int) -> Any:
        if isinstance(known.kind, Mapping) and wire == _LENGTH:
            return self.message(stop, known.kind)
        if known.kind == "text" and wire == _LENGTH:
            return self._text(stop)
        if known.kind == "int" and wire == _VARINT:
            number = self._varint(stop)
            return number - (1 << 64) if number >> 63 else number
        if known.kind == "float" and wire == _FLOAT:
            return struct.unpack("<f", self._take(4))[0]
        return _refuse(f"The field `{known.name}` has another form than it should have.")

    def _text(self, stop: int) -> str:
        length = stop - self._at
        if length > _LONGEST_TEXT:
            _refuse("A name in it is too long.")
        try:
            return self._take(length).decode()
        except UnicodeDecodeError:
            return _refuse("A name in it is not UTF-8.")

    def _varint(self, end: int) -> int:
        number = self._take(1)[0]
        if number < 0x80:
            return number
        number &= 0x7F
        for place in range(7, 70, 7):
            byte = self._take(1)[0]
            number |= (byte & 0x7F) << place
            if byte < 0x80:
                return number & ((1 << 64) - 1)
        return _refuse(f"A number before byte {end} is too long.")

    def _skip(self, wire: int, stop: int) -> None:
        if wire == _LENGTH:
            self._go(stop)
        elif wire == _VARINT:
            self._varint(stop)
        elif wire in (_DOUBLE, _FLOAT):
            self._take(8 if wire == _DOUBLE else 4)
        else:
            _refuse("It has a field of a kind that ONNX has none of.")

    def _go(self, place: int) -> None:
        self._at = self._file.seek(place)

    def _take(self, count: int) -> bytes:
        self._bytes += count
        if self._bytes > _MOST_BYTES:
            _refuse(f"Without its weights it has more than {_MOST_BYTES} bytes.")
        taken = self._file.read(count)
        self._at += len(taken)
        if len(taken) != count:
            _refuse("It ends in the middle of a field.")
        return taken

    def _count(self, more: int) -> None:
        self._fields += 1
        self._bytes += more
        if self._fields > _MOST_FIELDS:
            _refuse(f"It has more than {_MOST_FIELDS} fields.")


def _refuse(sentence: str) -> NoReturn:
    raise NotUnderstood.of([Fault("", f"This is no ONNX model that is read here. {sentence}")])
