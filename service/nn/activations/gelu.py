"""The Gaussian error linear unit."""

from enum import StrEnum
from math import pi, sqrt
from typing import ClassVar, Literal

import numpy as np
from scipy.special import ndtr

from service.core.arrays import Array, sech_squared
from service.nn.activations.base import Activation

_SLOPE = sqrt(2.0 / pi)
_CUBIC = 0.044715


class GeluApproximation(StrEnum):
    """How Φ is computed."""

    NONE = "none"
    TANH = "tanh"


class Gelu(Activation):
    """z·Φ(z), Φ the standard normal distribution function: a rectifier with a smooth, slightly dipping knee."""

    kind: Literal["gelu"] = "gelu"
    approximate: GeluApproximation = GeluApproximation.NONE
    """`none` for Φ itself, `tanh` for the approximation of BERT and GPT-2."""

    definition: ClassVar[str] = "z * (1 + erf(z / sqrt(2))) / 2"
    source: ClassVar[str] = "Hendrycks & Gimpel 2016."

    def f(self, x: Array) -> Array:
        if self.approximate is GeluApproximation.TANH:
            return 0.5 * x * (1.0 + np.tanh(_inner(x)))
        return x * ndtr(x)

    def df(self, x: Array, y: Array) -> Array:
        if self.approximate is GeluApproximation.TANH:
            x = np.clip(x, -40.0, 40.0)  # flat to the last bit beyond, where the square would overflow
            inner, slope = _inner(x), _SLOPE * (1.0 + 3.0 * _CUBIC * np.square(x))
            return 0.5 * (1.0 + np.tanh(inner)) + 0.5 * x * sech_squared(inner) * slope
        return ndtr(x) + x * (np.exp(-0.5 * np.square(x)) / sqrt(2.0 * pi))

    @property
    def written(self) -> str:
        if self.approximate is GeluApproximation.TANH:
            return "z * (1 + tanh(sqrt(2 / pi) * (z + 0.044715 * z^3))) / 2"
        return self.definition


def _inner(x: Array) -> Array:
    return _SLOPE * (x + _CUBIC * x * np.square(x))
