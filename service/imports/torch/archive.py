"""A `.pt2` file: a zip of which the program and plain numbers are read, and never a pickle."""

import json
from collections.abc import Mapping
from typing import Any, BinaryIO, NoReturn

import numpy as np

from service.imports.base import Fault, NotUnderstood
from service.imports.torch.values import Numbers
from service.imports.zips import Entries

_LARGEST_PROGRAM = 16 << 20
_MOST_CONTAINERS = 400_000
_LARGEST_TENSOR = 1 << 28
_PROGRAMS = ("models/model.json", "serialized_exported_program.json")
_CONFIGS = ("data/weights/model_weights_config.json", "data/constants/model_constants_config.json")
_DTYPES = ((1, "u1"), (2, "i1"), (3, "i2"), (4, "i4"), (5, "i8"), (6, "f2"), (7, "f4"), (8, "f8"), (12, "?"))


class Archive:
    """The entries of a file by their names; NotUnderstood where it is no such zip."""

    def __init__(self, data: BinaryIO) -> None:
        self._entries = Entries(data)
        self._places = self._configs()

    def program(self) -> Any:
        """The JSON of the program."""
        name = next((one for one in self._entries if one.endswith(_PROGRAMS)), None)
        if name is None:
            _refuse(f"The zip has no {_PROGRAMS[0]}: it is none that torch.export.save wrote.")
        return self._json(name, _LARGEST_PROGRAM)

    def numbers(self, name: str) -> Numbers | None:
        """The numbers of a parameter or a buffer; None where they are not there as plain bytes."""
        entry, meta = self._places.get(name, (None, {}))
        dtype, sizes = next((one for code, one in _DTYPES if code == meta.get("dtype")), None), meta.get("sizes")
        if entry is None or dtype is None or not isinstance(sizes, list):
            return None
        told = [one.get("as_int") if isinstance(one, Mapping) else None for one in sizes]
        shape = [one for one in told if isinstance(one, int) and 0 <= one < 1 << 40]
        if len(shape) < len(told) or self._entries.size(entry) > _LARGEST_TENSOR:
            return None
        kind, steps = np.dtype(f"<{dtype}" if dtype != "?" else "?"), meta.get("strides")
        raw = self._entries.unpacked(entry, _LARGEST_TENSOR)
        flat = np.frombuffer(raw[: len(raw) // kind.itemsize * kind.itemsize], dtype=kind)
        strides = [one.get("as_int") for one in steps if isinstance(one, Mapping)] if isinstance(steps, list) else []
        whole = [int(np.prod(shape[place + 1 :])) for place in range(len(shape))]
        same = all(one == other for one, other, size in zip(strides, whole, shape, strict=False) if size != 1)
        return flat.reshape(shape) if same and flat.size == np.prod(shape, dtype=np.float64) else None

    def _configs(self) -> dict[str, tuple[str | None, Mapping[str, Any]]]:
        """Where the numbers of every tensor are, and what they are like; none that are pickled."""
        found: dict[str, tuple[str | None, Mapping[str, Any]]] = {}
        for name in [one for one in self._entries if one.endswith(_CONFIGS)]:
            config, folder = self._json(name, _LARGEST_PROGRAM).get("config"), name.rpartition("/")[0]
            told = config if isinstance(config, Mapping) else {}
            plain = {
                key: one for key, one in told.items() if isinstance(one, Mapping) and one.get("use_pickle") is False
            }
            for tensor, one in plain.items():
                meta = one.get("tensor_meta")
                entry = f"{folder}/{one.get('path_name')}"
                found[tensor] = (entry if entry in self._entries else None, meta if isinstance(meta, Mapping) else {})
        return found

    def _json(self, name: str, most: int) -> Mapping[str, Any]:
        text = self._entries.unpacked(name, most)
        if max(text.count(b"{") + text.count(b"["), text.count(b",") // 5) > _MOST_CONTAINERS:
            _refuse(f"{name[:100]} has too many parts.")
        try:
            found = json.loads(text, object_pairs_hook=_fields)
        except (ValueError, RecursionError):
            _refuse(f"{name[:100]} is no JSON, or names a field twice.")
        return found if isinstance(found, Mapping) else {}


def _fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The fields of an object; ValueError where one is named twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError
    return found


def _refuse(sentence: str) -> NoReturn:
    raise NotUnderstood.of([Fault("", sentence)])
