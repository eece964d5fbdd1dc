"""The logistic function."""

from typing import ClassVar, Literal

from scipy.special import expit

from service.core.arrays import Array, logistic_slope
from service.nn.activations.base import Activation


class Sigmoid(Activation):
    """1 / (1 + e^−z), in (0, 1); its slope is at most 1/4, so every layer shrinks the gradient."""

    kind: Literal["sigmoid"] = "sigmoid"

    definition: ClassVar[str] = "1 / (1 + exp(-z))"
    source: ClassVar[str] = "Verhulst 1845; Rumelhart, Hinton & Williams 1986."
    probability: ClassVar[bool] = True

    def f(self, x: Array) -> Array:
        return expit(x)

    def df(self, x: Array, y: Array) -> Array:
        return logistic_slope(x)
