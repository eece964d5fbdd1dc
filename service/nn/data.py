"""The families of inputs and targets: rules that fill a batch."""

from abc import abstractmethod
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from service.core.arrays import Array, Shape
from service.core.kinds import BoundedFloat, Fraction, Int64, Kind, NonNegative, one_of
from service.nn.randomness import Stream
from service.nn.values import Values, shape_of


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


class GaussianData(InputData):
    """N(mean, std²) in every entry; standardised features have mean 0 and std 1."""

    kind: Literal["gaussian"] = "gaussian"
    mean: BoundedFloat = 0.0
    """The mean of an entry."""
    std: NonNegative = 1.0
    """The standard deviation of an entry."""

    definition: ClassVar[str] = "N(mean, std^2)"

    def mean_square(self) -> float:
        return self.mean**2 + self.std**2

    def draw(self, shape: Shape, stream: Stream) -> Array:
        return stream.normal(shape, self.mean, self.std)


class UniformData(InputData):
    """U(low, high) in every entry."""

    kind: Literal["uniform"] = "uniform"
    low: BoundedFloat = -1.0
    """The smallest value."""
    high: BoundedFloat = 1.0
    """The largest value."""

    definition: ClassVar[str] = "U(low, high)"

    @model_validator(mode="after")
    def _ordered(self) -> "UniformData":
        if self.low > self.high:
            raise PydanticCustomError("low_above_high", "low must not be above high")
        return self

    def mean_square(self) -> float:
        return (self.low**2 + self.low * self.high + self.high**2) / 3.0

    def draw(self, shape: Shape, stream: Stream) -> Array:
        return self.low + (self.high - self.low) * stream.uniform(shape)


class BernoulliData(InputData):
    """`high` with probability p, `low` otherwise: 1 and 0 unless said otherwise, −1 and 1 for a hinge loss."""

    kind: Literal["bernoulli"] = "bernoulli"
    p: Fraction = 0.5
    """The probability of `high`."""
    low: BoundedFloat = 0.0
    """One value."""
    high: BoundedFloat = 1.0
    """The other."""

    definition: ClassVar[str] = "high with probability p, else low"

    def mean_square(self) -> float:
        return self.p * self.high**2 + (1.0 - self.p) * self.low**2

    def draw(self, shape: Shape, stream: Stream) -> Array:
        return np.where(stream.uniform(shape) < self.p, self.high, self.low)


class ExplicitData(InputData):
    """The values themselves, whatever the seed: one row a sample; a vector where there is one feature."""

    kind: Literal["explicit"] = "explicit"
    values: Values
    """One row for each sample, one column for each feature."""

    definition: ClassVar[str] = "x_ij = values[i][j]"
    random: ClassVar[bool] = False

    def mean_square(self) -> float:
        with np.errstate(over="ignore"):  # infinite where no number holds it
            return float(np.square(np.asarray(self.values, dtype=np.float64)).mean())

    def draw(self, shape: Shape, stream: Stream) -> Array:
        return np.asarray(self.values, dtype=np.float64).reshape(1, *shape)

    def shape_of_values(self) -> Shape | None:
        return shape_of(self.values)


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


if TYPE_CHECKING:
    AnyInputs = InputData
    AnyTargets = Data
else:
    AnyInputs = one_of("Inputs", InputData)
    AnyTargets = one_of("Targets", Data)
