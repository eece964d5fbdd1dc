"""The clipped identity."""

from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array
from service.nn.activations.base import Activation


class Hardtanh(Activation):
    """z clipped to [−1, 1]: a tanh made of three straight lines."""

    kind: Literal["hardtanh"] = "hardtanh"

    definition: ClassVar[str] = "max(-1, min(1, z))"
    convention: ClassVar[str] = "The derivative at −1 and at 1 is 0, the outer one."
    source: ClassVar[str] = "Collobert 2004."

    def f(self, x: Array) -> Array:
        return np.clip(x, -1.0, 1.0)

    def df(self, x: Array, y: Array) -> Array:
        return (np.abs(x) < 1.0).astype(x.dtype)
