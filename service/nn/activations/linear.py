"""The identity."""

from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array
from service.nn.activations.base import Activation


class Linear(Activation):
    """z itself: no activation at all; the gradient passes unchanged."""

    kind: Literal["linear"] = "linear"

    definition: ClassVar[str] = "z"
    source: ClassVar[str] = "Rosenblatt's and Widrow's linear units; the output of a regression."

    def f(self, x: Array) -> Array:
        return x

    def df(self, x: Array, y: Array) -> Array:
        return np.ones_like(x)
