"""A block of layers, several times over."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from service.core.arrays import Shape
from service.core.kinds import Int64
from service.nn.layers.base import Node

if TYPE_CHECKING:
    from service.nn.layers import AnyLayer


class Repeat(Node):
    """The layers inside, `times` times in a row, each time with parameters of its own."""

    kind: Literal["repeat"] = "repeat"
    times: Annotated[Int64, Field(ge=1, le=10_000)]
    """How often."""
    layers: Annotated[list["AnyLayer"], Field(min_length=1, max_length=1000)]
    """The layers of the block."""

    def depth(self) -> int:
        return self.times * sum(layer.depth() for layer in self.layers)

    def unroll(self, path: str) -> Iterator[tuple[str, Node]]:
        """The nodes of the block, `times` times; the pointer is the same each time."""
        for _ in range(self.times):
            for position, layer in enumerate(self.layers):
                yield from layer.unroll(f"{path}/layers/{position}")

    def out(self, path: str, shape: Shape, inside: Sequence[Shape]) -> Shape:
        raise NotImplementedError("a repeat is unrolled before shapes are asked for")
