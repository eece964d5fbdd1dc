"""Layers several times in a row."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from service.core.arrays import Shape
from service.core.kinds import Advice, Int64
from service.nn.layers.base import Node

if TYPE_CHECKING:
    from service.nn.layers import AnyLayer


class Repeat(Node):
    """The layers inside, `times` times in a row, each time with parameters of its own."""

    kind: Literal["repeat"] = "repeat"
    aliases: ClassVar[Collection[str]] = ("Sequential", "stack", "block", "times")
    misnamed: ClassVar[Mapping[str, Advice]] = {"n": {"times": 4}, "count": {"times": 4}, "number": {"times": 4}}
    needs: ClassVar[Mapping[str, Any]] = {"times": 4, "layers": [{"kind": "dense", "units": 128}]}
    times: Annotated[Int64, Field(ge=1, le=10_000)]
    """How often."""
    layers: Annotated[list["AnyLayer"], Field(min_length=1, max_length=1000)]
    """The layers of the block."""

    shape_in: ClassVar[str] = "any"
    shape_out: ClassVar[str] = "what the last of the layers makes"
    definition: ClassVar[str] = "layers(layers(… x …))"
    source: ClassVar[str] = "A shorthand: the layers are unrolled."

    def depth(self) -> int:
        return self.times * sum(layer.depth() for layer in self.layers)

    def unroll(self, path: str) -> Iterator[tuple[str, Node]]:
        for _ in range(self.times):
            for position, layer in enumerate(self.layers):
                yield from layer.unroll(f"{path}/layers/{position}")

    def out(self, path: str, shape: Shape, inside: Sequence[Shape]) -> Shape:
        raise NotImplementedError("a repeat is unrolled before shapes are asked for")
