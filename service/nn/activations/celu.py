"""The continuously differentiable exponential unit."""

from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array
from service.core.kinds import Positive
from service.nn.activations.base import Activation


class Celu(Activation):
    """z where positive, α·(e^(z/α) − 1) elsewhere; its slope is continuous for every α."""

    kind: Literal["celu"] = "celu"
    alpha: Positive = 1.0
    """The depth at which the left tail saturates."""

    definition: ClassVar[str] = "where(z > 0, z, alpha * (exp(z / alpha) - 1))"
    source: ClassVar[str] = "Barron 2017."

    def f(self, x: Array) -> Array:
        return np.where(x > 0.0, x, self.alpha * np.expm1(np.minimum(x, 0.0) / self.alpha))

    def df(self, x: Array, y: Array) -> Array:
        return np.where(x > 0.0, 1.0, np.exp(np.minimum(x, 0.0) / self.alpha)).astype(x.dtype)
