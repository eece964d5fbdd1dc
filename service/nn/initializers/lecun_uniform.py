"""LeCun's uniform initialiser."""

from typing import ClassVar, Literal

from service.core.arrays import Array, Shape
from service.nn.initializers.base import Initializer
from service.nn.initializers.variance_scaling import Distribution, scaled
from service.nn.randomness import Stream


class LecunUniform(Initializer):
    """Variance 1 / fan_in, uniform: critical for a linear network."""

    kind: Literal["lecun_uniform"] = "lecun_uniform"

    definition: ClassVar[str] = "U(-r, r), r = sqrt(3 / fan_in)"
    source: ClassVar[str] = "LeCun, Bottou, Orr & Müller 1998."

    def variance(self, fan_in: int, fan_out: int) -> float | None:
        return 1.0 / fan_in

    def draw(self, shape: Shape, fan_in: int, stream: Stream) -> Array:
        return scaled(shape, fan_in, 1.0, Distribution.UNIFORM, stream)
