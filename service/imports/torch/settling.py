"""The operations of a program with what is changed in place under a new name, and those that an output depends on."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from service.imports.torch.program import Name, Node

_ATEN = "torch.ops.aten."
_VIEWS = {"view", "select", "slice", "transpose", "permute", "unbind", "split", "chunk", "squeeze", "unsqueeze"}
CHANGED = ", of which a part was changed"
"""Behind the name of a tensor that an operation changed through a view of it: what it holds is not known."""


def each(value: Any) -> Iterator[Any]:
    """A value, or the entries of a list."""
    if isinstance(value, list | tuple):
        for one in value:
            yield from each(one)
    else:
        yield value


def settled(nodes: Sequence[Node], outputs: Sequence[str]) -> tuple[list[Node], set[str]]:
    """The operations with what was changed in place under its new name, and the tensors that outputs depend on."""
    renamed: dict[str, str] = {}
    made: list[Node] = []
    bases: dict[str, str] = {}
    for node in nodes:
        args = {name: _renamed(value, renamed) for name, value in node.args.items()}
        made.append(Node(node.target, args, node.outputs, node.stack, node.pointer))
        first = next(iter(node.args.values()), None)
        kind = node.target.removeprefix(_ATEN).split(".")[0]
        if isinstance(first, Name) and kind in _VIEWS:
            bases.update({name: first.text for names in node.outputs for name in names})
        elif isinstance(first, Name) and kind.endswith("_") and not kind.startswith("_"):
            renamed[first.text] = next((name for names in node.outputs for name in names), "")
            renamed |= {base: f"{base}{CHANGED}" for base in _above(first.text, bases)}
    reached = {renamed.get(name, name) for name in outputs}
    for node in reversed(made):
        if any(name in reached for names in node.outputs for name in names):
            reached.update(one.text for value in node.args.values() for one in each(value) if isinstance(one, Name))
    return made, reached


def _above(name: str, bases: Mapping[str, str]) -> Iterator[str]:
    """What a tensor is a view of, and what that is a view of."""
    while name in bases:
        name = bases[name]
        yield name


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_renamed(one, names) for one in value]
    while isinstance(value, Name) and value.text in names:
        value = Name(names[value.text])
    return value
