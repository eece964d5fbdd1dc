"""Keras models, of versions 1, 2 and 3: `to_json()`, `.keras`, HDF5 and TensorFlow.js, or a model in this process."""

import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

from service.core.strict_json import loads
from service.imports.base import Imported, InputNeeded, Layer, Options, Reading, Source, WeightValues
from service.imports.keras.container import Kept, kept, refused
from service.imports.keras.fields import File
from service.imports.keras.losses import loss_of
from service.imports.keras.models import net_of
from service.imports.keras.nets import Net, ordered
from service.simulation.spec import SimulationSpec

__all__ = ["imported", "read", "specification"]

_BESIDES = ("keras_version", "backend", "compile_config")
_BESIDES_IN_1 = ("loss", "optimizer", "sample_weight_mode", "class_mode", "metrics", "loss_weights")
_FORMS = {1: "features", 2: "sequence", 3: "image"}


def read(data: BinaryIO, options: Options) -> Imported:
    """The model in a file; NotUnderstood, InputNeeded, MalformedJson."""
    if options.values is WeightValues.FILE:
        raise refused("Values of weights are not read from files of Keras; leave `values` out to have them drawn.")
    return _imported(kept(data), options)


def imported(model: Any, options: Options | None = None) -> Imported:
    """A Keras model of this process, by its `to_json()`; NotUnderstood, InputNeeded."""
    value = loads(str(model.to_json()).encode())
    version = value.get("keras_version") or getattr(sys.modules.get("keras"), "__version__", None)
    found = Kept("Keras, a model", value, "", version, value.get("compile_config"))
    return _imported(found, options or Options())


def specification(model: Any, options: Options | None = None) -> SimulationSpec:
    """What `POST /v1/simulations` takes, of a Keras model of this process; NotUnderstood, InputNeeded."""
    return imported(model, options).specification


def _imported(found: Kept, options: Options) -> Imported:
    reading = Reading(Source.KERAS, options)
    file = File(reading, _version(found), _channels_come_first(found.model))
    besides = (*_BESIDES, *(_BESIDES_IN_1 if file.version[0] == 1 else ()))
    net = net_of(found.model, found.pointer, file, besides)
    reading.check()
    if net is None or not net.steps:
        raise refused("The model has no layers.", found.pointer)
    shape = _shape(net, options)
    layers = net.layers(shape)
    if not layers:
        raise refused("The model passes on what comes in, and computes nothing.", found.pointer)
    form = f"{found.form.replace('Keras,', f'Keras {_written(found)},')}"
    loss = loss_of(found.training, reading)
    return reading.finished(form, _input(shape, layers), layers, loss)


def _written(found: Kept) -> str:
    """The version in words, as the file has it or as its dialect tells."""
    return found.version[:20] if isinstance(found.version, str) else f"{_version(found)[0]}"


def _version(found: Kept) -> tuple[int, int]:
    """Major and minor version of the program that wrote the file: said by it, or told by the names of its fields."""
    numbers = re.match(r"(\d{1,3})\.(\d{1,4})", found.version) if isinstance(found.version, str) else None
    if numbers:
        return int(numbers[1]), int(numbers[2])
    names = _names(found.model)
    if names & {"output_dim", "nb_filter", "border_mode", "subsample", "init", "p"} and not names & {"units", "rate"}:
        old = not names & {"embeddings_initializer", "kernel_initializer"}
        return (1, 2) if old else (2, 2)
    newer = (3, 15) if "input_axes" in names else (3, 0)
    return newer if names & {"batch_shape", "build_input_shape"} else (2, 15)


def _objects(value: Any) -> Sequence[Mapping[str, Any]]:
    """All objects in `value`."""
    waiting, found = [value], []
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            found.append(one)
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return found


def _names(value: Any) -> set[str]:
    return {name for one in _objects(value) for name in one}


def _channels_come_first(model: Any) -> bool:
    """Whether layers say that channels come first, and none that they come last."""
    said = set()
    for one in _objects(model):
        if one.get("class_name") != "Flatten" and isinstance(config := one.get("config"), Mapping):
            said |= {config[name] for name in ("data_format", "dim_ordering") if isinstance(config.get(name), str)}
    return bool(said & {"channels_first", "th"}) and not said & {"channels_last", "tf"}


def _shape(net: Net, options: Options) -> tuple[int, ...]:
    """The shape of one input, by the file and by what the caller says; InputNeeded, NotUnderstood."""
    given = options.input
    if net.declared is None:
        if not given:
            raise InputNeeded(f"The file does not say what goes in; {_EXAMPLES}")
        return given
    wanted = ordered(net.declared, net.file)
    if not 1 <= len(wanted) <= len(_FORMS):
        raise refused(f"Inputs of {len(wanted)} axes are read, and 1 to {len(_FORMS)} can be said here.", net.pointer)
    found = _filled(wanted, given)
    if found is None and None in wanted:
        raise InputNeeded(f"The file leaves sizes of its input open, {_sizes(wanted)}; {_EXAMPLES}")
    if found is None:
        raise InputNeeded(f"The file says that its input is {_sizes(wanted)}, and {_sizes(given)} is given.")
    return found


def _filled(wanted: Sequence[int | None], given: Sequence[int]) -> tuple[int, ...] | None:
    """`wanted` with what is open filled by all sizes or by the open ones; None where they do not fit."""
    still = wanted.count(None)
    if len(given) == still:
        rest = iter(given)
        return tuple(next(rest) if n is None else n for n in wanted)
    fits = len(given) == len(wanted) and all(n in (None, m) for n, m in zip(wanted, given, strict=True))
    return tuple(given) if fits else None


_EXAMPLES = "say it with `input`, such as 32x32x3 of an image, 128x16 of a sequence or 128 steps of tokens."


def _sizes(shape: Sequence[int | None]) -> str:
    return "x".join("?" if n is None else str(n) for n in shape)


def _input(shape: Sequence[int], layers: Sequence[Layer]) -> Layer:
    """`network.input` of that shape: tokens where an embedding reads them."""
    vocabulary = _vocabulary(layers)
    if vocabulary and len(shape) == 1:
        return {"kind": "tokens", "steps": shape[0], "vocabulary": vocabulary}
    names = {1: ("features",), 2: ("steps", "features"), 3: ("height", "width", "channels")}[len(shape)]
    return {"kind": _FORMS[len(shape)], **dict(zip(names, shape, strict=True))}


def _vocabulary(layers: Sequence[Layer]) -> int:
    """How many tokens the embedding in front has, in whatever branch; 0 where there is none."""
    if not layers:
        return 0
    first = layers[0]
    if first["kind"] == "embedding":
        return int(first["vocabulary"])
    inside = [branch["layers"] for branch in first.get("branches", ())]
    inside += [first[name] for name in ("layers", "shortcut") if name in first]
    return max(map(_vocabulary, inside), default=0)
