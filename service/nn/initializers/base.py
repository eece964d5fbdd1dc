"""What an initialiser is: a rule that fills a weight matrix or a bias; and those whose values are fixed."""

from abc import abstractmethod
from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array, Shape
from service.core.kinds import BoundedFloat, Kind
from service.nn.randomness import Stream
from service.nn.values import Values, shape_of

_OPERATIONS_PER_DRAW = 100.0
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
    def draw(self, shape: Shape, fan_in: int, fan_out: int, stream: Stream) -> Array:
        """Values of shape (trials, *shape), or (1, *shape) where every trial has the same; `shape[-1]` is fan_out."""

    def variance(self, fan_in: int, fan_out: int) -> float | None:
        """The variance of an entry, where entries have mean 0 and are as good as independent; None where not."""
        return None

    def draw_operations(self, shape: Shape) -> float:
        """What a draw costs, as operations of a matrix product that take as long."""
        return _OPERATIONS_PER_DRAW * shape[0] * shape[1]

    def shape_of_values(self) -> Shape | None:
        """The shape the values were given in, where they were given."""
        return None


class Zeros(Initializer):
    """0 everywhere: right for a bias, fatal for weights, which then pass no gradient at all."""

    kind: Literal["zeros"] = "zeros"

    definition: ClassVar[str] = "0"
    source: ClassVar[str] = "The usual bias."
    random: ClassVar[bool] = False

    def variance(self, fan_in: int, fan_out: int) -> float | None:
        return 0.0

    def draw(self, shape: Shape, fan_in: int, fan_out: int, stream: Stream) -> Array:
        return np.zeros((1, *shape))


class Ones(Initializer):
    """1 everywhere: all units of a layer are the same unit."""

    kind: Literal["ones"] = "ones"

    definition: ClassVar[str] = "1"
    source: ClassVar[str] = "The usual gain of a normalisation."
    random: ClassVar[bool] = False

    def draw(self, shape: Shape, fan_in: int, fan_out: int, stream: Stream) -> Array:
        return np.ones((1, *shape))


class Constant(Initializer):
    """`value` everywhere: all units of a layer are the same unit."""

    kind: Literal["constant"] = "constant"
    value: BoundedFloat
    """The value of every entry."""

    definition: ClassVar[str] = "value"
    source: ClassVar[str] = "A bias that starts away from zero."
    random: ClassVar[bool] = False

    def draw(self, shape: Shape, fan_in: int, fan_out: int, stream: Stream) -> Array:
        return np.full((1, *shape), self.value)


class Identity(Initializer):
    """1 on the diagonal, 0 elsewhere; a layer that is not square passes or pads the leading features."""

    kind: Literal["identity"] = "identity"

    definition: ClassVar[str] = "w_ij = 1 if i = j else 0"
    source: ClassVar[str] = "Le, Jaitly & Hinton 2015."
    random: ClassVar[bool] = False

    def draw(self, shape: Shape, fan_in: int, fan_out: int, stream: Stream) -> Array:
        return np.eye(shape[0], shape[1])[None]


class ExplicitInitializer(Initializer):
    """The values themselves, whatever the seed: rows are inputs, columns are units; a bias is one row."""

    kind: Literal["explicit"] = "explicit"
    values: Values
    """One row for each input, one column for each unit; for a bias one value for each unit."""

    definition: ClassVar[str] = "w_ij = values[i][j]"
    source: ClassVar[str] = "The request."
    random: ClassVar[bool] = False

    def draw(self, shape: Shape, fan_in: int, fan_out: int, stream: Stream) -> Array:
        return np.asarray(self.values, dtype=np.float64).reshape(1, *shape)

    def shape_of_values(self) -> Shape | None:
        return shape_of(self.values)
