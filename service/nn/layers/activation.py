"""An activation that stands alone."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from service.core.arrays import Array, Shape
from service.core.kinds import Kind, members
from service.nn.activations import Activation, AnyActivation
from service.nn.layers.base import Account, Node, Saved, Vjp

_ACTIVATIONS: type[Kind] = Activation


class ActivationLayer(Node):
    """activation(x), no parameters; behind a linear dense layer, the same network as an activation inside it."""

    kind: Literal["activation"] = "activation"
    aliases: ClassVar[Collection[str]] = {
        name: {"activation": kind.example(name)}
        for kind in members(_ACTIVATIONS)
        for name in (kind.kind_name(), *kind.aliases)
        if name not in ("linear", "none")  # what others call a dense layer, and nothing at all
    }
    needs: ClassVar[Mapping[str, Any]] = {"activation": {"kind": "relu"}}
    activation: AnyActivation
    """The activation."""

    account: ClassVar[Account] = "derivative"
    plain: ClassVar[bool] = True

    shape_in: ClassVar[str] = "(…, features)"
    shape_out: ClassVar[str] = "(…, features)"
    definition: ClassVar[str] = "activation(x)"
    source: ClassVar[str] = "The activation's own."

    @property
    def output_activation(self) -> Activation:
        return self.activation

    def out(self, path: str, shape: Shape, inside: Sequence[Shape]) -> Shape:
        return shape

    def apply(self, arrays: Sequence[Array], x: Array) -> tuple[Array, Saved]:
        return x, None

    def vjp(self, arrays: Sequence[Array], saved: Saved, dy: Array) -> Vjp:
        return lambda: dy, lambda _: np.empty(0)
