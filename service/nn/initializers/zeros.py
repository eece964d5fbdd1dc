"""All zeros."""

from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array, Shape
from service.nn.initializers.base import Initializer
from service.nn.randomness import Stream


class Zeros(Initializer):
    """0 everywhere: right for a bias, fatal for weights, which then pass no gradient at all."""

    kind: Literal["zeros"] = "zeros"

    definition: ClassVar[str] = "0"
    source: ClassVar[str] = "The usual bias."
    random: ClassVar[bool] = False

    def variance(self, fan_in: int, fan_out: int) -> float | None:
        return 0.0

    def draw(self, shape: Shape, fan_in: int, stream: Stream) -> Array:
        return np.zeros((1, *shape))
