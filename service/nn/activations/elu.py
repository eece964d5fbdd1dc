"""The exponential linear unit."""

from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array
from service.core.kinds import Positive
from service.nn.activations.base import Activation


class Elu(Activation):
    """z where positive, α·(e^z − 1) elsewhere; saturates at −α on the left."""

    kind: Literal["elu"] = "elu"
    alpha: Positive = 1.0
    """The depth at which the left tail saturates."""

    definition: ClassVar[str] = "where(z > 0, z, alpha * (exp(z) - 1))"
    convention: ClassVar[str] = "The derivative at 0 is α, the left one."
    source: ClassVar[str] = "Clevert, Unterthiner & Hochreiter 2016."

    def f(self, x: Array) -> Array:
        return np.where(x > 0.0, x, self.alpha * np.expm1(np.minimum(x, 0.0)))

    def df(self, x: Array, y: Array) -> Array:
        return np.where(x > 0.0, 1.0, self.alpha * np.exp(np.minimum(x, 0.0))).astype(x.dtype)
