"""He's uniform initialiser."""

from typing import ClassVar, Literal

from service.core.arrays import Array, Shape
from service.nn.initializers.base import Initializer
from service.nn.initializers.variance_scaling import Distribution, scaled
from service.nn.randomness import Stream


class HeUniform(Initializer):
    """Variance 2 / fan_in, uniform: critical for ReLU, which halves the variance."""

    kind: Literal["he_uniform"] = "he_uniform"

    definition: ClassVar[str] = "U(-r, r), r = sqrt(6 / fan_in)"
    source: ClassVar[str] = "He, Zhang, Ren & Sun 2015."

    def variance(self, fan_in: int, fan_out: int) -> float | None:
        return 2.0 / fan_in

    def draw(self, shape: Shape, fan_in: int, stream: Stream) -> Array:
        return scaled(shape, fan_in, 2.0, Distribution.UNIFORM, stream)
