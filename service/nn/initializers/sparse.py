"""Few connections a unit."""

from math import ceil
from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array, Shape
from service.core.kinds import Fraction, NonNegative
from service.nn.initializers.base import Initializer
from service.nn.randomness import Stream


class Sparse(Initializer):
    """Every unit gets N(0, std²) from a random few of its inputs and 0 from the others."""

    kind: Literal["sparse"] = "sparse"
    sparsity: Fraction = 0.9
    """The share of a unit's incoming weights that are zero, rounded up to whole weights."""
    std: NonNegative = 1.0
    """The standard deviation of the others."""

    definition: ClassVar[str] = "N(0, std^2) for a random share 1 - sparsity of a unit's inputs, else 0"
    source: ClassVar[str] = "Martens 2010."

    def variance(self, fan_in: int, fan_out: int) -> float | None:
        return (1.0 - ceil(self.sparsity * fan_in) / fan_in) * self.std**2

    def draw(self, shape: Shape, fan_in: int, stream: Stream) -> Array:
        values = stream.normal(shape).astype(np.float64)
        order = stream.uniform(shape).argsort(axis=-2)
        np.put_along_axis(values, order[..., : ceil(self.sparsity * shape[0]), :], 0.0, axis=-2)
        return self.std * values
