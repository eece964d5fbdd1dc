"""The loss of the frameworks."""

from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array
from service.nn.losses.base import Loss


class MeanSquaredError(Loss):
    """(p − y)², averaged over the outputs."""

    kind: Literal["mean_squared_error"] = "mean_squared_error"

    definition: ClassVar[str] = "mean_j (p_j - y_j)^2"
    derivative: ClassVar[str] = "2 * (p_j - y_j) / outputs"
    source: ClassVar[str] = "As torch.nn.MSELoss has it."

    def value(self, prediction: Array, target: Array) -> Array:
        return np.square(prediction - target).mean(axis=-1)

    def gradient(self, prediction: Array, target: Array) -> Array:
        return 2.0 * (prediction - target)

    def factor(self, outputs: int) -> float:
        return 1.0 / outputs
