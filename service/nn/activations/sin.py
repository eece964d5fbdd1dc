"""The sine."""

from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array
from service.nn.activations.base import Activation


class Sin(Activation):
    """sin z: periodic, slope between −1 and 1."""

    kind: Literal["sin"] = "sin"

    definition: ClassVar[str] = "sin(z)"
    source: ClassVar[str] = "Sitzmann et al. 2020, SIREN."

    def f(self, x: Array) -> Array:
        return np.sin(x)

    def df(self, x: Array, y: Array) -> Array:
        return np.cos(x)
