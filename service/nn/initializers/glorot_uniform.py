"""Glorot's uniform initialiser."""

from typing import ClassVar, Literal

from service.core.arrays import Array, Shape
from service.nn.initializers.base import Initializer
from service.nn.initializers.variance_scaling import Distribution, scaled
from service.nn.randomness import Stream


class GlorotUniform(Initializer):
    """Variance 2 / (fan_in + fan_out), uniform: what Keras takes where nothing is said."""

    kind: Literal["glorot_uniform"] = "glorot_uniform"

    definition: ClassVar[str] = "U(-r, r), r = sqrt(6 / (fan_in + fan_out))"
    source: ClassVar[str] = "Glorot & Bengio 2010."

    def variance(self, fan_in: int, fan_out: int) -> float | None:
        return 2.0 / (fan_in + fan_out)

    def draw(self, shape: Shape, fan_in: int, stream: Stream) -> Array:
        return scaled(shape, fan_in + shape[-1], 2.0, Distribution.UNIFORM, stream)
