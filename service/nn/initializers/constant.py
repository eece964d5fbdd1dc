"""One value everywhere."""

from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array, Shape
from service.core.kinds import BoundedFloat
from service.nn.initializers.base import Initializer
from service.nn.randomness import Stream


class Constant(Initializer):
    """`value` everywhere: all units of a layer are the same unit."""

    kind: Literal["constant"] = "constant"
    value: BoundedFloat
    """The value of every entry."""

    definition: ClassVar[str] = "value"
    source: ClassVar[str] = "A bias that starts away from zero."
    random: ClassVar[bool] = False

    def draw(self, shape: Shape, fan_in: int, stream: Stream) -> Array:
        return np.full((1, *shape), self.value)
