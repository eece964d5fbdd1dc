"""The averages that mean field theory is made of: E[φ²] and E[φ'²] over Gaussian pre-activations."""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from service.core.arrays import Float64Array
from service.nn.activations import Activation
from service.theory.gaussian import MOST_PANELS, Samples, edges_between, sample

_WORST = 1e-6  # relative: beyond it there is no number; for a known and finite activation it is 1e-12


@dataclass(frozen=True)
class Moments:
    """Of pre-activations of one variance q; NaN where infinite or not to be had."""

    square: float  # E[φ(√q Z)²]
    slope: float  # E[φ'(√q Z)²]


@dataclass(frozen=True)
class ManyMoments:
    """The same at many variances; every array is (variances,)."""

    square: Float64Array
    slope: Float64Array
    growth: Float64Array  # d square / dq
    square_doubt: Float64Array  # relative
    slope_doubt: Float64Array  # relative


@dataclass(frozen=True)
class Profile:
    """An activation as mean field theory sees it, over a range of variances."""

    activation: Activation
    smallest: float
    largest: float
    samples: Samples

    def covers(self, activation: Activation, variance: float) -> bool:
        """Whether it is of this activation and holds at this variance."""
        return activation == self.activation and self.smallest <= variance <= self.largest

    def at(self, variances: Float64Array) -> ManyMoments:
        """The moments at `variances`, of shape (variances,)."""
        with np.errstate(all="ignore"):
            found = self.samples.averages(variances)
            doubts = np.where(found.doubt > 0.0, found.doubt / found.mean, 0.0)  # (variances, 2)
            square, slope = np.where(doubts <= _WORST, found.mean, np.nan).T
        return ManyMoments(square, slope, found.growth[:, 0], *doubts.T)


def profile(activation: Activation, smallest: float, largest: float, most_panels: int = MOST_PANELS) -> Profile:
    """The profile of `activation` for variances from `smallest` to `largest`, both positive."""
    edges = edges_between(sqrt(smallest), sqrt(largest), activation.kinks)

    def squares(z: Float64Array) -> Float64Array:
        value = activation.f(z)
        return np.square(np.stack([value, activation.df(z, value)]), dtype=np.float64)

    with np.errstate(all="ignore"):
        return Profile(activation, smallest, largest, sample(squares, edges, most_panels))


def moments(activation: Activation, variance: float) -> Moments:
    """E[φ²] and E[φ'²] at pre-activations of the given variance, to 1e-10 of their size."""
    found = profile(activation, variance, variance).at(np.array([variance]))
    return Moments(float(found.square[0]), float(found.slope[0]))
