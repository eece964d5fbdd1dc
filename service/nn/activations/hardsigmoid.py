"""The piecewise linear sigmoid."""

from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array
from service.nn.activations.base import Activation


class Hardsigmoid(Activation):
    """z/6 + 1/2 clipped to [0, 1]: a sigmoid made of three straight lines."""

    kind: Literal["hardsigmoid"] = "hardsigmoid"

    definition: ClassVar[str] = "max(0, min(1, z / 6 + 1 / 2))"
    convention: ClassVar[str] = "The derivative at −3 and at 3 is 0, the outer one."
    source: ClassVar[str] = "Courbariaux, Bengio & David 2015; the constants of Howard et al. 2019."
    probability: ClassVar[bool] = True

    def f(self, x: Array) -> Array:
        return np.clip(x / 6.0 + 0.5, 0.0, 1.0)

    def df(self, x: Array, y: Array) -> Array:
        return np.where(np.abs(x) < 3.0, 1.0 / 6.0, 0.0).astype(x.dtype)
