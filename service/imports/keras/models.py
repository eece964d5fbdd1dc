"""Keras models, in one another or not, as layers of our language."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from service.core.arrays import Shape
from service.imports.base import Layer, Subject
from service.imports.graph import INPUT
from service.imports.keras.calls import Call, Ref, refs_of
from service.imports.keras.classes import CLASSES, MODELS, not_read
from service.imports.keras.drawing import own_class
from service.imports.keras.entries import Entry, all_known, entries_of, entry_of
from service.imports.keras.fields import Fields, File, Made, Unsayable, one_signal, shown
from service.imports.keras.nets import Net, Step, check_declared, named
from service.imports.keras.preparing import AT_FRONT, MAY
from service.imports.keras.recurrent import CAUSAL

_EACH_STEP = "TimeDistributed"
_FLAT = ("dense", "activation")


def net_of(entry: Any, pointer: str, file: File, extra: Sequence[str] = ()) -> Net | None:
    """The model written as an object with `class_name` and `config`; None, with faults, where it is not understood."""
    fields = Fields.of(entry, pointer, "The model", file)
    own_class(fields)
    fields.free("build_config", "shared_object_id", "inbound_nodes", *extra)
    kind, config = fields.take("class_name"), fields.take("config")
    all_known(fields)
    if kind not in MODELS:
        fields.fault("class_name", f"The model is of the class {shown(kind)}, which is not read.")
        return None
    if kind == "Sequential" and isinstance(config, list):
        return _sequential(Fields({"layers": config}, f"{pointer}/config", "The model", file), f"{pointer}/config")
    inner = Fields.of(config, f"{pointer}/config", "The model", file)
    return _sequential(inner, inner.at("layers")) if kind == "Sequential" else _functional(inner)


def _made(entry: Entry) -> tuple[Made, Sequence[int | None] | None]:
    """What a layer is, and the shape that it says comes in."""
    fields = entry.fields
    if entry.kind in MODELS:
        return _inner_model(entry)
    unread = "stand at the beginning of a model alone" if entry.kind == "InputLayer" else not_read(entry.kind)
    if unread:
        sentence = f"Layers of the class {fields.what.partition(' ')[0]} {unread}."
        fields.file.reading.fault(fields.pointer.removesuffix("/config"), sentence)
        return one_signal(lambda shape: []), None
    declared = fields.shape()
    if entry.kind != "Embedding":
        declared = _declared_by_parts(fields, declared)
    made = _each_step(fields) if entry.kind == _EACH_STEP else CLASSES[entry.kind](fields)
    fields.finish()
    return made, declared


def _declared_by_parts(fields: Fields, declared: Sequence[int | None] | None) -> Sequence[int | None] | None:
    """The shape that Keras 1 says with the length of a sequence and the number of features."""
    given = [fields.take(name) for name in ("input_length", "input_dim")]
    for name, value in zip(("input_length", "input_dim"), given, strict=True):
        if value is not None and (type(value) is not int or value < 1):
            fields.fault(name, f"{fields.what} has {name} = {shown(value)}, where a whole number is read.")
    length, features = (value if type(value) is int else None for value in given)
    if declared is None and features is not None:
        reads_steps = {"return_sequences", "filter_length"} & fields.values.keys()
        return [length, features] if length or reads_steps else [features]
    if declared and (features not in (None, declared[-1]) or length not in (None, declared[0])):
        fields.fault("", f"{fields.what} says in two ways what comes in, and they differ.")
    return declared


def _inner_model(entry: Entry) -> tuple[Made, Sequence[int | None] | None]:
    pointer = entry.fields.pointer.removesuffix("/config")
    net = net_of({"class_name": entry.kind, "config": entry.config}, pointer, entry.fields.file)
    if net is None:
        return one_signal(lambda shape: []), None
    return one_signal(net.layers, trained=True), net.declared


def _each_step(fields: Fields) -> Made:
    """The layer inside at every step."""
    given, pointer = fields.take("layer"), fields.at("layer")
    entry = entry_of(given, pointer, fields.file, graph=False)
    inner, declared = _made(entry)

    def layers(shape: Shape) -> Sequence[Layer]:
        if len(shape) < 2:
            raise Unsayable(f"needs steps, and {list(shape)} comes in")
        check_declared(declared, shape[1:], fields.file)
        found = named(inner.behind([shape[1:]]), entry.name)
        if not found or all(one["kind"] in _FLAT for one in found):
            return found
        return [{"kind": "each_step", "layers": found}]

    if inner.merge is not None:
        fields.fault("layer", f"{fields.what} has a layer inside that reads several signals.")
    return one_signal(layers, trained=inner.trained)


def _step(entry: Entry, name: str, inputs: Sequence[str], training: bool | None) -> Step:
    made, declared = _made(entry)
    front = entry.kind in AT_FRONT or (None if entry.kind in MAY else False)
    fields = entry.fields
    pointer = fields.pointer.removesuffix("/config")
    binding = entry.kind in MODELS
    return Step(name, pointer, fields.what, inputs, made, entry.name, training, declared, front, binding)


def _model_fields(fields: Fields) -> Sequence[int | None] | None:
    """Take out what a model has besides its layers; the shape that it was built for."""
    value = fields.take("build_input_shape")
    fields.free()
    fields.usual()
    all_known(fields)
    return value[1:] if isinstance(value, list) and all(n is None or type(n) is int for n in value) else None


def _sequential(fields: Fields, pointer: str) -> Net:
    entries = entries_of(fields, pointer, graph=False)
    declared = _model_fields(fields)
    steps: list[Step] = []
    before = INPUT
    for number, entry in enumerate(entries):
        if entry.kind == "InputLayer" and number == 0:
            declared = _input_layer(entry.fields)
            continue
        if entry.fields.values.get("return_state") is True:
            entry.fields.fault("return_state", f"{entry.fields.what} returns its states into a chain, as no layer can.")
        step = _step(entry, f"{entry.name or entry.kind} {number + 1}", [before], None)
        if not steps and step.declared is not None and (declared is None or None in declared):
            declared = step.declared
        steps.append(step)
        before = step.name
    return Net(fields.file, fields.pointer, steps, before, declared)


def _input_layer(fields: Fields) -> Sequence[int | None] | None:
    declared = fields.shape()
    fields.only("sparse", False)
    fields.only("ragged", False)
    fields.only("optional", False)
    fields.free("batch_size")
    fields.finish()
    return declared


def _functional(fields: Fields) -> Net | None:
    entries = entries_of(fields, fields.at("layers"), graph=True)
    ends = {name: refs_of(fields.take(name)) for name in ("input_layers", "output_layers")}
    _model_fields(fields)
    for name, found in ends.items():
        if found is None or len(found) != 1:
            count = "no readable" if not found else str(len(found))
            fields.fault(name, f"The model has {count} {name.removesuffix('_layers')}s, and a network here has one.")
    return _Graph(fields, entries).net(*(found[0] if found else ("", 0, 0) for found in ends.values()))


def _numbered(name: str, call: int) -> str:
    return name if call == 0 else f"{name} ({call + 1})"


class _Graph:
    """The layers of a functional model, put into an order in which each comes behind what it reads."""

    def __init__(self, fields: Fields, entries: Sequence[Entry]) -> None:
        self._fields, self._entries = fields, {entry.name: entry for entry in entries}
        if len(self._entries) < len(entries):
            fields.fault("layers", "The model has two layers of one name.")
        referred = [ref for entry in entries for call in entry.calls for ref in call.inputs]
        self._lowest: dict[str, int] = {}
        for name, number, _ in referred:
            self._lowest[name] = min(number, self._lowest.get(name, number))

    def net(self, first: Ref, last: Ref) -> Net | None:
        """The model between the layers of these names."""
        source = self._entries.get(first[0])
        if source is None or source.kind != "InputLayer":
            self._fields.fault("input_layers", f"The model's input is {first[0][:60]!r}, which is no InputLayer.")
            return None
        declared = _input_layer(source.fields)
        steps = [
            step for name, entry in self._entries.items() if name != first[0] for step in self._steps(entry, first[0])
        ]
        return Net(self._fields.file, self._fields.pointer, self._sorted(steps), self._key(last, first[0]), declared)

    def _steps(self, entry: Entry, source: str) -> list[Step]:
        """One for each call of a layer."""
        calls = [self._same_signal(entry, call) for call in entry.calls]
        if not calls:
            if entry.kind != "InputLayer":  # of those, that there are several has been said
                entry.fields.fault("", f"{entry.fields.what} reads nothing, and is no input.")
            return []
        if entry.kind == "MultiHeadAttention":
            entry.fields.values[CAUSAL] = calls[0].causal
        if len({call.causal for call in calls}) > 1 or (calls[0].causal and entry.kind != "MultiHeadAttention"):
            entry.fields.fault("", f"{entry.fields.what} is called with different masks.")
        first = _step(entry, _numbered(entry.name, 0), [], None)
        if len(calls) > 1 and first.made.trained:
            sentence = "Weights that several places share are drawn for each place by itself."
            self._fields.file.reading.assume(Subject.TIED_WEIGHTS, first.pointer, sentence)
        numbered = enumerate(calls)
        return [
            replace(
                first,
                name=_numbered(entry.name, n),
                inputs=self._keys(call, source, first),
                training=self._training(call),
            )
            for n, call in numbered
        ]

    def _training(self, call: Call) -> bool | None:
        """What a call says of training; Keras 3 writes down that there was none, and trains all the same."""
        return call.training if self._fields.file.version[0] < 3 else None

    def _same_signal(self, entry: Entry, call: Call) -> Call:
        """A call of an attention, which must read one signal alone; any other as it is."""
        if entry.kind != "MultiHeadAttention" or len(set(call.inputs)) != 1:
            return call
        return replace(call, inputs=call.inputs[:1])

    def _keys(self, call: Call, source: str, step: Step) -> list[str]:
        if self._training(call) is False:
            sentence = "What is called as not training has no dropout, and its batch norms the batch's statistics."
            self._fields.file.reading.assume(Subject.FROZEN, step.pointer, sentence)
        return [self._key(ref, source) for ref in call.inputs]

    def _key(self, ref: Ref, source: str) -> str:
        """The step that a signal comes from; a fault where there is none."""
        name, number, output = ref
        if name == source and number == output == 0:
            return INPUT
        entry = self._entries.get(name)
        count = len(entry.calls) if entry else 0
        begins = 1 if entry and entry.kind in MODELS and self._lowest.get(name, number) >= 1 else 0
        if entry and not_read(entry.kind):
            return INPUT  # that it is not known is a fault of its own
        if output or not 0 <= number - begins < count:
            self._fields.fault(
                "layers", f"Output {output} of call {number} of {name[:60]!r} is read, which is not known."
            )
            return INPUT
        return _numbered(name, number - begins)

    def _sorted(self, steps: Sequence[Step]) -> list[Step]:
        """Each behind those that it reads; a fault where some read one another in a circle."""
        by_name = {step.name: step for step in steps}
        waiting = {step.name: len({one for one in step.inputs if one != INPUT}) for step in steps}
        readers: dict[str, list[str]] = {}
        for step in steps:
            for one in {one for one in step.inputs if one != INPUT}:
                readers.setdefault(one, []).append(step.name)
        ready = [step.name for step in steps if waiting[step.name] == 0]
        for name in ready:
            for reader in readers.get(name, ()):
                waiting[reader] -= 1
                ready += [reader] if waiting[reader] == 0 else []
        if len(ready) < len(by_name):
            self._fields.fault("layers", "The model has layers that read one another in a circle.")
        return [by_name[name] for name in ready]
