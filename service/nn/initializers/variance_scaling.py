"""Initialisers whose variance follows the width."""

from enum import StrEnum
from math import sqrt
from typing import ClassVar, Literal

from service.core.arrays import Array, Shape
from service.core.kinds import NonNegative
from service.nn.initializers.base import TRUNCATED_STD, UNIFORM_STD, Initializer
from service.nn.initializers.truncated_normal import truncated_normal
from service.nn.randomness import Stream


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


class VarianceScaling(Initializer):
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

    def variance(self, fan_in: int, fan_out: int) -> float | None:
        return self.scale / _fan(self.mode, fan_in, fan_out)

    def draw(self, shape: Shape, fan_in: int, stream: Stream) -> Array:
        return scaled(shape, _fan(self.mode, fan_in, shape[-1]), self.scale, self.distribution, stream)


def scaled(shape: Shape, fan: float, scale: float, distribution: Distribution, stream: Stream) -> Array:
    """Values of mean 0 and variance scale / fan, (trials, *shape)."""
    std = sqrt(scale / fan)
    match distribution:
        case Distribution.NORMAL:
            return stream.normal(shape, std=std)
        case Distribution.TRUNCATED_NORMAL:
            return std / TRUNCATED_STD * truncated_normal(shape, stream)
        case Distribution.UNIFORM:
            return std / UNIFORM_STD * (2.0 * stream.uniform(shape) - 1.0)


def _fan(mode: FanMode, fan_in: int, fan_out: int) -> float:
    return {FanMode.FAN_IN: fan_in, FanMode.FAN_OUT: fan_out, FanMode.FAN_AVG: (fan_in + fan_out) / 2}[mode]
