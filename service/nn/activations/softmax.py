"""The normalised exponential."""

from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array
from service.nn.activations.base import Activation


class Softmax(Activation):
    """e^z_i / Σ_j e^z_j over the units of the output layer; what is reported as its derivative is ∂y_i/∂z_i."""

    kind: Literal["softmax"] = "softmax"

    definition: ClassVar[str] = "exp(z_i) / sum_j(exp(z_j))"
    derivative: ClassVar[str | None] = "y_i * (delta_ij - y_j)"
    source: ClassVar[str] = "Bridle 1990."
    only_output: ClassVar[bool] = True
    probability: ClassVar[bool] = True

    def f(self, x: Array) -> Array:
        powers = np.exp(x - x.max(axis=-1, keepdims=True))
        return powers / powers.sum(axis=-1, keepdims=True)

    def df(self, x: Array, y: Array) -> Array:
        return y * (1.0 - y)

    def pull_back(self, derivative: Array, y: Array, dy: Array) -> Array:
        return y * (dy - (y * dy).sum(axis=-1, keepdims=True))

    @property
    def written(self) -> str:
        """Of one unit while the others stand still, a logistic curve."""
        return "1 / (1 + exp(-z))"
