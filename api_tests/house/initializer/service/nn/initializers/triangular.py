"""The triangular distribution."""

from math import sqrt
from typing import ClassVar, Literal

from service.core.arrays import Array, Shape
from service.core.kinds import NonNegative
from service.nn.initializers.base import Initializer
from service.nn.randomness import Stream


class Triangular(Initializer):
    """The sum of two uniform numbers, of mean 0; no entry is farther than √6 standard deviations away."""

    kind: Literal["triangular"] = "triangular"
    std: NonNegative = 1.0
    """The standard deviation of an entry."""

    definition: ClassVar[str] = "triangular on [-sqrt(6) std, sqrt(6) std], mode 0"
    source: ClassVar[str] = "Simpson 1755."

    def variance(self, fan_in: int, fan_out: int) -> float | None:
        return self.std**2

    def draw(self, shape: Shape, fan_in: int, fan_out: int, stream: Stream) -> Array:
        return self.std * sqrt(6.0) * (stream.uniform(shape) - stream.uniform(shape))
