"""Uniformly distributed data."""

from typing import ClassVar, Literal

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from service.core.arrays import Array, Shape
from service.core.kinds import BoundedFloat
from service.nn.data.base import InputData
from service.nn.randomness import Stream


class UniformData(InputData):
    """U(low, high) in every entry."""

    kind: Literal["uniform"] = "uniform"
    low: BoundedFloat = -1.0
    """The smallest value."""
    high: BoundedFloat = 1.0
    """The largest value."""

    definition: ClassVar[str] = "U(low, high)"

    @model_validator(mode="after")
    def _ordered(self) -> "UniformData":
        if self.low > self.high:
            raise PydanticCustomError("low_above_high", "low must not be above high")
        return self

    def mean_square(self) -> float:
        return (self.low**2 + self.low * self.high + self.high**2) / 3.0

    def draw(self, shape: Shape, stream: Stream) -> Array:
        return self.low + (self.high - self.low) * stream.uniform(shape)
