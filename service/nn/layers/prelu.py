"""A rectifier whose slope is learned."""

from collections.abc import Collection, Sequence
from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array, Shape
from service.nn.initializers import AnyInitializer
from service.nn.initializers.constants import Constant
from service.nn.layers.base import Account, Node, Parameter, Saved, Vjp, along_channels, over_positions


class Prelu(Node):
    """x where positive, slope · x elsewhere, with a slope for each channel that is learned."""

    kind: Literal["prelu"] = "prelu"
    aliases: ClassVar[Collection[str]] = ("ParametricReLU",)
    slope: AnyInitializer = Constant(value=0.25)
    """How the slopes are drawn, 0.25 unless said otherwise."""

    account: ClassVar[Account] = "derivative"
    plain: ClassVar[bool] = True
    shape_in: ClassVar[str] = "(…, features)"
    shape_out: ClassVar[str] = "(…, features)"
    definition: ClassVar[str] = "where(x_j > 0, x_j, slope_j * x_j)"
    source: ClassVar[str] = "He et al. 2015; torch.nn.PReLU with as many slopes as channels."

    def out(self, path: str, shape: Shape, inside: Sequence[Shape]) -> Shape:
        return shape

    def parameters(self, shape: Shape) -> list[Parameter]:
        return [Parameter("slope", shape[-1:], shape[-1], shape[-1], self.slope)]

    def products(self, shape: Shape) -> float:
        return 0.0

    def apply(self, arrays: Sequence[Array], x: Array) -> tuple[Array, Saved]:
        return np.where(x > 0.0, x, x * along_channels(arrays[0], x)), x

    def vjp(self, arrays: Sequence[Array], saved: Saved, dy: Array) -> Vjp:
        def dx() -> Array:
            return np.where(saved > 0.0, dy, dy * along_channels(arrays[0], dy))

        return dx, lambda _: over_positions(np.where(saved > 0.0, dy.dtype.type(0.0), dy * saved))
