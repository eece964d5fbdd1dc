"""What frameworks and papers take where nothing is said: how weights are drawn, the epsilon of norms, forget gates.

A preset is a class with a table: the fields of a kind of layer that it fills, where these are not given. Variances are
written, not names, where a framework counts otherwise than this service; `api_tests/nn/test_presets.py` compares them
with PyTorch's own layers and with the table of the documentation.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import chain
from operator import is_
from typing import TYPE_CHECKING, Any, TypeVar

from service.core.arrays import Shape
from service.core.errors import SpecError
from service.core.kinds import Model, discover
from service.nn.layers import Node
from service.nn.layers.transformer_block import TransformerBlock
from service.nn.presets.base import Preset, Surroundings

__all__ = ["PRESETS", "Preset", "PresetName", "filled", "preset_called", "rewritten", "said", "without_open_fields"]

_M = TypeVar("_M", bound=Model)

discover(__name__)


def _presets(base: type[Preset]) -> list[type[Preset]]:
    found = [one for direct in base.__subclasses__() for one in [direct, *_presets(direct)]]
    return [one for one in found if "name" in vars(one)]


PRESETS: dict[str, Preset] = {one.name: one() for one in sorted(_presets(Preset), key=lambda one: one.name)}
"""Every preset by its name."""

if TYPE_CHECKING:
    PresetName = str
else:
    PresetName = StrEnum("PresetName", {name.upper(): name for name in PRESETS})
    PresetName.__doc__ = "What frameworks and papers take where nothing is said."


def preset_called(name: Any) -> str | None:
    """The preset that goes by the name or alias `name`, whatever its case; None where none does."""
    known = ((one.name, {one.name, *one.aliases}) for one in PRESETS.values())
    wanted = name.lower() if isinstance(name, str) else None
    return next((own for own, names in known if wanted in names), None)


def filled(layers: Sequence[Node], name: str, shape: Shape) -> list[Node]:
    """`layers` with all that they do not say, as the preset `name` has it; inputs are of that shape."""
    preset = PRESETS[name]
    weighted = [one for layer in layers for one in _inside(layer) if "weights" in type(one).model_fields]
    first, last = (weighted[0], weighted[-1]) if weighted else (None, None)
    blocks = sum(1 for layer in layers for _, one in layer.unroll("") if isinstance(one, TransformerBlock))
    features = _entering(layers, shape)[-1]
    return rewritten(
        layers, lambda node: preset.fill(node, Surroundings(features, blocks, node is first, node is last))
    )


def rewritten(layers: Sequence[Node], change: Callable[[Node], Mapping[str, Any]]) -> list[Node]:
    """`layers` with what `change` says of each of them, and of those inside, in the fields that they do not say.

    Null says nothing. A layer of which nothing is said is the same object.
    """

    def of(node: _M) -> _M:
        own = {key: value for key in node.model_fields_set if (value := getattr(node, key)) is not None}
        told = change(node) if isinstance(node, Node) else {}
        new = {key: value for key, value in told.items() if key not in own}
        new |= {key: inside for key, value in own.items() if (inside := mapped(value)) is not value}
        return node.model_copy(update=new) if new else node

    def mapped(value: Any) -> Any:
        if isinstance(value, list):
            found = [mapped(one) for one in value]
            return value if all(map(is_, found, value)) else found
        return of(value) if isinstance(value, Model) and _holds_layers(value) else value

    return [of(layer) for layer in layers]


def said(layers: Sequence[Node]) -> list[Node]:
    """`layers` as layers that say all that a preset may fill, each what it has."""
    return rewritten(layers, lambda node: {name: getattr(node, name) for name in node.left_open})


def without_open_fields(layers: Sequence[Model], written: Sequence[dict[str, Any]]) -> None:
    """Take out of `written`, which are `layers` as JSON, what they do not say and a preset may fill."""
    for layer, fields in zip(layers, written, strict=False):
        for name in set(layer.left_open if isinstance(layer, Node) else ()) - layer.model_fields_set:
            fields.pop(name, None)
        lists = {name: value for name, value in layer if isinstance(value, list) and name in fields}
        for name, value in lists.items():
            without_open_fields([one for one in value if isinstance(one, Model)], fields[name])


def _entering(layers: Sequence[Node], shape: Shape) -> Shape:
    """The shape of what comes into the first layer with weights, behind those that only arrange the inputs."""
    for layer in layers:
        if len(list(_inside(layer))) > 1 or layer.chains(shape) or "weights" in type(layer).model_fields:
            break
        try:
            shape = layer.out("", shape, [])
        except SpecError:  # which the plan will say
            break
    return shape


def _holds_layers(value: Model) -> bool:
    return isinstance(value, Node) or "layers" in type(value).model_fields


def _inside(layer: Model) -> Iterator[Node]:
    """A layer and all that are inside it, in the order in which they are written."""
    if isinstance(layer, Node):
        yield layer
    parts = chain.from_iterable(value if isinstance(value, list) else [value] for _, value in layer)
    for part in parts:
        if isinstance(part, Model) and _holds_layers(part):
            yield from _inside(part)
