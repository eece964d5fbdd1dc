"""The loss of the median."""

from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array
from service.nn.losses.base import Loss


class AbsoluteError(Loss):
    """|p − y|, summed over the outputs: its gradient knows the sign of an error, not its size."""

    kind: Literal["absolute_error"] = "absolute_error"

    definition: ClassVar[str] = "sum_j |p_j - y_j|"
    derivative: ClassVar[str] = "sign(p_j - y_j)"
    convention: ClassVar[str] = "The derivative at p = y is 0."
    source: ClassVar[str] = "Laplace; torch.nn.L1Loss with reduction by sum."

    def value(self, prediction: Array, target: Array) -> Array:
        return np.abs(prediction - target).sum(axis=-1)

    def gradient(self, prediction: Array, target: Array) -> Array:
        return np.sign(prediction - target)
