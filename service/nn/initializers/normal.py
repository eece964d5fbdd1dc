"""The normal distribution."""

from typing import ClassVar, Literal

from service.core.arrays import Array, Shape
from service.core.kinds import BoundedFloat, NonNegative
from service.nn.initializers.base import Initializer
from service.nn.randomness import Stream


class Normal(Initializer):
    """N(mean, std²), whatever the width: the wider the layer, the larger its gain."""

    kind: Literal["normal"] = "normal"
    mean: BoundedFloat = 0.0
    """The mean of an entry."""
    std: NonNegative = 1.0
    """The standard deviation of an entry."""

    definition: ClassVar[str] = "N(mean, std^2)"
    source: ClassVar[str] = "The textbook's random numbers."

    def variance(self, fan_in: int, fan_out: int) -> float | None:
        return self.std**2 if self.mean == 0.0 else None

    def draw(self, shape: Shape, fan_in: int, stream: Stream) -> Array:
        return stream.normal(shape, self.mean, self.std)
