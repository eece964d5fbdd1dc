"""Mish."""

from typing import ClassVar, Literal

import numpy as np
from scipy.special import expit

from service.core.arrays import Array, sech_squared, softplus
from service.nn.activations.base import Activation


class Mish(Activation):
    """z·tanh(ln(1 + e^z)): a smooth rectifier that dips to −0.31 on its left."""

    kind: Literal["mish"] = "mish"

    definition: ClassVar[str] = "z * tanh(softplus(z))"
    source: ClassVar[str] = "Misra 2020."

    def f(self, x: Array) -> Array:
        return x * np.tanh(softplus(x))

    def df(self, x: Array, y: Array) -> Array:
        bent = softplus(x)
        return np.tanh(bent) + x * sech_squared(bent) * expit(x)
