"""The uniform distribution."""

from typing import ClassVar, Literal

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from service.core.arrays import Array, Shape
from service.core.kinds import BoundedFloat
from service.nn.initializers.base import Initializer
from service.nn.randomness import Stream


class Uniform(Initializer):
    """U(low, high), whatever the width."""

    kind: Literal["uniform"] = "uniform"
    low: BoundedFloat = -0.05
    """The smallest value."""
    high: BoundedFloat = 0.05
    """The largest value."""

    definition: ClassVar[str] = "U(low, high)"
    source: ClassVar[str] = "The textbook's random numbers."

    @model_validator(mode="after")
    def _ordered(self) -> "Uniform":
        if self.low > self.high:
            raise PydanticCustomError("low_above_high", "low must not be above high")
        return self

    def variance(self, fan_in: int, fan_out: int) -> float | None:
        return self.high**2 / 3.0 if self.low == -self.high else None

    def draw(self, shape: Shape, fan_in: int, stream: Stream) -> Array:
        return self.low + (self.high - self.low) * stream.uniform(shape)
