"""Values that are given."""

from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array, Shape
from service.nn.initializers.base import Initializer
from service.nn.randomness import Stream
from service.nn.values import Values, shape_of


class ExplicitInitializer(Initializer):
    """The values themselves, whatever the seed: rows are inputs, columns are units; a bias is one row."""

    kind: Literal["explicit"] = "explicit"
    values: Values
    """One row for each input, one column for each unit; for a bias one value for each unit."""

    definition: ClassVar[str] = "w_ij = values[i][j]"
    source: ClassVar[str] = "The request."
    random: ClassVar[bool] = False

    def draw(self, shape: Shape, fan_in: int, stream: Stream) -> Array:
        return np.asarray(self.values, dtype=np.float64).reshape(1, *shape)

    def shape_of_values(self) -> Shape | None:
        return shape_of(self.values)
