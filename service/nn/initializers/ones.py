"""All ones."""

from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array, Shape
from service.nn.initializers.base import Initializer
from service.nn.randomness import Stream


class Ones(Initializer):
    """1 everywhere: all units of a layer are the same unit."""

    kind: Literal["ones"] = "ones"

    definition: ClassVar[str] = "1"
    source: ClassVar[str] = "The usual gain of a normalisation."
    random: ClassVar[bool] = False

    def draw(self, shape: Shape, fan_in: int, stream: Stream) -> Array:
        return np.ones((1, *shape))
