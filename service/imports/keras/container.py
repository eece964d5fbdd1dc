"""The forms in which Keras models are kept, told by their first bytes: JSON, a zip, HDF5, TensorFlow.js.

Nothing but text is read of them, in pieces of bounded size. HDF5 is not parsed: the JSON in it is found by a scan.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO

from service.core.errors import MalformedJson
from service.core.strict_json import loads
from service.imports.base import Fault, NotUnderstood
from service.imports.zips import Entries

_ZIP, _HDF5 = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"
_LARGEST_TEXT = 16 << 20
_PIECE = 1 << 20
_DEEPEST = 192
_MODELS = ("Sequential", "Functional", "Model")
_BEGINNING = re.compile(
    rb'\{\s*"(?:class_name|config|module|registered_name|build_config|compile_config|keras_version|backend|'
    rb'optimizer_config|optimizer|loss|loss_weights|metrics|weighted_metrics|sample_weight_mode|training_config|name)"\s*:'
)
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|["\[\]{}]', re.DOTALL)
"""A string, a quote that begins one without an end, or a bracket."""
_STEPS = {b"{": 1, b"[": 1, b"}": -1, b"]": -1}
_OVERLAP = 64
_MOST_SCANNED = 256 << 20


@dataclass(frozen=True)
class Kept:
    """A model as it is written, and what the file says of its version and its training, if it does."""

    form: str
    model: Any
    pointer: str
    version: Any = None
    training: Any = None


def kept(data: BinaryIO) -> Kept:
    """What a file has; NotUnderstood, MalformedJson."""
    data.seek(0)
    first = data.read(8)
    if first.startswith(_ZIP):
        return _of_zip(data)
    if first == _HDF5:
        return _of_hdf5(data)
    data.seek(0)
    text = data.read(_LARGEST_TEXT + 1)
    if len(text) > _LARGEST_TEXT:
        raise refused(f"The text is longer than {_LARGEST_TEXT >> 20} MiB, which is the most that is read.")
    return _of_json(loads(text.removeprefix(b"\xef\xbb\xbf")))


def refused(sentence: str, pointer: str = "") -> NotUnderstood:
    """The refusal of a file that is in none of the forms."""
    return NotUnderstood.of([Fault(pointer, sentence)])


def _of_json(value: Any) -> Kept:
    """What `to_json()` made, or TensorFlow.js."""
    if isinstance(value, str):  # to_json() that was written as JSON once more
        value = loads(value.encode())
    if not isinstance(value, Mapping):
        raise refused("The file is JSON, but no object with the fields of a Keras model.")
    topology = value.get("modelTopology")
    if topology is None:
        if "model_config" in value:
            return _wrapped(value, "", "Keras, model_config")
        training = value if "loss" in value else value.get("compile_config")
        return Kept("Keras, to_json()", value, "", value.get("keras_version"), training)
    if not isinstance(topology, Mapping) or ("model_config" not in topology and "class_name" not in topology):
        raise refused("The file is a graph of TensorFlow, of which no layers can be read.", "/modelTopology")
    if "model_config" in topology:
        return _wrapped(topology, "/modelTopology", "TensorFlow.js, layers model")
    return Kept("TensorFlow.js, layers model", topology, "/modelTopology", topology.get("keras_version"))


def _wrapped(value: Mapping[str, Any], pointer: str, form: str) -> Kept:
    """A model beside its version and its training."""
    strange = value.keys() - {"model_config", "training_config", "keras_version", "backend"}
    if strange:
        raise refused(f"The file has {sorted(strange)[0][:60]} beside its model, which is not understood.", pointer)
    model, at = value["model_config"], f"{pointer}/model_config"
    model = loads(model.encode()) if isinstance(model, str) else model
    return Kept(form, model, at, value.get("keras_version"), value.get("training_config"))


def _of_zip(data: BinaryIO) -> Kept:
    entries = Entries(data)
    model = loads(entries.unpacked("config.json", _LARGEST_TEXT))
    said = loads(entries.unpacked("metadata.json", _LARGEST_TEXT)) if "metadata.json" in entries else {}
    version = said.get("keras_version") if isinstance(said, Mapping) else None
    training = model.get("compile_config") if isinstance(model, Mapping) else None
    return Kept("Keras, .keras", model, "", version, training)


def _of_hdf5(data: BinaryIO) -> Kept:
    """The model and the training in HDF5, by a scan for JSON."""
    models: list[Any] = []
    trainings: list[Any] = []
    for value in _objects(data):
        if value.get("class_name") in _MODELS and "config" in value and value not in models:
            models.append(value)
        elif {"loss", "optimizer_config"} <= value.keys() and value not in trainings:
            trainings.append(value)
    if len(models) != 1:
        what = "no model's configuration" if not models else f"{len(models)} configurations of models"
        raise refused(
            f"The file is HDF5 with {what} in it, where one is read; weights alone do not say what they are of."
        )
    training = trainings[0] if len(trainings) == 1 else None
    return Kept("Keras, HDF5", models[0], "", models[0].get("keras_version"), training)


def _objects(data: BinaryIO) -> Iterator[dict[str, Any]]:
    """The JSON objects that begin with a field which Keras writes, those inside others left out; NotUnderstood."""
    place, left = _next(data, 0), _MOST_SCANNED
    while place is not None:
        text = _balanced(data, place)
        left -= _PIECE + len(text)
        if not text or left < 0:
            raise refused("The file is HDF5 with text in it that begins like a model and does not end like one.")
        with suppress(MalformedJson):
            yield from (one for one in [loads(text)] if isinstance(one, dict))
        place = _next(data, place + len(text))


def _next(data: BinaryIO, place: int) -> int | None:
    """Where the next such object begins, at `place` or behind it."""
    while True:
        data.seek(place)
        piece = data.read(_PIECE)
        match = _BEGINNING.search(piece)
        if match:
            return place + match.start()
        if len(piece) < _PIECE:
            return None
        place += _PIECE - _OVERLAP


def _balanced(data: BinaryIO, start: int) -> bytes:
    """The text from `start` to the bracket that closes the first; empty where there is none within what is read."""
    for size in (_PIECE, 4 * _PIECE, _LARGEST_TEXT):
        data.seek(start)
        text = data.read(size)
        end = _end(text)
        if end or len(text) < size:
            return text[:end]
    return b""


def _end(text: bytes) -> int:
    """Where what the first bracket begins is over; 0 where that is not in `text`, or too deep."""
    depth = 0
    for token in _TOKEN.finditer(text):
        depth += _STEPS.get(token.group(), 0)
        if depth == 0:
            return token.end()
        if depth > _DEEPEST or token.group() == b'"':
            break
    return 0
