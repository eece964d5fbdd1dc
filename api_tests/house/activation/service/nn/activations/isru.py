"""The inverse square root unit."""

from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array
from service.nn.activations.base import Activation


class Isru(Activation):
    """z / √(1 + z²), in (−1, 1): a sigmoid without an exponential, whose tails are algebraic."""

    kind: Literal["isru"] = "isru"

    definition: ClassVar[str] = "z / sqrt(1 + z^2)"
    source: ClassVar[str] = "Carlile, Delamarter, Kinney, Marti & Whitney 2017."

    def f(self, x: Array) -> Array:
        return x / np.hypot(1.0, x)

    def df(self, x: Array, y: Array) -> Array:
        return (1.0 / np.hypot(1.0, x)) ** 3
