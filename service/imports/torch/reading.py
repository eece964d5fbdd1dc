"""A program → a specification: the walk, the reduction to blocks, and how parameters are drawn."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any

from service.imports.base import Imported, Layer, NotUnderstood, Reading, Subject
from service.imports.graph import Vertex, chain_of
from service.imports.torch.activations import ACTIVATIONS
from service.imports.torch.arithmetic import ARITHMETIC
from service.imports.torch.attention import ATTENTION
from service.imports.torch.filling import Rule, filled
from service.imports.torch.joining import JOINING
from service.imports.torch.layers import LAYERS
from service.imports.torch.pooling import POOLING
from service.imports.torch.program import Program
from service.imports.torch.recurrent import RECURRENT
from service.imports.torch.values import Draft, Filling, Value, Weight
from service.imports.torch.views import VIEWS
from service.imports.torch.walk import Handler, Walk

_TABLE: Mapping[str, Handler] = {
    **LAYERS,
    **VIEWS,
    **JOINING,
    **ACTIVATIONS,
    **ARITHMETIC,
    **POOLING,
    **ATTENTION,
    **RECURRENT,
}
"""How each operation of ATen is read, by its name without its overload."""
_ACTIVE = {"dense", "convolution", "depthwise_convolution", "transposed_convolution"}


def specification_of(
    program: Program, fresh: Callable[[], Reading], rule: Rule, buffer: Callable[[str], Value], form: str
) -> Imported:
    """The specification; NotUnderstood.

    Samples stand along the first axis of the inputs, or, where that makes no sense, along the second, as recurrent
    layers and transformers have them unless they are told otherwise.
    """
    furthest: NotUnderstood | None = None
    deepest = max((len(program.shapes.get(name, ())) for name in program.inputs), default=0)
    for batch in (0, 1)[:deepest]:
        reading = fresh()
        try:
            return _read(Walk(program, reading, _TABLE, batch), rule, buffer, form)
        except NotUnderstood as refusal:
            furthest = max((one for one in (furthest, refusal) if one is not None), key=_way)
    raise furthest or NotUnderstood("The program has no inputs.", ())


def _way(refusal: NotUnderstood) -> int:
    """How far a program was read: the number of the first operation that is not understood."""
    place = (refusal.pointer or "").rpartition("/")[2]
    return int(place) if place.isdecimal() else 0


def _read(walk: Walk, rule: Rule, buffer: Callable[[str], Value], form: str) -> Imported:
    reading = walk.reading
    output = walk.run(buffer)
    reading.check()
    if output is None:
        raise NotUnderstood("Nothing comes out of the model.", ())
    given = _input(walk, output.draft)
    vertices = walk.vertices(output.draft)
    reading.check()
    _tell(walk, vertices)
    fused, last = _fused(vertices, output.draft.name)
    layers = filled(chain_of(fused, last, given.space.shape), rule, reading)
    return reading.finished(form, _shape(given), layers, walk.loss)


def _input(walk: Walk, output: Draft) -> Draft:
    """The only input that the output depends on."""
    waiting, seen, found = [output], set(), []
    while waiting:
        one = waiting.pop()
        if id(one) not in seen:
            seen.add(id(one))
            waiting.extend(one.inputs)
            found += [one] * (not one.inputs)
    if len(found) > 1:
        walk.reading.fault("", f"The model has {len(found)} inputs that meet inside it; a network has one here.")
        walk.reading.check()
    if found[0].space.dims is None:
        walk.reading.fault("", "Nothing in the model tells which axis of its input is that of features.")
        walk.reading.check()
    return found[0]


def _shape(given: Draft) -> Mapping[str, Any]:
    """What stands at `network.input`, by the shape and the facts of the input."""
    shape = given.space.shape
    if "vocabulary" in given.facts:
        return {"kind": "tokens", "steps": shape[0], "vocabulary": given.facts["vocabulary"]}
    kinds = {
        1: ("features", "features"),
        2: ("sequence", "steps", "features"),
        3: ("image", "height", "width", "channels"),
    }
    kind, *names = kinds.get(len(shape), kinds[3])
    return {"kind": kind, **dict(zip(names, shape, strict=False))}


def _tell(walk: Walk, vertices: Sequence[Vertex]) -> None:
    """Say which parameters are used more than once."""
    used: Counter[str] = Counter()
    for weight in (one for vertex in vertices for layer in vertex.layers for one in _weights(layer)):
        used[weight.name] += prod(weight.shape)
    for name in sorted(name for name, count in used.items() if count > walk.size_of(name)):
        what = f"`{name}` is used more than once; here each use is drawn by itself."
        walk.reading.assume(Subject.TIED_WEIGHTS, "", what)


def _weights(layer: Layer) -> list[Weight]:
    return [weight for one in layer.values() if isinstance(one, Filling) for weight in one.weights]


def _fused(vertices: Sequence[Vertex], output: str) -> tuple[list[Vertex], str]:
    """Activations as the field of the layer that they stand behind, where nothing else reads that layer."""
    readers = Counter(name for one in vertices for name in one.inputs)
    found: dict[str, Vertex] = {}
    renamed: dict[str, str] = {}
    for one in vertices:
        inputs = [renamed.get(name, name) for name in one.inputs]
        before = found.get(inputs[0])
        if before is None or readers[one.inputs[0]] > 1 or not _is_activation(one) or not _takes_one(before):
            found[one.name] = replace(one, inputs=inputs)
            continue
        last = {**before.layers[-1], "activation": one.layers[0]["activation"]}
        found[before.name] = replace(before, layers=[*before.layers[:-1], last])
        renamed[one.name] = before.name
        readers[before.name] = readers[one.name]
    return list(found.values()), renamed.get(output, output)


def _is_activation(one: Vertex) -> bool:
    return one.merge is None and len(one.layers) == 1 and one.layers[0]["kind"] == "activation"


def _takes_one(one: Vertex) -> bool:
    return bool(one.layers) and one.layers[-1]["kind"] in _ACTIVE and "activation" not in one.layers[-1]
