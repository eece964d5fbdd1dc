"""A program that `torch.export` wrote: its operations, its inputs and outputs, and what its tensors are called.

The JSON is another's: every field is looked at before it is taken, none is used as the name of an attribute, and what
does not have the form that is expected is a fault of the file.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf, nan
from typing import Any, NoReturn

from service.core.arrays import Shape
from service.imports.base import Fault, NotUnderstood

_MOST_OPERATIONS = 200_000
_MODES = ("train", "training", "use_input_stats")
_NOT_FINITE = {"Infinity": inf, "-Infinity": -inf, "NaN": nan}
_FLOATS = (6, 7, 8, 13)  # half, float, double, bfloat16 of the schema's ScalarType


@dataclass(frozen=True)
class Name:
    """A tensor or a number of the program, by its name."""

    text: str


@dataclass(frozen=True)
class Node:
    """An operation as it stands in the file."""

    target: str  # "torch.ops.aten.linear.default"
    args: Mapping[str, Any]  # numbers, texts, None, `Name`s, and lists of these
    outputs: Sequence[Sequence[str]]  # one list for each thing that comes out: a list of tensors has several
    stack: Sequence[tuple[str, str]]  # the modules around it: their paths and their classes, outermost first
    pointer: str


@dataclass(frozen=True)
class Program:
    """A program: names of tensors are those of the graph, names of parameters those of the module."""

    version: str
    nodes: Sequence[Node]
    inputs: Sequence[str]
    outputs: Sequence[str]
    parameters: Mapping[str, str]  # by the tensor's name
    buffers: Mapping[str, str]
    shapes: Mapping[str, Shape]
    floats: frozenset[str]  # the tensors that hold floating-point numbers
    evaluated: bool  # whether it was exported for use, and not as in training
    numbers: Mapping[str, int]  # what symbolic sizes were when the program was exported


def program_of(document: Any) -> Program:
    """The program in a `model.json`; NotUnderstood where it is none."""
    module = _object(document, "graph_module")
    graph, signature = _object(module, "graph"), _object(module, "signature")
    listed = _list(graph, "nodes")
    if len(listed) > _MOST_OPERATIONS:
        _refuse(
            "/graph_module/graph/nodes", f"There are {len(listed)} operations; at most {_MOST_OPERATIONS} are read."
        )
    tensors = _object(graph, "tensor_values")
    inputs, parameters, buffers = _inputs(signature)
    nodes = [_node(one, f"/graph_module/graph/nodes/{place}") for place, one in enumerate(listed)]
    modes = [one.args[name] for one in nodes for name in _MODES if isinstance(one.args.get(name), bool)]
    return Program(
        str(document.get("torch_version") or "")[:40],
        nodes,
        inputs,
        _outputs(signature),
        parameters,
        buffers,
        {name: _shape(one) for name, one in tensors.items()},
        frozenset(name for name, one in tensors.items() if isinstance(one, Mapping) and one.get("dtype") in _FLOATS),
        bool(modes) and not any(modes),
        {name: _size(one) for name, one in _object(graph, "sym_int_values").items()},
    )


def _inputs(signature: Mapping[str, Any]) -> tuple[list[str], dict[str, str], dict[str, str]]:
    """What the user gives, the parameters and the buffers, the latter two by the tensors' names."""
    given: list[str] = []
    parameters: dict[str, str] = {}
    buffers: dict[str, str] = {}
    for place, one in enumerate(_list(signature, "input_specs")):
        kind, body = _only(one, f"/graph_module/signature/input_specs/{place}")
        name = _named(body.get("arg"))
        if kind == "user_input":
            given.extend([name] if name else [])
        elif kind == "parameter":
            parameters[name] = str(body.get("parameter_name"))
        elif kind in ("buffer", "tensor_constant"):
            buffers[name] = str(body.get(f"{kind}_name"))
    return given, parameters, buffers


