"""Inputs and targets whose entries, or samples, are drawn from a distribution; and those that are given."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from service.core.arrays import Array, Float64Array, Shape
from service.core.kinds import BoundedFloat, Fraction, Int64, NonNegative
from service.nn.data.base import Data, InputData
from service.nn.randomness import Stream
from service.nn.shapes import WIDEST
from service.nn.values import Columns, shape_of


class GaussianData(InputData):
    """N(mean, std²) in every entry; standardised features have mean 0 and std 1."""

    kind: Literal["gaussian"] = "gaussian"
    aliases: ClassVar[Collection[str]] = ("normal", "standard_normal", "randn")
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
    aliases: ClassVar[Collection[str]] = ("random_uniform", "rand")
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
    aliases: ClassVar[Collection[str]] = ("binary", "binary_labels")
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


class PerFeatureData(InputData):
    """N(mean_j, std_j²) in feature j: columns of a table that were not standardised."""

    kind: Literal["per_feature"] = "per_feature"
    aliases: ClassVar[Collection[str]] = ("tabular", "columns")
    needs: ClassVar[Mapping[str, Any]] = {"means": [0.0, 50.0], "stds": [1.0, 15.0]}
    means: Annotated[list[BoundedFloat], Field(min_length=1, max_length=65536)]
    """The mean of each feature."""
    stds: Annotated[list[NonNegative], Field(min_length=1, max_length=65536)]
    """The standard deviation of each feature."""

    definition: ClassVar[str] = "N(means[j], stds[j]^2)"

    @model_validator(mode="after")
    def _as_many(self) -> "PerFeatureData":
        if len(self.means) != len(self.stds):
            raise PydanticCustomError(
                "unequal_lengths",
                "there are {means} means and {stds} standard deviations; each feature needs one of both",
                {"means": len(self.means), "stds": len(self.stds)},
            )
        return self

    def features(self) -> int | None:
        return len(self.means)

    def mean_square(self) -> float:
        return float(np.mean(np.square(self.means) + np.square(self.stds)))

    def draw(self, shape: Shape, stream: Stream) -> Array:
        normals = stream.normal(shape)
        parted = normals.reshape(*normals.shape[:-1], -1, len(self.means))
        return (parted * np.array(self.stds) + np.array(self.means)).reshape(normals.shape)


class PixelData(InputData):
    """0 with probability zero_fraction, else U(low, high): raw pixels, by default those of MNIST."""

    kind: Literal["pixels"] = "pixels"
    aliases: ClassVar[Collection[str]] = ("mnist", "raw_pixels", "image")
    zero_fraction: Fraction = 0.81
    """The share of entries that are 0."""
    low: BoundedFloat = 0.0
    """The smallest value of the others."""
    high: BoundedFloat = 255.0
    """The largest."""

    definition: ClassVar[str] = "0 with probability zero_fraction, else U(low, high)"

    @model_validator(mode="after")
    def _ordered(self) -> "PixelData":
        if self.low > self.high:
            raise PydanticCustomError("low_above_high", "low must not be above high")
        return self

    def mean_square(self) -> float:
        return (1.0 - self.zero_fraction) * (self.low**2 + self.low * self.high + self.high**2) / 3.0

    def draw(self, shape: Shape, stream: Stream) -> Array:
        bright = stream.uniform(shape) >= self.zero_fraction
        return np.where(bright, self.low + (self.high - self.low) * stream.uniform(shape), 0.0)


class TokenDistribution(StrEnum):
    """How often tokens are."""

    UNIFORM = "uniform"
    ZIPF = "zipf"


class TokenIndexData(InputData):
    """The index of a token in every entry: for networks whose input is tokens, and for them alone."""

    kind: Literal["token_indices"] = "token_indices"
    aliases: ClassVar[Collection[str]] = ("tokens", "token_ids", "text")
    distribution: TokenDistribution = TokenDistribution.UNIFORM
    """All alike, or the k-th as often as 1/k, as words are."""
    vocabulary: Annotated[Int64, Field(ge=1, le=1 << 20)] | None = None
    """How many tokens there are: as many as the network's input says, unless said otherwise."""

    definition: ClassVar[str] = "k = 0 … vocabulary - 1, uniform or in proportion to 1 / (k + 1)"

    def mean_square(self) -> float:
        shares = np.diff(self._distribution(), prepend=0.0)
        return float(shares @ np.square(np.arange(shares.size)))

    def draw(self, shape: Shape, stream: Stream) -> Array:
        return np.searchsorted(self._distribution(), stream.uniform(shape), side="right").astype(np.float64)

    def _distribution(self) -> Float64Array:
        """How likely an index of at most k is, (vocabulary,)."""
        indices = np.arange(1.0, (self.vocabulary or 1) + 1.0)
        shares = np.cumsum(1.0 / indices) if self.distribution is TokenDistribution.ZIPF else indices
        return shares / shares[-1]


class ExplicitData(InputData):
    """The values themselves, whatever the seed: one row a sample; a vector where there is one feature."""

    kind: Literal["explicit"] = "explicit"
    aliases: ClassVar[Collection[str]] = ("values", "array", "given")
    needs: ClassVar[Mapping[str, Any]] = {"values": [[0.5, -1.0], [1.0, 0.5]]}
    values: Columns
    """One row for each sample, one column for each feature; a vector is one column."""

    definition: ClassVar[str] = "x_ij = values[i][j]"
    random: ClassVar[bool] = False

    @classmethod
    def shorthand(cls, value: Any) -> Mapping[str, Any] | None:
        return {} if isinstance(value, list) else None

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
    aliases: ClassVar[Collection[str]] = ("classes", "labels", "categorical")
    needs: ClassVar[Mapping[str, Any]] = {"classes": 10}
    classes: Annotated[Int64, Field(ge=1, le=WIDEST)]
    """How many classes there are, all equally likely."""

    definition: ClassVar[str] = "y_ij = 1 if j = class of sample i else 0"

    def mean_square(self) -> float:
        return 1.0 / self.classes

    def draw(self, shape: Shape, stream: Stream) -> Array:
        samples, classes = shape
        labels = np.floor(stream.uniform((samples, 1)) * classes)
        return (labels == np.arange(classes)).astype(np.float64)
