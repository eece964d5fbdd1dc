"""Which signals a layer of a Keras graph reads: `inbound_nodes`, in the forms of Keras 1, 2 and 3."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from service.imports.keras.fields import Fields, shown

Ref = tuple[str, int, int]
"""A signal: the name of a layer, which of its calls, and which of what comes out."""
_NULL = ("mask", "initial_state", "constants", "query_mask", "value_mask", "key_mask", "attention_mask", "name")
_CAUSAL = "use_causal_mask"


@dataclass
class Call:
    """One use of a layer: what it reads, and what is said of it there."""

    inputs: list[Ref] = field(default_factory=list)
    training: bool | None = None
    causal: bool = False


def calls_of(value: Any, fields: Fields) -> list[Call]:
    """The calls in `inbound_nodes` of the layer that `fields` are of; a fault where one is not understood."""
    if isinstance(value, list):
        return [_call(one, fields) for one in value]
    fields.fault("inbound_nodes", f"{fields.what} has inbound_nodes = {shown(value)}, where a list is read.")
    return []


def ref_of(value: Any) -> Ref | None:
    """The signal that is written as [name, call, output], with or without what is said of the call; None if none."""
    if isinstance(value, Mapping) and value.get("class_name") == "__keras_tensor__":
        inner = value.get("config")
        value = inner.get("keras_history") if isinstance(inner, Mapping) else None
    if not isinstance(value, list) or len(value) not in (3, 4) or not isinstance(value[0], str):
        return None
    right = all(type(n) is int and n >= 0 for n in value[1:3])
    return (value[0], value[1], value[2]) if right else None


def refs_of(value: Any) -> list[Ref] | None:
    """The signals that `input_layers` or `output_layers` name, one or a list of them; None where it is neither."""
    one = ref_of(value)
    if one is not None:
        return [one]
    several = [ref_of(each) for each in value] if isinstance(value, list) else [None]
    return None if None in several else [each for each in several if each is not None]


def _call(value: Any, fields: Fields) -> Call:
    call = Call()
    arguments: list[Any]
    said: Mapping[str, Any] = {}
    if isinstance(value, Mapping):
        arguments = list(_flat(value.get("args")))
        given = value.get("kwargs", {})
        said = given if isinstance(given, Mapping) else {"kwargs": given}
        if value.keys() - {"args", "kwargs"}:
            fields.fault("inbound_nodes", f"{fields.what} is called in a form that is not understood.")
    else:
        arguments = [value] if ref_of(value) else value if isinstance(value, list) else [None]
        more = [one[3] for one in arguments if isinstance(one, list) and len(one) == 4]
        said = next((one for one in more if one != {}), {})
        if not isinstance(said, Mapping) or any(one not in ({}, said) for one in more):
            fields.fault("inbound_nodes", f"{fields.what} is called in a form that is not understood.")
            said = {}
    for one in arguments:
        _add(call, one, fields)
    for name, one in said.items():
        _hear(call, name, one, fields)
    return call


def _flat(arguments: Any) -> Iterator[Any]:
    """The arguments of a call of Keras 3, those in lists one by one."""
    for one in arguments if isinstance(arguments, list) else [arguments]:
        yield from one if isinstance(one, list) else [one]


def _add(call: Call, value: Any, fields: Fields) -> None:
    ref = ref_of(value)
    if ref is None:
        fields.fault("inbound_nodes", f"{fields.what} reads {shown(value)}, where the output of a layer is read.")
    else:
        call.inputs.append(ref)


def _hear(call: Call, name: str, value: Any, fields: Fields) -> None:
    """Take in one named argument of a call."""
    if name == "training" and (value is None or isinstance(value, bool)):
        call.training = value
    elif name == _CAUSAL and isinstance(value, bool):
        call.causal = value
    elif name in ("value", "key", "query") and ref_of(value):
        _add(call, value, fields)
    elif not (name in _NULL and value in (None, [None], [None, None])) and not (
        name in ("key", "value") and value is None
    ):
        if name == "return_attention_scores" and value is False:
            return
        fields.fault(
            "inbound_nodes", f"{fields.what} is called with {name[:60]} = {shown(value)}, not understood here."
        )