def _outputs(signature: Mapping[str, Any]) -> list[str]:
    """What the user is given back, tensors alone."""
    found = (_only(one, "/graph_module/signature/output_specs") for one in _list(signature, "output_specs"))
    names = [_named(body.get("arg")) for kind, body in found if kind == "user_output"]
    return [name for name in names if name]


def _node(one: Any, pointer: str) -> Node:
    if not isinstance(one, Mapping):
        _refuse(pointer, "An operation is an object.")
    metadata = one.get("metadata")
    stack = metadata.get("nn_module_stack") if isinstance(metadata, Mapping) else None
    return Node(
        str(one.get("target"))[:200],
        {str(arg.get("name")): _argument(arg.get("arg")) for arg in _list(one, "inputs") if isinstance(arg, Mapping)},
        [list(_names(out)) for out in _list(one, "outputs")],
        list(_modules(stack if isinstance(stack, str) else "")),
        pointer,
    )


def _argument(value: Any) -> Any:
    """A number, a text, None, a `Name`, or a list of such; what is none of these is None."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return None
    kind, body = next(iter(value.items()))
    if isinstance(body, Mapping):
        name = body.get("name") or body.get("as_name")
        return Name(name) if isinstance(name, str) else _argument(body)
    if isinstance(body, list):
        return [_entry(one) for one in body]
    if kind == "as_none":
        return None
    if kind == "as_float" and isinstance(body, str):
        return _NOT_FINITE.get(body)
    return Name(body) if kind == "as_name" else body


def _entry(value: Any) -> Any:
    """An entry of a list of arguments: a number, a tensor, or something wrapped once more."""
    if isinstance(value, Mapping):
        return Name(value["name"]) if isinstance(value.get("name"), str) else _argument(value)
    return value


def _names(out: Any) -> Iterator[str]:
    """The names of what comes out: one of a tensor, several of a list of tensors."""
    found = _argument(out)
    for one in found if isinstance(found, list) else [found]:
        yield one.text if isinstance(one, Name) else ""


def _named(argument: Any) -> str:
    """The name of a tensor in a signature, "" where it is none."""
    if isinstance(argument, Mapping) and isinstance(argument.get("name"), str):
        return str(argument["name"])
    found = _argument(argument)
    return found.text if isinstance(found, Name) else ""


def _modules(stack: str) -> Iterator[tuple[str, str]]:
    """Paths and classes of "key,path,class;key,path,class"."""
    for one in stack.split(";"):
        parts = one.split(",")
        if len(parts) >= 3:
            yield parts[1][:200], parts[2][:200]


def _shape(tensor: Any) -> Shape:
    sizes = tensor.get("sizes") if isinstance(tensor, Mapping) else None
    return tuple(_size(one) for one in sizes) if isinstance(sizes, list) else ()


def _size(value: Any) -> int:
    """A size; of a symbolic one, what it was when the program was exported; 0 where that is not said."""
    while isinstance(value, Mapping) and value:
        value = value["hint"] if isinstance(value.get("hint"), Mapping) else next(iter(value.values()))
    return value if isinstance(value, int) and 0 <= value < 1 << 40 else 0


def _object(holder: Any, name: str) -> Mapping[str, Any]:
    found = holder.get(name) if isinstance(holder, Mapping) else None
    if not isinstance(found, Mapping):
        _refuse("", f"The file is no program of torch.export: it has no object `{name}`.")
    return found


def _list(holder: Mapping[str, Any], name: str) -> list[Any]:
    found = holder.get(name)
    if not isinstance(found, list):
        _refuse("", f"The file is no program of torch.export: it has no list `{name}`.")
    return found


def _only(one: Any, pointer: str) -> tuple[str, Mapping[str, Any]]:
    """The single field of an object, which is an object itself."""
    kind, body = next(iter(one.items())) if isinstance(one, Mapping) and len(one) == 1 else ("", None)
    if not isinstance(body, Mapping):
        _refuse(pointer, "The signature of the program is none that is known.")
    return str(kind), body


def _refuse(pointer: str, sentence: str) -> NoReturn:
    raise NotUnderstood.of([Fault(pointer, sentence)])
