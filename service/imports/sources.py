"""The one entrance: a file of another program → a specification."""

from bisect import bisect_left
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from service.core.errors import SpecError
from service.core.settings import Settings
from service.imports.base import Fault, Imported, NotUnderstood, Options, Reading, Source, Subject
from service.nn.layers.embedding import Embedding
from service.nn.shapes import TokensShape
from service.simulation.estimate import Limits, estimate
from service.simulation.plan import plan
from service.simulation.spec import DataSpec, Precision, SimulationSpec

_FIRST_BYTES = 4096
_HDF5, _ZIP = b"\x89HDF\r\n\x1a\n", b"PK\x03\x04"
_SHARE = 1 / 3
"""Of what is answered at once; the estimate of convolutions is too low on some machines."""
_SMALLER = [(32, 32), (16, 32), (16, 16), (8, 16), (8, 8), (4, 8), (4, 4), (2, 4), (2, 2), (2, 1)]
"""Trials and samples of networks that are too large to be simulated as usual, the most telling first."""
_ENOUGH_TOKENS = 50_000
"""Vectors of tokens of a larger vocabulary, which are drawn alike, each by itself."""
_SMALLER_INPUT = "a smaller `input`, such as fewer steps of tokens, makes it faster where the model leaves it open"


def imported(
    source: Source, data: bytes | Path, options: Options | None = None, limits: Limits | None = None
) -> Imported:
    """The model in a file of `source`; NotUnderstood, InputNeeded, MalformedJson, OSError.

    A network that would take longer than is answered at once, by `limits` or else by those of the environment, has
    fewer trials and samples, and single precision.
    """
    read: Callable[[BinaryIO, Options], Imported] = import_module(f"service.imports.{source}").read
    with nullcontext(BytesIO(data)) if isinstance(data, bytes) else data.open("rb") as file:
        return affordable(read(file, options or Options()), limits)


def affordable(found: Imported, limits: Limits | None = None) -> Imported:
    """The same network with as many trials and samples as are simulated at once, or the fewest where none would do."""
    given = limits or Limits.of(Settings())
    limits = replace(given, floating_point_operations=_SHARE * given.floating_point_operations)
    spec = found.specification
    if _fits(spec, limits):
        return found
    reading = Reading(found.source, assumed=list(found.assumed))
    if not _fits(_smaller(spec)[-1], limits):
        spec = _with_fewer_tokens(spec, reading)
    sized = _smaller(spec)
    chosen = sized[bisect_left(sized[:-1], True, key=lambda one: _fits(one, limits))]
    samples = "1 sample" if chosen.data.samples == 1 else f"{chosen.data.samples} samples"
    larger = "" if _fits(chosen, limits) else f" Even so it may take too long for one answer; {_SMALLER_INPUT}."
    sentence = f"The network is large, so there are {chosen.trials} trials of {samples}, in float32.{larger}"
    reading.assume(Subject.SIZE, "", sentence)
    return found.model_copy(update={"specification": chosen, "assumed": reading.assumed})


def _with_fewer_tokens(spec: SimulationSpec, reading: Reading) -> SimulationSpec:
    """The same network with a part of its tokens, where an embedding has more rows than the tokens of any batch."""
    given = spec.network.input
    if not isinstance(given, TokensShape) or given.vocabulary <= _ENOUGH_TOKENS:
        return spec
    sentence = f"Of {given.vocabulary} tokens {_ENOUGH_TOKENS} are drawn, with vectors of their own as all would have."
    reading.assume(Subject.SIZE, "", sentence)
    fewer = {"vocabulary": _ENOUGH_TOKENS}
    layers = [
        one.model_copy(update=fewer) if isinstance(one, Embedding) and one.vocabulary is not None else one
        for one in spec.network.layers
    ]
    network = spec.network.model_copy(update={"input": given.model_copy(update=fewer), "layers": layers})
    return spec.model_copy(update={"network": network})


def _smaller(spec: SimulationSpec) -> list[SimulationSpec]:
    """The same network with fewer and fewer trials and samples; one sample is too few for some batch norms."""
    sized = [_sized(spec, *sizes) for sizes in _SMALLER]
    try:
        plan(sized[-1])
    except SpecError:
        return sized[:-1]
    return sized


def _sized(spec: SimulationSpec, trials: int, samples: int) -> SimulationSpec:
    data = DataSpec(samples=samples, inputs=spec.data.inputs, targets=spec.data.targets)
    return spec.model_copy(update={"trials": trials, "data": data, "precision": Precision.FLOAT32})


def _fits(spec: SimulationSpec, limits: Limits) -> bool:
    return estimate(plan(spec), limits).within_budget


def source_of(path: Path) -> Source:
    """The program that wrote a file, by its first bytes and its name; NotUnderstood, OSError."""
    with path.open("rb") as file:
        first = file.read(_FIRST_BYTES)
    suffix = path.suffix.lower()
    if first.startswith(_HDF5) or suffix in (".keras", ".h5", ".hdf5"):
        return Source.KERAS
    if first.startswith(_ZIP):
        return Source.TORCH
    if suffix == ".onnx":
        return Source.ONNX
    if first.lstrip().startswith(b"{"):
        return Source.KERAS if _names_keras(path) else Source.HUGGINGFACE
    known = ".keras, .h5, Keras' JSON, .pt2, .onnx and config.json of Hugging Face"
    raise NotUnderstood.of([Fault("", f"{path.name} is none of the files that are read: {known}.")])


def _names_keras(path: Path) -> bool:
    """Whether a JSON file has the fields that Keras writes at its top, wherever they stand in it."""
    text = path.read_bytes()
    return b'"class_name"' in text and b'"model_type"' not in text
