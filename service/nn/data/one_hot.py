"""Class labels."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from service.core.arrays import Array, Shape
from service.core.kinds import Int64
from service.nn.data.base import Data
from service.nn.randomness import Stream


class OneHotData(Data):
    """1 at a random class, 0 elsewhere; the output layer needs a unit for each class."""

    kind: Literal["one_hot"] = "one_hot"
    classes: Annotated[Int64, Field(ge=1, le=65536)]
    """How many classes there are, all equally likely."""

    definition: ClassVar[str] = "y_ij = 1 if j = class of sample i else 0"

    def mean_square(self) -> float:
        return 1.0 / self.classes

    def draw(self, shape: Shape, stream: Stream) -> Array:
        samples, classes = shape
        labels = np.floor(stream.uniform((samples, 1)) * classes)
        return (labels == np.arange(classes)).astype(np.float64)
