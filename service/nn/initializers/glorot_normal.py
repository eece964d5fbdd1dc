"""Glorot's normal initialiser."""

from typing import ClassVar, Literal

from service.core.arrays import Array, Shape
from service.nn.initializers.base import Initializer
from service.nn.initializers.variance_scaling import Distribution, scaled
from service.nn.randomness import Stream


class GlorotNormal(Initializer):
    """Variance 2 / (fan_in + fan_out): a compromise between the forward and the backward pass of a linear net."""

    kind: Literal["glorot_normal"] = "glorot_normal"

    definition: ClassVar[str] = "N(0, 2 / (fan_in + fan_out))"
    source: ClassVar[str] = (
        "Glorot & Bengio 2010; the whole normal, as in torch.nn.init.xavier_normal_ (Keras cuts its tails)."
    )

    def variance(self, fan_in: int, fan_out: int) -> float | None:
        return 2.0 / (fan_in + fan_out)

    def draw(self, shape: Shape, fan_in: int, stream: Stream) -> Array:
        return scaled(shape, fan_in + shape[-1], 2.0, Distribution.NORMAL, stream)
