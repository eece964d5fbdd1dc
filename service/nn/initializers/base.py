"""What an initialiser is: a rule that fills a weight matrix, and the variance it gives its entries."""

from abc import abstractmethod
from math import sqrt
from typing import ClassVar

from service.core.arrays import Array, Shape
from service.core.kinds import Kind
from service.nn.randomness import Stream

TRUNCATION = 2.0
"""Where a truncated normal is cut, in standard deviations."""
TRUNCATED_STD = 0.87962566103423978
"""Standard deviation of a standard normal cut at ±2."""
UNIFORM_STD = 1.0 / sqrt(3.0)
"""Standard deviation of the uniform distribution on [−1, 1]."""
OPERATIONS_PER_DRAW = 100.0
"""A random number takes as long as this many operations of a matrix product."""


class Initializer(Kind):
    """Fills weights of shape (fan_in, fan_out), or a bias of shape (1, fan_out)."""

    definition: ClassVar[str]
    """The distribution of one entry."""
    source: ClassVar[str]
    """Where the rule was proposed or defined."""
    random: ClassVar[bool] = True
    """Whether two trials get different values."""

    @abstractmethod
    def draw(self, shape: Shape, fan_in: int, stream: Stream) -> Array:
        """Values of shape (trials, *shape), or (1, *shape) where every trial has the same; `shape[-1]` is fan_out."""

    def variance(self, fan_in: int, fan_out: int) -> float | None:
        """The variance of an entry, where entries have mean 0 and are as good as independent; None where not."""
        return None

    def draw_operations(self, shape: Shape) -> float:
        """What a draw costs, as operations of a matrix product that take as long."""
        return OPERATIONS_PER_DRAW * shape[0] * shape[1]

    def shape_of_values(self) -> Shape | None:
        """The shape the values were given in, where they were given."""
        return None
