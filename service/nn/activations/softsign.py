"""Softsign."""

from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array
from service.nn.activations.base import Activation


class Softsign(Activation):
    """z / (1 + |z|), in (−1, 1); tails decay like 1/z², slower than those of tanh."""

    kind: Literal["softsign"] = "softsign"

    definition: ClassVar[str] = "z / (1 + abs(z))"
    source: ClassVar[str] = "Bergstra, Desjardins, Lamblin & Bengio 2009."

    def f(self, x: Array) -> Array:
        return x / (1.0 + np.abs(x))

    def df(self, x: Array, y: Array) -> Array:
        return 1.0 / np.square(1.0 + np.abs(x))
