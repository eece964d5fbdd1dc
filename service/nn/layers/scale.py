"""A fixed factor and offset."""

from collections.abc import Collection, Sequence
from typing import ClassVar, Literal

from service.core.arrays import Array, Shape
from service.core.kinds import BoundedFloat
from service.nn.layers.base import Node, Saved, Vjp


class ScaleLayer(Node):
    """factor · x + offset: pixels to [0, 1], or a stream that is kept small."""

    kind: Literal["scale"] = "scale"
    aliases: ClassVar[Collection[str]] = ("Rescaling", "rescale")
    factor: BoundedFloat = 1.0
    """What is multiplied by."""
    offset: BoundedFloat = 0.0
    """What is added."""

    plain: ClassVar[bool] = True
    shape_in: ClassVar[str] = "any"
    shape_out: ClassVar[str] = "as what comes in"
    source: ClassVar[str] = "keras.layers.Rescaling."
    definition: ClassVar[str] = "factor * x + offset"

    def out(self, path: str, shape: Shape, inside: Sequence[Shape]) -> Shape:
        return shape

    def apply(self, arrays: Sequence[Array], x: Array) -> tuple[Array, Saved]:
        return x * x.dtype.type(self.factor) + x.dtype.type(self.offset), None

    def vjp(self, arrays: Sequence[Array], saved: Saved, dy: Array) -> Vjp:
        return lambda: dy * dy.dtype.type(self.factor), lambda _: dy
