"""The layers of a Keras model as they are written: their class, their fields, and where they are called."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from service.imports.base import Reading, Source
from service.imports.keras.calls import Call, calls_of
from service.imports.keras.classes import MODELS, not_read
from service.imports.keras.drawing import own_class
from service.imports.keras.fields import Fields, File, shown


def all_known(fields: Fields) -> None:
    """Keep a fault for every field that is left."""
    for name, value in fields.values.items():
        fields.fault(name, f"{fields.what} has {name[:60]} = {shown(value)}, which is not understood.")


@dataclass(frozen=True)
class Entry:
    """A layer as it is written: its class, its fields, and where it is called."""

    kind: str
    name: str
    fields: Fields
    calls: Sequence[Call]
    config: Any


def entries_of(fields: Fields, pointer: str, graph: bool) -> list[Entry]:
    """The layers of a model, of which `fields` are; those of a graph say where they are called."""
    layers = fields.take("layers")
    if not isinstance(layers, list) or not layers:
        fields.fault("layers", f"The model has layers = {shown(layers)}, where a list of layers is read.")
        return []
    return [entry_of(one, f"{pointer}/{number}", fields.file, graph) for number, one in enumerate(layers)]


def entry_of(value: Any, pointer: str, file: File, graph: bool) -> Entry:
    """One layer; a fault where it is not written as one."""
    outer = Fields.of(value, pointer, "A layer", file)
    kind, config = outer.values.get("class_name"), outer.take("config", default={})
    inner = config if isinstance(config, Mapping) else {}
    name = next((one for one in (outer.take("name"), inner.get("name")) if isinstance(one, str)), "")
    outer.what = f"{shown(kind)[1:-1] if isinstance(kind, str) else 'A layer'} `{name[:60]}`"
    own_class(outer)
    outer.take("class_name")
    outer.free("build_config", "shared_object_id", *(["compile_config"] if kind in MODELS else []))
    nodes = outer.take("inbound_nodes", default=[])
    unheard = File(Reading(Source.KERAS), file.version)
    listener = replace(outer, file=unheard) if not_read(kind) else outer
    calls = calls_of(nodes, listener) if graph else []
    if not graph:
        outer.only("inbound_nodes", [], None)
    all_known(outer)
    is_model = kind in MODELS
    if not isinstance(config, Mapping) and not is_model:
        outer.fault("config", f"{outer.what} has config = {shown(config)}, where an object is read.")
    return Entry(str(kind), name, Fields(dict(inner), f"{pointer}/config", outer.what, file), calls, config)
