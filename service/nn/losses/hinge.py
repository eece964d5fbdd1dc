"""The loss of a margin."""

from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array
from service.nn.data.base import Data
from service.nn.data.bernoulli import BernoulliData
from service.nn.losses.base import Loss


class Hinge(Loss):
    """max(0, 1 − y·p), summed over the outputs, y = ±1: no gradient once the margin is kept."""

    kind: Literal["hinge"] = "hinge"

    definition: ClassVar[str] = "sum_j max(0, 1 - y_j * p_j)"
    derivative: ClassVar[str] = "where(y_j * p_j < 1, -y_j, 0)"
    convention: ClassVar[str] = "The derivative at the margin, y·p = 1, is 0."
    source: ClassVar[str] = "Cortes & Vapnik 1995."

    def value(self, prediction: Array, target: Array) -> Array:
        return np.maximum(1.0 - target * prediction, 0.0).sum(axis=-1)

    def gradient(self, prediction: Array, target: Array) -> Array:
        return np.where(target * prediction < 1.0, -target, 0.0)

    def natural_targets(self, outputs: int) -> Data:
        return BernoulliData(low=-1.0, high=1.0)
