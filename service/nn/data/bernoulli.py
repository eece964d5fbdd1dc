"""Two-valued data."""

from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array, Shape
from service.core.kinds import BoundedFloat, Fraction
from service.nn.data.base import InputData
from service.nn.randomness import Stream


class BernoulliData(InputData):
    """`high` with probability p, `low` otherwise: 1 and 0 unless said otherwise, −1 and 1 for a hinge loss."""

    kind: Literal["bernoulli"] = "bernoulli"
    p: Fraction = 0.5
    """The probability of `high`."""
    low: BoundedFloat = 0.0
    """One value."""
    high: BoundedFloat = 1.0
    """The other."""

    definition: ClassVar[str] = "high with probability p, else low"

    def mean_square(self) -> float:
        return self.p * self.high**2 + (1.0 - self.p) * self.low**2

    def draw(self, shape: Shape, stream: Stream) -> Array:
        return np.where(stream.uniform(shape) < self.p, self.high, self.low)
