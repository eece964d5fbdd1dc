"""The course's loss."""

from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array
from service.nn.losses.base import Loss


class SquaredError(Loss):
    """(p − y)², summed over the outputs."""

    kind: Literal["squared_error"] = "squared_error"

    definition: ClassVar[str] = "sum_j (p_j - y_j)^2"
    derivative: ClassVar[str] = "2 * (p_j - y_j)"
    source: ClassVar[str] = "Gauss and Legendre; the course's assignment."

    def value(self, prediction: Array, target: Array) -> Array:
        return np.square(prediction - target).sum(axis=-1)

    def gradient(self, prediction: Array, target: Array) -> Array:
        return 2.0 * (prediction - target)
