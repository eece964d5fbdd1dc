"""An activation that stands alone."""

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array, Shape
from service.nn.activations import Activation, AnyActivation
from service.nn.layers.base import Account, Node, Saved, Vjp


class ActivationLayer(Node):
    """activation(x), no parameters; behind a linear dense layer, the same network as an activation inside it."""

    kind: Literal["activation"] = "activation"
    aliases: ClassVar[tuple[str, ...]] = ("ReLU", "GELU", "Tanh", "Sigmoid", "Softmax")
    activation: AnyActivation
    """The activation."""

    account: ClassVar[Account] = "derivative"
    plain: ClassVar[bool] = True

    @property
    def output_activation(self) -> Activation:
        return self.activation

    def out(self, path: str, shape: Shape, inside: Sequence[Shape]) -> Shape:
        return shape

    def apply(self, arrays: Sequence[Array], x: Array) -> tuple[Array, Saved]:
        return x, None

    def vjp(self, arrays: Sequence[Array], saved: Saved, dy: Array) -> Vjp:
        return lambda: dy, lambda _: np.empty(0)
