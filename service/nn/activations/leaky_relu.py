"""The leaky rectifier."""

from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array
from service.core.kinds import BoundedFloat
from service.nn.activations.base import Activation


class LeakyRelu(Activation):
    """z where positive, negative_slope·z elsewhere: a rectifier that never dies."""

    kind: Literal["leaky_relu"] = "leaky_relu"
    negative_slope: BoundedFloat = 0.01
    """The slope for z ≤ 0."""

    definition: ClassVar[str] = "where(z > 0, z, negative_slope * z)"
    convention: ClassVar[str] = "The derivative at 0 is negative_slope, the left one."
    source: ClassVar[str] = "Maas, Hannun & Ng 2013."

    def f(self, x: Array) -> Array:
        return np.where(x > 0.0, x, x * self.negative_slope)

    def df(self, x: Array, y: Array) -> Array:
        return np.where(x > 0.0, 1.0, self.negative_slope).astype(x.dtype)
