"""A factor for each feature."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from service.core.arrays import Array, Shape
from service.nn.initializers import AnyInitializer
from service.nn.initializers.constants import Constant
from service.nn.layers.base import Account, Node, Parameter, Saved, Vjp


class LayerScale(Node):
    """gain · x, with a factor of its own for each feature."""

    kind: Literal["layer_scale"] = "layer_scale"
    gain: AnyInitializer = Constant(value=0.1)
    """How the factors are drawn, 0.1 unless said otherwise."""

    account: ClassVar[Account] = "weights"
    definition: ClassVar[str] = "gain_j * x_j"
    source: ClassVar[str] = "Touvron, Cord, Sablayrolles, Synnaeve & Jégou 2021."

    def out(self, path: str, shape: Shape, inside: Sequence[Shape]) -> Shape:
        return shape

    def parameters(self, shape: Shape) -> list[Parameter]:
        return [Parameter("gain", shape[-1:], shape[-1], shape[-1], self.gain)]

    def apply(self, arrays: Sequence[Array], x: Array) -> tuple[Array, Saved]:
        return x * arrays[0], x

    def vjp(self, arrays: Sequence[Array], saved: Saved, dy: Array) -> Vjp:
        return lambda: dy * arrays[0], lambda _: (dy * saved).sum(axis=-2, keepdims=True)
