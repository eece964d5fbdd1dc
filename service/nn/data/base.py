"""What inputs and targets are: rules that fill a batch."""

from abc import abstractmethod
from typing import ClassVar

from service.core.arrays import Array, Shape
from service.core.kinds import Kind
from service.nn.randomness import Stream


class Data(Kind):
    """Fills a batch of shape (samples, features)."""

    definition: ClassVar[str]
    """The distribution of one entry."""
    random: ClassVar[bool] = True
    """Whether two trials get different values."""

    @abstractmethod
    def draw(self, shape: Shape, stream: Stream) -> Array:
        """Values of shape (trials, *shape), or (1, *shape) where every trial has the same."""

    @abstractmethod
    def mean_square(self) -> float:
        """The expected square of an entry."""

    def of_inputs(self, inputs: Array, shape: Shape, stream: Stream) -> Array:
        """Targets for a batch of inputs, (trials or 1, samples, features): as drawn, unless they depend on these."""
        return self.draw(shape, stream)

    def check(self, inputs: "InputData", outputs: int, positions: int) -> None:
        """Raise Incompatible where these are no targets for such inputs, or for so many outputs or positions."""

    def shape_of_values(self) -> Shape | None:
        """The shape the values were given in, where they were given."""
        return None

    def features(self) -> int | None:
        """How many features it speaks of; None where it suits any number."""
        return None


class InputData(Data):
    """Data that may be inputs, and targets too."""
