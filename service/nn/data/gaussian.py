"""Normally distributed data."""

from typing import ClassVar, Literal

from service.core.arrays import Array, Shape
from service.core.kinds import BoundedFloat, NonNegative
from service.nn.data.base import InputData
from service.nn.randomness import Stream


class GaussianData(InputData):
    """N(mean, std²) in every entry; standardised features have mean 0 and std 1."""

    kind: Literal["gaussian"] = "gaussian"
    mean: BoundedFloat = 0.0
    """The mean of an entry."""
    std: NonNegative = 1.0
    """The standard deviation of an entry."""

    definition: ClassVar[str] = "N(mean, std^2)"

    def mean_square(self) -> float:
        return self.mean**2 + self.std**2

    def draw(self, shape: Shape, stream: Stream) -> Array:
        return stream.normal(shape, self.mean, self.std)
