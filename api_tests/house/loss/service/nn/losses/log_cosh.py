"""A smooth loss between the square and the absolute value."""

from math import log
from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array
from service.nn.losses import Loss


class LogCosh(Loss):
    """ln cosh(p − y), summed over the outputs: half the squared error near 0, the absolute error far from it."""

    kind: Literal["log_cosh"] = "log_cosh"

    definition: ClassVar[str] = "sum_j ln(cosh(p_j - y_j))"
    derivative: ClassVar[str] = "tanh(p_j - y_j)"
    source: ClassVar[str] = "An example of an extension."

    def value(self, prediction: Array, target: Array) -> Array:
        size = np.abs(prediction - target)
        return (size + np.log1p(np.exp(-2.0 * size)) - log(2.0)).sum(axis=-1)

    def gradient(self, prediction: Array, target: Array) -> Array:
        return np.tanh(prediction - target)
