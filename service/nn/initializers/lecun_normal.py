"""LeCun's normal initialiser."""

from typing import ClassVar, Literal

from service.core.arrays import Array, Shape
from service.nn.initializers.base import Initializer
from service.nn.initializers.variance_scaling import Distribution, scaled
from service.nn.randomness import Stream


class LecunNormal(Initializer):
    """Variance 1 / fan_in, the theory's N(0, 1/n): critical for a linear network."""

    kind: Literal["lecun_normal"] = "lecun_normal"

    definition: ClassVar[str] = "N(0, 1 / fan_in)"
    source: ClassVar[str] = "LeCun, Bottou, Orr & Müller 1998; the whole normal (Keras cuts its tails)."

    def variance(self, fan_in: int, fan_out: int) -> float | None:
        return 1.0 / fan_in

    def draw(self, shape: Shape, fan_in: int, stream: Stream) -> Array:
        return scaled(shape, fan_in, 1.0, Distribution.NORMAL, stream)
