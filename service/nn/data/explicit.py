"""Data that are given."""

from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array, Shape
from service.nn.data.base import InputData
from service.nn.randomness import Stream
from service.nn.values import Values, shape_of


class ExplicitData(InputData):
    """The values themselves, whatever the seed: one row a sample; a vector where there is one feature."""

    kind: Literal["explicit"] = "explicit"
    values: Values
    """One row for each sample, one column for each feature."""

    definition: ClassVar[str] = "x_ij = values[i][j]"
    random: ClassVar[bool] = False

    def mean_square(self) -> float:
        return float(np.square(np.asarray(self.values, dtype=np.float64)).mean())

    def draw(self, shape: Shape, stream: Stream) -> Array:
        return np.asarray(self.values, dtype=np.float64).reshape(1, *shape)

    def shape_of_values(self) -> Shape | None:
        return shape_of(self.values)
