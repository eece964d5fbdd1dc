"""What an initialiser is: a rule that fills a weight matrix or a bias; and those that draw every entry by itself."""

from abc import abstractmethod
from collections.abc import Collection
from enum import StrEnum
from math import prod, sqrt
from typing import ClassVar, Literal

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from service.core.arrays import Array, Shape
from service.core.kinds import BoundedFloat, Kind, NonNegative
from service.core.special import ndtr, ndtri
from service.nn.randomness import Stream

_OPERATIONS_PER_DRAW = 100.0
"""A random number takes as long as this many operations of a matrix product."""
_TRUNCATION = 2.0
"""Where a truncated normal is cut, in standard deviations."""
_TRUNCATED_STD = 0.87962566103423978
"""Standard deviation of a standard normal cut at ±2."""
_UNIFORM_STD = 1.0 / sqrt(3.0)
"""Standard deviation of the uniform distribution on [−1, 1]."""


class Initializer(Kind):
    """Fills weights of shape (fan_in, fan_out), or a bias of shape (1, fan_out)."""

    definition: ClassVar[str]
    """The distribution of one entry."""
    source: ClassVar[str]
    """Where the rule was proposed or defined."""
    random: ClassVar[bool] = True
    """Whether two trials get different values."""
    bytes_per_entry: ClassVar[int] = 40
    """What an entry takes beside itself, at most, while it is drawn or while its gradient is measured."""

    @abstractmethod
    def draw(self, shape: Shape, fan_in: int, fan_out: int, stream: Stream) -> Array:
        """Values of shape (trials, *shape), or (1, *shape) where every trial has the same; `shape[-1]` is fan_out."""

    def variance(self, fan_in: int, fan_out: int) -> float | None:
        """The variance of an entry, where entries have mean 0 and are as good as independent; None where not."""
        return None

    def draw_operations(self, shape: Shape) -> float:
        """What a draw costs, as operations of a matrix product that take as long."""
        return _OPERATIONS_PER_DRAW * prod(shape)

    def shape_of_values(self) -> Shape | None:
        """The shape the values were given in, where they were given."""
        return None


class Normal(Initializer):
    """N(mean, std²), whatever the width: the wider the layer, the larger its gain."""

    kind: Literal["normal"] = "normal"
    aliases: ClassVar[Collection[str]] = ("random_normal", "gaussian")
    mean: BoundedFloat = 0.0
    """The mean of an entry."""
    std: NonNegative = 1.0
    """The standard deviation of an entry."""

    definition: ClassVar[str] = "N(mean, std^2)"
    source: ClassVar[str] = "The textbook's random numbers."
    bytes_per_entry: ClassVar[int] = 24

    def variance(self, fan_in: int, fan_out: int) -> float | None:
        return self.std**2 if self.mean == 0.0 else None

    def draw(self, shape: Shape, fan_in: int, fan_out: int, stream: Stream) -> Array:
        return stream.normal(shape, self.mean, self.std)


class Uniform(Initializer):
    """U(low, high), whatever the width."""

    kind: Literal["uniform"] = "uniform"
    aliases: ClassVar[Collection[str]] = ("random_uniform",)
    low: BoundedFloat = -0.05
    """The smallest value."""
    high: BoundedFloat = 0.05
    """The largest value."""

    definition: ClassVar[str] = "U(low, high)"
    source: ClassVar[str] = "The textbook's random numbers."

    @model_validator(mode="after")
    def _ordered(self) -> "Uniform":
        if self.low > self.high:
            raise PydanticCustomError("low_above_high", "low must not be above high")
        return self

    def variance(self, fan_in: int, fan_out: int) -> float | None:
        return self.high**2 / 3.0 if self.low == -self.high else None

    def draw(self, shape: Shape, fan_in: int, fan_out: int, stream: Stream) -> Array:
        return self.low + (self.high - self.low) * stream.uniform(shape)


class TruncatedNormal(Initializer):
    """N(mean, std²) cut at two standard deviations; what is left has 0.88 of the standard deviation."""

    kind: Literal["truncated_normal"] = "truncated_normal"
    aliases: ClassVar[Collection[str]] = ("trunc_normal", "trunc_normal_")
    mean: BoundedFloat = 0.0
    """The mean of an entry."""
    std: NonNegative = 1.0
    """The standard deviation before the cut."""

    definition: ClassVar[str] = "N(mean, std^2) given |w - mean| <= 2 std"
    source: ClassVar[str] = "As in Keras and in torch.nn.init.trunc_normal_ with a = −2 std, b = 2 std."

    def variance(self, fan_in: int, fan_out: int) -> float | None:
        return (_TRUNCATED_STD * self.std) ** 2 if self.mean == 0.0 else None

    def draw(self, shape: Shape, fan_in: int, fan_out: int, stream: Stream) -> Array:
        return self.mean + self.std * _truncated_normal(shape, stream)


def _truncated_normal(shape: Shape, stream: Stream) -> Array:
    """Standard normal given |z| ≤ 2, (trials, *shape), by inversion of its distribution function."""
    lowest = ndtr(-_TRUNCATION)
    values: Array = ndtri(lowest + (1.0 - 2.0 * lowest) * stream.uniform(shape))
    return values


class FanMode(StrEnum):
    """Which width the variance is divided by."""

    FAN_IN = "fan_in"
    FAN_OUT = "fan_out"
    FAN_AVG = "fan_avg"


