"""The identity matrix."""

from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array, Shape
from service.nn.initializers.base import Initializer
from service.nn.randomness import Stream


class Identity(Initializer):
    """1 on the diagonal, 0 elsewhere; a layer that is not square passes or pads the leading features."""

    kind: Literal["identity"] = "identity"

    definition: ClassVar[str] = "w_ij = 1 if i = j else 0"
    source: ClassVar[str] = "Le, Jaitly & Hinton 2015."
    random: ClassVar[bool] = False

    def draw(self, shape: Shape, fan_in: int, stream: Stream) -> Array:
        return np.eye(shape[0], shape[1])[None]
