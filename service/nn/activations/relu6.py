"""The rectifier that stops at six."""

from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array
from service.nn.activations.base import Activation


class Relu6(Activation):
    """z clipped to [0, 6]: a rectifier for low-precision arithmetic."""

    kind: Literal["relu6"] = "relu6"

    definition: ClassVar[str] = "min(6, max(0, z))"
    convention: ClassVar[str] = "The derivative at 0 and at 6 is 0, the outer one."
    source: ClassVar[str] = "Krizhevsky 2010; Howard et al. 2017, MobileNets."

    def f(self, x: Array) -> Array:
        return np.clip(x, 0.0, 6.0)

    def df(self, x: Array, y: Array) -> Array:
        return ((x > 0.0) & (x < 6.0)).astype(x.dtype)