class Distribution(StrEnum):
    """The shape of the distribution; its variance is the same for all three."""

    NORMAL = "normal"
    TRUNCATED_NORMAL = "truncated_normal"
    UNIFORM = "uniform"


class _FanScaled(Initializer):
    """Mean 0 and variance scale / fan: the gain of a layer no longer depends on its width."""

    _scale: ClassVar[float] = 1.0
    _mode: ClassVar[FanMode] = FanMode.FAN_IN
    _distribution: ClassVar[Distribution] = Distribution.NORMAL

    def _rule(self) -> tuple[float, FanMode, Distribution]:
        return self._scale, self._mode, self._distribution

    def variance(self, fan_in: int, fan_out: int) -> float | None:
        scale, mode, _ = self._rule()
        return scale / {FanMode.FAN_IN: fan_in, FanMode.FAN_OUT: fan_out, FanMode.FAN_AVG: (fan_in + fan_out) / 2}[mode]

    def draw(self, shape: Shape, fan_in: int, fan_out: int, stream: Stream) -> Array:
        std = sqrt(self.variance(fan_in, fan_out) or 0.0)
        match self._rule()[2]:
            case Distribution.NORMAL:
                return stream.normal(shape, std=std)
            case Distribution.TRUNCATED_NORMAL:
                return std / _TRUNCATED_STD * _truncated_normal(shape, stream)
            case Distribution.UNIFORM:
                return std / _UNIFORM_STD * (2.0 * stream.uniform(shape) - 1.0)


class VarianceScaling(_FanScaled):
    """Variance scale / fan: the gain of a layer no longer depends on its width."""

    kind: Literal["variance_scaling"] = "variance_scaling"
    scale: NonNegative = 1.0
    """σ_w², the variance of an entry times the fan."""
    mode: FanMode = FanMode.FAN_IN
    """Which fan: in, out, or their average."""
    distribution: Distribution = Distribution.NORMAL
    """The shape of the distribution."""

    definition: ClassVar[str] = "mean 0, variance scale / fan"
    source: ClassVar[str] = "LeCun et al. 1998; Glorot & Bengio 2010; He et al. 2015; the name is that of Keras."

    def _rule(self) -> tuple[float, FanMode, Distribution]:
        return self.scale, self.mode, self.distribution


class HeNormal(_FanScaled):
    """Variance 2 / fan_in: critical for ReLU, which halves the variance."""

    kind: Literal["he_normal"] = "he_normal"
    aliases: ClassVar[Collection[str]] = ("kaiming_normal", "kaiming_normal_", "msra")

    definition: ClassVar[str] = "N(0, 2 / fan_in)"
    source: ClassVar[str] = (
        "He, Zhang, Ren & Sun 2015; the whole normal, as in torch.nn.init.kaiming_normal_ (Keras cuts its tails)."
    )
    _scale: ClassVar[float] = 2.0


class HeUniform(_FanScaled):
    """Variance 2 / fan_in, uniform: critical for ReLU, which halves the variance."""

    kind: Literal["he_uniform"] = "he_uniform"
    aliases: ClassVar[Collection[str]] = ("kaiming_uniform", "kaiming_uniform_")

    definition: ClassVar[str] = "U(-r, r), r = sqrt(6 / fan_in)"
    source: ClassVar[str] = "He, Zhang, Ren & Sun 2015."
    _scale: ClassVar[float] = 2.0
    _distribution: ClassVar[Distribution] = Distribution.UNIFORM


class GlorotNormal(_FanScaled):
    """Variance 2 / (fan_in + fan_out): a compromise between the forward and the backward pass of a linear net."""

    kind: Literal["glorot_normal"] = "glorot_normal"
    aliases: ClassVar[Collection[str]] = ("xavier_normal", "xavier_normal_", "xavier")

    definition: ClassVar[str] = "N(0, 2 / (fan_in + fan_out))"
    source: ClassVar[str] = (
        "Glorot & Bengio 2010; the whole normal, as in torch.nn.init.xavier_normal_ (Keras cuts its tails)."
    )
    _mode: ClassVar[FanMode] = FanMode.FAN_AVG


class GlorotUniform(_FanScaled):
    """Variance 2 / (fan_in + fan_out), uniform: what Keras takes where nothing is said."""

    kind: Literal["glorot_uniform"] = "glorot_uniform"
    aliases: ClassVar[Collection[str]] = ("xavier_uniform", "xavier_uniform_")

    definition: ClassVar[str] = "U(-r, r), r = sqrt(6 / (fan_in + fan_out))"
    source: ClassVar[str] = "Glorot & Bengio 2010."
    _mode: ClassVar[FanMode] = FanMode.FAN_AVG
    _distribution: ClassVar[Distribution] = Distribution.UNIFORM


class LecunNormal(_FanScaled):
    """Variance 1 / fan_in, the theory's N(0, 1/n): critical for a linear network."""

    kind: Literal["lecun_normal"] = "lecun_normal"

    definition: ClassVar[str] = "N(0, 1 / fan_in)"
    source: ClassVar[str] = "LeCun, Bottou, Orr & Müller 1998; the whole normal (Keras cuts its tails)."


class LecunUniform(_FanScaled):
    """Variance 1 / fan_in, uniform: critical for a linear network."""

    kind: Literal["lecun_uniform"] = "lecun_uniform"

    definition: ClassVar[str] = "U(-r, r), r = sqrt(3 / fan_in)"
    source: ClassVar[str] = "LeCun, Bottou, Orr & Müller 1998."
    _distribution: ClassVar[Distribution] = Distribution.UNIFORM
