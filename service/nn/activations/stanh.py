"""The course's z·tanh z."""

from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array, sech_squared
from service.nn.activations.base import Activation


class Stanh(Activation):
    """z·tanh z: like z² near 0, like |z| far away; steep enough to explode, and yet small signals collapse.

    |φ'| is largest where z·tanh z = 1, and there it equals z: 1.199678640257733833916….
    """

    kind: Literal["stanh"] = "stanh"

    definition: ClassVar[str] = "z * tanh(z)"
    source: ClassVar[str] = "The course's assignment, part d."

    def f(self, x: Array) -> Array:
        return x * np.tanh(x)

    def df(self, x: Array, y: Array) -> Array:
        return np.tanh(x) + x * sech_squared(x)
