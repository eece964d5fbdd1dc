"""The normal distribution without its tails."""

from typing import ClassVar, Literal

from scipy.special import ndtr, ndtri

from service.core.arrays import Array, Shape
from service.core.kinds import BoundedFloat, NonNegative
from service.nn.initializers.base import TRUNCATED_STD, TRUNCATION, Initializer
from service.nn.randomness import Stream


class TruncatedNormal(Initializer):
    """N(mean, std²) cut at two standard deviations; what is left has 0.88 of the standard deviation."""

    kind: Literal["truncated_normal"] = "truncated_normal"
    mean: BoundedFloat = 0.0
    """The mean of an entry."""
    std: NonNegative = 1.0
    """The standard deviation before the cut."""

    definition: ClassVar[str] = "N(mean, std^2) given |w - mean| <= 2 std"
    source: ClassVar[str] = "As in Keras and in torch.nn.init.trunc_normal_ with a = −2 std, b = 2 std."

    def variance(self, fan_in: int, fan_out: int) -> float | None:
        return (TRUNCATED_STD * self.std) ** 2 if self.mean == 0.0 else None

    def draw(self, shape: Shape, fan_in: int, stream: Stream) -> Array:
        return self.mean + self.std * truncated_normal(shape, stream)


def truncated_normal(shape: Shape, stream: Stream) -> Array:
    """Standard normal given |z| ≤ 2, (trials, *shape), by inversion of its distribution function."""
    lowest = ndtr(-TRUNCATION)
    values: Array = ndtri(lowest + (1.0 - 2.0 * lowest) * stream.uniform(shape))
    return values
