"""The hyperbolic tangent."""

from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array
from service.nn.activations.base import Activation


class Tanh(Activation):
    """tanh z, in (−1, 1); slope 1 at the origin, exponentially small in its tails."""

    kind: Literal["tanh"] = "tanh"

    definition: ClassVar[str] = "tanh(z)"
    source: ClassVar[str] = "LeCun, Bottou, Orr & Müller 1998, Efficient BackProp."

    def f(self, x: Array) -> Array:
        return np.tanh(x)

    def df(self, x: Array, y: Array) -> Array:
        with np.errstate(over="ignore"):  # and the slope is 0 there
            return 1.0 / np.square(np.cosh(x))  # not 1 − y², of which nothing is left where y is all but 1
