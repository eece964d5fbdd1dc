"""A signal as theory sees it: what is known of its entries, and what an activation makes of that."""

from dataclasses import dataclass
from functools import lru_cache
from math import frexp, isnan, ldexp, nan, sqrt

import numpy as np

from service.core.arrays import Array, Float64Array
from service.nn.activations import Activation
from service.nn.activations.smooth import Linear
from service.theory.gaussian import SampledActivation

LARGEST_VARIANCE = 1e200
_SMALLEST_VARIANCE = 5e-324
_SETTLED = 1e-14
_OCTAVES = 8
"""Variances in the same eight octaves have the same samples, whichever of them is asked for first."""
_FARTHEST, _POINTS, _POINTS_OF_TWO = 8.0, 1601, 161
_FAR_APART = 1e-4, 1e4
"""Variances at which an activation has the same slopes if it has them at all."""
_SAME = 1e-9


@dataclass(frozen=True)
class Signal:
    """What is known of the entries of a wide signal; NaN where it is not known."""

    square: float  # the mean of their squares
    mean: float = nan  # over features; with `common` looked after only if the inputs' is known
    common: float = nan  # the mean product of one entry in two samples
    gaussian: bool = False  # whether they are normal with mean 0
    reason: str | None = None  # why their squares are not known

    @classmethod
    def of_batch(cls, square: float, x: Array) -> "Signal":
        """The inputs, of that expected square, of which `x`, (samples, features), is a batch."""
        samples, features = x.shape
        total, own = float(np.square(x.sum(axis=0)).sum()), float(np.square(x).sum())
        common = 0.0 if samples == 1 else (total - own) / (samples * (samples - 1) * features)
        return cls(square, float(x.mean()), max(common, 0.0))

    @classmethod
    def normal(cls, square: float, common: float) -> "Signal":
        """What comes out of random weights."""
        return cls(square, 0.0, common, gaussian=True)

    @classmethod
    def unknown(cls, reason: str, *, gaussian: bool = False) -> "Signal":
        """One of whose size nothing is known."""
        return cls(nan, nan, nan, gaussian, reason)


class Averages:
    """Averages over normal entries, kept while the variance moves little; the same again where it has settled."""

    def __init__(self) -> None:
        self._sampled: SampledActivation | None = None
        self._variance = 0.0
        self._found = (0.0, 0.0)

    def behind(self, activation: Activation, x: Signal) -> tuple[Signal, float, str | None]:
        """The signal behind an activation, E[φ'²], and why that is NaN where it is."""
        if not x.gaussian and isinstance(activation, Linear):
            return x, 1.0, None
        reason = x.reason
        if not x.gaussian:
            reason = reason or f"What {activation.kind} is applied to is not normal at some layer."
        elif isnan(x.square):
            return Signal.unknown(reason or ""), *_slope_at_any_size(activation, reason)
        elif not 0.0 < x.square < LARGEST_VARIANCE:
            reason = "The variance of the signal is zero or out of range at some layer."
        if reason is not None:
            return Signal.unknown(reason), nan, reason
        square, slope = self._moments(activation, x.square)
        if isinstance(activation, Linear):
            return Signal.normal(square, x.common), slope, None
        if isnan(x.common):
            return Signal(square), slope, None
        mean, common = _mean_and_common(activation, x.square, min(max(x.common / x.square, 0.0), 1.0))
        return Signal(square, mean, common), slope, None

    def _moments(self, activation: Activation, variance: float) -> tuple[float, float]:
        """E[φ²] and E[φ'²] at pre-activations of the given variance."""
        kept = self._sampled
        if kept is None or not kept.covers(activation, variance):
            first = (frexp(variance)[1] - 1) // _OCTAVES * _OCTAVES
            kept = _sampled(activation, max(ldexp(1.0, first), _SMALLEST_VARIANCE), ldexp(1.0, first + _OCTAVES))
        if kept is not self._sampled or abs(variance - self._variance) > _SETTLED * variance:
            self._sampled, self._variance = kept, variance
            self._found = kept.at(variance)
        return self._found


def _slope_at_any_size(activation: Activation, reason: str | None) -> tuple[float, str | None]:
    """E[φ'²] where it does not depend on the variance, as that of ReLU; NaN and the reason elsewhere."""
    low, high = (_sampled(activation, *_FAR_APART).moments(np.array([one])).slope[0] for one in _FAR_APART)
    return (float(low), None) if abs(low - high) <= _SAME * high else (nan, reason)


@lru_cache(maxsize=64)
def _sampled(activation: Activation, smallest: float, largest: float) -> SampledActivation:
    """Samples for these variances; the same ones are wanted by every network that begins alike."""
    return SampledActivation.over(activation, smallest, largest)


@lru_cache(maxsize=256)
def _mean_and_common(activation: Activation, variance: float, correlation: float) -> tuple[float, float]:
    """E[φ(x)], and E[φ(x)·φ(y)] of two normal entries of that correlation, to about four digits."""
    scale = sqrt(variance)
    with np.errstate(all="ignore"):
        z, density = _grid(_POINTS)
        values = activation.f(scale * z)
        mean = float(density @ values)
        if correlation in (0.0, 1.0):
            return mean, float(density @ np.square(values)) if correlation else mean**2
        u, density = _grid(_POINTS_OF_TWO)
        both = scale * (sqrt(correlation) * u[:, None] + sqrt(1.0 - correlation) * u)
        return mean, float(density @ np.square(activation.f(both) @ density))


@lru_cache
def _grid(points: int) -> tuple[Float64Array, Float64Array]:
    """Where a standard normal is looked at, and what each place counts for, (points,) each."""
    z = np.linspace(-_FARTHEST, _FARTHEST, points)
    density = np.exp(-0.5 * np.square(z))
    return z, density / density.sum()
