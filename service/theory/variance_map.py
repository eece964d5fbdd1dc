"""V(q) = σ_w²·E[φ(√q Z)²] + σ_b², which takes the variance of a pre-activation from one layer to the next."""

from dataclasses import dataclass
from functools import lru_cache
from math import inf, log
from sys import float_info

import numpy as np

from service.core.arrays import Float64Array
from service.nn.activations import Activation
from service.theory.moments import Profile, profile

SMALLEST_VARIANCE, LARGEST_VARIANCE = 1e-12, 1e12
"""Where fixed points are looked for, beside 0; farther where the variance of the biases is out of this range."""
ROUNDING = 1e-13
"""What is smaller, relative to 1, is 0."""
MARGINAL = 1e-9
"""How far from 1 a growth is still 1."""
_ENOUGH = 1e6
_PER_DECADE = 5  # seen over ln q, an average bends no faster than ln Z² is wide, about 2
_FEW_PANELS = 192  # a sine is followed to x = 768: to fixed points of 2e4
_NEAR, _NEARER = 2.0**-50, 2.0**-100


@dataclass(frozen=True)
class VarianceMap:
    """V for one activation."""

    profile: Profile
    sigma_w2: float
    sigma_b2: float

    def residual(self, log_q: Float64Array) -> Float64Array:
        """V(q)/q − 1, of shape (points,); 0 where its sign is not sure."""
        q = np.exp(log_q)
        moments = self.profile.at(q)
        with np.errstate(over="ignore"):
            residual = (self.sigma_w2 * moments.square + self.sigma_b2) / q - 1.0
        return sure(residual, moments.square_doubt)


@dataclass(frozen=True)
class FixedPointLine:
    """Every variance q as a fixed point: with the σ_w² that makes it one, whatever that is."""

    profile: Profile
    sigma_b2: float

    def residual(self, log_q: Float64Array) -> Float64Array:
        """1 − (E[φ²]/E[φ'²] + σ_b²)/q, of shape (points,), with the sign of χ − 1; 0 where it is not sure."""
        q = np.exp(log_q)
        moments = self.profile.at(q)
        with np.errstate(all="ignore"):
            residual = 1.0 - (moments.square / moments.slope + self.sigma_b2) / q
        return sure(residual, moments.square_doubt + moments.slope_doubt)

    def measured(self, log_q: Float64Array) -> tuple[Float64Array, Float64Array, Float64Array]:
        """q, χ and dV/dq wherever they are numbers, each of shape (points,)."""
        q = np.exp(log_q)
        moments = self.profile.at(q)
        with np.errstate(all="ignore"):
            sigma_w2 = (q - self.sigma_b2) / moments.square
            chi, growth = sigma_w2 * moments.slope, sigma_w2 * moments.growth
        growth = np.where(np.abs(np.abs(growth) - 1.0) <= MARGINAL, np.sign(growth), growth)
        there = (sigma_w2 > 0.0) & np.isfinite(chi) & np.isfinite(growth)
        return q[there], chi[there], growth[there]


def sure(residual: Float64Array, doubt: Float64Array) -> Float64Array:
    """`residual`, cut off where only its sign matters, 0 where rounding and `doubt`, relative to 1, leave that open."""
    return np.where(np.abs(residual) <= ROUNDING + doubt, 0.0, np.clip(residual, -_ENOUGH, _ENOUGH))


def shrinks(residuals: Float64Array) -> bool:
    """Whether the smallest variances become smaller; `residuals` are V(q)/q − 1 from small variances to large ones."""
    changing = residuals[residuals != 0.0]
    return bool(changing.size == 0 or changing[0] < 0.0)


def log_variances(sigma_b2: float) -> Float64Array:
    """ln q on a grid over the range of fixed points, none of which is below `sigma_b2`."""
    lowest = min(SMALLEST_VARIANCE, max(float_info.min, 0.5 * sigma_b2)) if sigma_b2 > 0.0 else SMALLEST_VARIANCE
    ends = log(lowest), log(LARGEST_VARIANCE * max(1.0, sigma_b2))
    return np.linspace(*ends, round(_PER_DECADE * (ends[1] - ends[0]) / log(10.0)) + 1)


def profile_over(activation: Activation, log_q: Float64Array) -> Profile:
    """The profile of `activation` for the variances of a grid."""
    return _kept(activation, float(np.exp(log_q[0])), float(np.exp(log_q[-1])), _FEW_PANELS)


_kept = lru_cache(maxsize=4)(profile)  # fixed points and critical initialisations ask for the same one


def slope_at_zero(activation: Activation) -> float | None:
    """½·(φ'(0⁻)² + φ'(0⁺)²), the limit of E[φ²]/q and of E[φ'²] as q → 0; None where φ(0) is not 0 or φ jumps there.

    Read off 2⁻¹⁰⁰ from 0; 0 or infinite where it is still on its way there between 2⁻⁵⁰ and 2⁻¹⁰⁰.
    """
    x = np.array([[-_NEAR, _NEAR], [-_NEARER, _NEARER], [0.0, 0.0]])
    with np.errstate(all="ignore"):
        values = activation.f(x)
        heights = np.square(values).mean(axis=1)
        near, nearer, _ = np.square(activation.df(x, values)).mean(axis=1).tolist()
    if not (heights[2] <= _NEARER and heights[1] <= 0.5 * heights[0]):
        return None
    if near < 0.5 * nearer:
        return inf
    return 0.0 if nearer < 0.5 * near else float(nearer)
