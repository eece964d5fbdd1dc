"""ONNX files as specifications: the structure with weights of a preset, or with the values of the file.

The graph is walked node by node. A name stands for a constant or for a signal, whose axes are followed through all
transpositions, so that what is channels-first in ONNX is channels-last here. No function, no graph inside a node, no
operator of another domain and no other file is looked at: what has one is refused.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import BinaryIO

import numpy as np

from service.imports.base import Imported, InputNeeded, Options, Reading, Source, Subject, WeightValues
from service.imports.graph import INPUT, Vertex, chain_of
from service.imports.onnx.nodes import constant_of
from service.imports.onnx.signals import BATCH, SAMPLES, Made, Signal, Unreadable, Value, channel_axes, refuse
from service.imports.onnx.walk import walked
from service.imports.onnx.weights import assume_preset
from service.imports.onnx.wire import Message, model_of
from service.nn.presets import PresetName

_PRESET = PresetName("pytorch")
_INTEGERS = (6, 7)
_WEIGHTED = ("dense", "convolution", "depthwise_convolution", "transposed_convolution", "embedding", "recurrent")


def read(data: BinaryIO, options: Options) -> Imported:
    """The model in an ONNX file; NotUnderstood, InputNeeded.

    Of the ways in which the axes of an input may be meant, the first one is taken in which every node is understood.
    """
    model = model_of(data, options.values is WeightValues.FILE)
    graph = model.get("graph")
    if graph is None or model.get("functions") or graph.get("sparse_initializer"):
        raise refuse("The file has no graph, functions of its own or sparse tensors, which are not read.")
    given, output = _ends(graph)
    preset = options.defaults or _PRESET
    found: list[Reading] = []
    for axes in _meanings(given):
        reading = Reading(Source.ONNX, replace(options, defaults=preset))
        if found and _open(given, axes) and not options.input:
            continue  # what this meaning would ask for does not mend what is not understood of the usual one
        made, start = _begun(reading, given, axes, model)
        with np.errstate(all="ignore"):  # numbers of the file may be anything; what is not finite is refused
            ends = walked(graph, made, {**_constants(graph, reading), given.get("name", ""): start})
        if not reading.faults:
            return _imported(model, made, start, ends.get(output))
        found.append(reading)
    min(found, key=_depth).check()
    raise refuse("The input has no axes.")


def _depth(reading: Reading) -> tuple[int, int]:
    """How little of a graph is understood: by how many faults there are, and how early the first one is."""
    place = reading.faults[0].pointer.rpartition("/")[2]
    return len(reading.faults), -int(place) if place.isdecimal() else 0


def _ends(graph: Message) -> tuple[Message, str]:
    """The one input that is no constant, and the name of the first output."""
    constants = {one.get("name", "") for one in graph.get("initializer", [])}
    inputs = [one for one in graph.get("input", []) if one.get("name", "") not in constants]
    read = {name for node in graph.get("node", []) for name in node.get("input", [])}
    used = [one for one in inputs if one.get("name", "") in read]
    outputs = [one.get("name", "") for one in graph.get("output", [])]
    if len(used) != 1 or not outputs:
        names = ", ".join(one.get("name", "")[:30] for one in used[:5])
        raise refuse(f"A model with one input and an output is read; this one has {len(used)} inputs: {names}.")
    return used[0], outputs[0]


def _dimensions(given: Message) -> list[int | None]:
    """The sizes of the input; None where they are open. One axis alone is that of features, of a sample by itself."""
    tensor = given.get("type", {}).get("tensor_type", {})
    dims = tensor.get("shape", {}).get("dim", [])
    sizes = [one.get("dim_value") for one in dims]
    if not 1 <= len(sizes) <= 4:
        raise refuse(f"The input has {len(sizes)} axes; samples and one to three others are read.")
    sizes = [None, *sizes] if len(sizes) == 1 else sizes
    if any(one is not None and not 0 < one < 1 << 31 for one in sizes):
        raise refuse("The input has a size that is none.")
    return sizes


def _open(given: Message, axes: tuple[int, ...]) -> bool:
    """Whether a size other than that of samples is open."""
    return any(size is None and axis != SAMPLES for axis, size in zip(axes, _dimensions(given), strict=True))


def _written(given: Message) -> str:
    """The shape of the input as the file has it."""
    dims = given.get("type", {}).get("tensor_type", {}).get("shape", {}).get("dim", [])
    sizes = [str(one.get("dim_value") or one.get("dim_param") or "?")[:20] for one in dims]
    return f"`{given.get('name', '')[:40]}` being ({', '.join(sizes)})"


def _meanings(given: Message) -> Iterator[tuple[int, ...]]:
    """What the axes of the input may be: the usual first."""
    rank = len(_dimensions(given)) - 1
    if rank > 1:
        yield channel_axes(rank)
    yield (SAMPLES, *range(rank))
    if rank < 3:
        yield (0, SAMPLES, *range(1, rank))


def _begun(reading: Reading, given: Message, axes: tuple[int, ...], model: Message) -> tuple[Made, Signal]:
    """The input as a signal with these axes; InputNeeded where a size is open and not said."""
    sizes, asked = _dimensions(given), reading.options.input
    own = {axis: size for axis, size in zip(axes, sizes, strict=True) if axis != SAMPLES}
    if asked and len(asked) != len(own):
        reading.fault(
            "/graph/input", f"The input has {len(own)} axes beside that of samples; {len(asked)} sizes are said."
        )
        asked = ()
    shape = []
    for axis in range(len(own)):
        size, said = own[axis], asked[axis] if asked else None
        if size is None and not reading.options.input:
            example = "x".join(["32", "32", "3"][-len(own) :]) if len(own) > 1 else "128"
            raise InputNeeded(
                f"Sizes of the input are open, {_written(given)}; say them by `input`, channels last, as {example}."
            )
        if size is not None and said is not None and size != said:
            reading.fault("/graph/input", f"The size {said} is said of the input, which has {size} in the file.")
        shape.append(said if size is None and said is not None else size or 1)
    batch = sizes[axes.index(SAMPLES)] or BATCH
    tokens = given.get("type", {}).get("tensor_type", {}).get("elem_type") in _INTEGERS
    opset = max((one.get("version", 1) for one in model.get("opset_import", []) if not one.get("domain")), default=1)
    made = Made(reading, batch, opset)
    made.readers = _readers(model["graph"])
    made.vertices[INPUT] = Vertex(INPUT, (), shape=tuple(shape))
    return made, Signal(INPUT, tuple(shape), axes, tokens=tokens)


def _constants(graph: Message, reading: Reading) -> dict[str, Value]:
    """The tensors of the file by their names."""
    found: dict[str, Value] = {}
    for place, one in enumerate(graph.get("initializer", [])):
        try:
            found[one.get("name", "")] = constant_of(one)
        except Unreadable as refused:
            reading.fault(f"/graph/initializer/{place}", f"The tensor `{one.get('name', '')[:60]}` {refused.sentence}.")
    return found


def _imported(model: Message, made: Made, start: Signal, end: Value | None) -> Imported:
    """The network between input and output."""
    reading, graph = made.reading, model["graph"]
    if not isinstance(end, Signal) or end.tokens:
        raise refuse("The output does not come from the input.")
    last = made.plain(end, "output")
    if last.vertex == INPUT:
        raise refuse("The output is the input.")
    vertices = [one for name, one in made.vertices.items() if name != INPUT]
    layers = chain_of(vertices, last.vertex, start.shape)
    if len(graph.get("output", [])) > 1:
        _check_left_out(vertices, last.vertex)
        others = len(graph["output"]) - 1
        reading.assume(
            Subject.OTHER, "/graph/output", f"The first output is what is learned; {others} more are left out."
        )
    loss = None
    if made.log_softmax is not None:
        loss = "cross_entropy_with_logits"
        if made.log_softmax != last.vertex:
            raise refuse("Logarithms of probabilities are computed with, and only a loss does that here.")
        reading.assume(Subject.LOSS, "/graph/output", f"The logarithm of the softmax is part of the loss, {loss}.")
    assume_preset(made, str(reading.options.defaults))
    version = " ".join(part for part in (model.get("producer_name"), model.get("producer_version")) if part)
    form = f"ONNX, opset {made.opset}{f', written by {version}' if version else ''}"
    return reading.finished(form[:200], _shape(made, start), layers, loss)


def _check_left_out(vertices: Sequence[Vertex], output: str) -> None:
    """See that outputs besides the first have no weights of their own, which would be left out with them."""
    reached = {output}
    for one in reversed(vertices):
        reached.update(one.inputs if one.name in reached else ())
    own = [
        one.name
        for one in vertices
        if one.name not in reached and any(layer["kind"] in _WEIGHTED for layer in one.layers)
    ]
    if own:
        raise refuse(
            f"Other outputs than the first have weights of their own, as `{own[0][:60]}`; one can be said here."
        )


def _shape(made: Made, start: Signal) -> dict[str, object]:
    """What `network.input` of the specification says."""
    if start.tokens:
        if made.vocabulary is None:
            raise refuse("The input is of whole numbers, and no embedding reads them.")
        return {"kind": "tokens", "steps": start.shape[0], "vocabulary": made.vocabulary}
    names = {1: ("features",), 2: ("steps", "features"), 3: ("height", "width", "channels")}[len(start.shape)]
    kind = {1: "features", 2: "sequence", 3: "image"}[len(start.shape)]
    return {"kind": kind, **dict(zip(names, start.shape, strict=True))}


def _readers(graph: Message) -> Counter[str]:
    """How many nodes read a name, and whether it is an output."""
    found = Counter(name for node in graph.get("node", []) for name in node.get("input", []))
    found.update(one.get("name", "") for one in graph.get("output", [])[:1])
    return found
