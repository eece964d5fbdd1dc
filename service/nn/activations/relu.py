"""The rectifier."""

from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array
from service.nn.activations.base import Activation


class Relu(Activation):
    """max(0, z): slope 1 or 0; half the gradient's energy is lost in every layer unless the weights make up for it."""

    kind: Literal["relu"] = "relu"

    definition: ClassVar[str] = "max(0, z)"
    convention: ClassVar[str] = "The derivative at 0 is 0, the left one."
    source: ClassVar[str] = "Nair & Hinton 2010; Glorot, Bordes & Bengio 2011."

    def f(self, x: Array) -> Array:
        return np.maximum(x, 0.0)

    def df(self, x: Array, y: Array) -> Array:
        return (x > 0.0).astype(x.dtype)
