"""Presets and recurrent cells as the catalog has them, read from the classes themselves."""

import json
from dataclasses import replace
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter

from service.core.kinds import Kind, Model, members
from service.nn.cells import CELLS
from service.nn.layers import Node
from service.nn.presets import Preset
from service.nn.presets.base import Surroundings
from service.nn.runs import Cell

_LAYERS: type[Kind] = Node
_ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)


class LayerPlace(StrEnum):
    """Where a layer stands, among those with weights."""

    ANY = "any"
    FIRST = "first"
    LAST = "last"


class PresetField(Model):
    """One field that a preset fills."""

    layer: str
    """A layer that does not say it, as JSON."""
    place: LayerPlace
    """Where in the network it stands."""
    field: str
    """The name of the field."""
    value: str
    """What the preset has for it in this layer, as JSON."""


class PresetEntry(Model):
    """One preset, with all that it fills."""

    name: str
    """Its name, for `defaults` of a network."""
    summary: str
    """What it is, in a sentence."""
    source: str
    """The framework or paper that it is taken from."""
    aliases: list[str]
    """What else it is called; a request that does is answered with its name."""
    fills: list[PresetField]
    """What it fills, where a layer says nothing."""


class CellEntry(Model):
    """One cell of recurrent layers."""

    name: str
    """Its name, for `cell`."""
    summary: str
    """What it computes at a step, in a line."""
    formula: str
    """The step as a formula."""
    gate_order: list[str]
    """What the parts of its matrices and biases are, in their order along the last axis; c and h are no gates."""
    source: str
    """Where it was proposed or is defined."""


def preset_entry(preset: Preset) -> PresetEntry:
    """`preset` with all that it fills in an example of every kind of layer."""
    layers = [one for kind in members(_LAYERS) if kind.left_open for one in _examples(kind)]
    plain, fills = Surroundings(features=784, blocks=12, first=False, last=False), []
    for layer in layers:
        usual = preset.fill(layer, plain)
        fills += [_filled(layer, LayerPlace.ANY, name, value) for name, value in usual.items()]
        for place in (LayerPlace.FIRST, LayerPlace.LAST):
            found = preset.fill(layer, replace(plain, **{place.value: True}))
            fills += [_filled(layer, place, name, value) for name, value in found.items() if value != usual[name]]
    return PresetEntry(
        name=preset.name,
        summary=summary_of(type(preset)),
        source=preset.source,
        aliases=list(preset.aliases),
        fills=fills,
    )


def _examples(kind: type[Kind]) -> list[Any]:
    """A layer of that kind, of the recurrent ones with every cell."""
    variants = [{"cell": cell} for cell in CELLS] if "cell" in kind.model_fields else [{}]
    return [kind.model_validate({**kind.example(), **variant}) for variant in variants]


def _filled(layer: Node, place: LayerPlace, name: str, value: Any) -> PresetField:
    written = {field: one for field, one in layer if field in layer.model_fields_set}
    return PresetField(layer=as_json(written), place=place, field=name, value=as_json(value))


def cell_entry(name: str, cell: type[Cell]) -> CellEntry:
    """The cell of that name."""
    return CellEntry(
        name=name,
        summary=summary_of(cell),
        formula=cell.definition,
        gate_order=list(cell.gate_order),
        source=cell.source,
    )


def summary_of(described: type) -> str:
    """The first line of the docstring of a class."""
    return (described.__doc__ or "").strip().partition("\n")[0]


def as_json(value: Any) -> str:
    """Any value of a specification as JSON."""
    return json.dumps(_ANYTHING.dump_python(value, mode="json"), ensure_ascii=False)
