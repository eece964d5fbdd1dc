"""The loss between the mean and the median."""

from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array
from service.core.kinds import Positive
from service.nn.losses.base import Loss


class Huber(Loss):
    """Half the squared error up to `delta`, linear beyond, summed over the outputs."""

    kind: Literal["huber"] = "huber"
    delta: Positive = 1.0
    """The error at which the parabola turns into a straight line."""

    definition: ClassVar[str] = "sum_j (r_j^2 / 2 if |r_j| <= delta else delta * (|r_j| - delta / 2)), r = p - y"
    derivative: ClassVar[str] = "max(-delta, min(delta, p_j - y_j))"
    source: ClassVar[str] = "Huber 1964; torch.nn.HuberLoss with reduction by sum."

    def value(self, prediction: Array, target: Array) -> Array:
        size = np.abs(prediction - target)
        inside = np.minimum(size, self.delta)
        return (inside * (size - 0.5 * inside)).sum(axis=-1)

    def gradient(self, prediction: Array, target: Array) -> Array:
        return np.clip(prediction - target, -self.delta, self.delta)
