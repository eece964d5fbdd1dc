"""What the data of a simulation are: a rule that fills a batch of inputs or targets."""

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

    def shape_of_values(self) -> Shape | None:
        """The shape the values were given in, where they were given."""
        return None


class InputData(Data):
    """Data that may be inputs, and targets too."""
