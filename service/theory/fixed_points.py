"""The variances that a dense stack keeps, and what happens there.

V(q) = σ_w²·E[φ(√q Z)²] + σ_b² takes the variance of a pre-activation from one layer to the next. Where V(q) = q a deep
stack settles, if |dV/dq| < 1; what it does there to two inputs and to a gradient is χ = σ_w²·E[φ'(√q Z)²]
(Poole et al. 2016; Schoenholz et al. 2017).
"""

from dataclasses import dataclass
from functools import lru_cache
from math import inf, isfinite, log
from sys import float_info

import numpy as np

from service.core.arrays import Float64Array
from service.nn.activations import Activation
from service.theory.facts import FixedPoint
from service.theory.gaussian import SampledActivation
from service.theory.roots import roots

_SMALLEST, _LARGEST = 1e-12, 1e12  # variances; farther where the variance of the biases is out of this range
_ROUNDING = 1e-13  # what is smaller, relative to 1, is 0
_MARGINAL = 1e-9  # how far from 1 a growth is still 1
_ENOUGH = 1e6
_PER_DECADE = 5  # seen over ln q, an average bends no faster than ln Z² is wide, about 2
_FEW_PANELS = 192  # a sine is followed to x = 768: to fixed points of 2e4
_NEAR, _NEARER = 2.0**-50, 2.0**-100
_BESIDE = 1e-4  # in ln q; what neighbours do also tells a root that is touched, dV/dq there 1, from one crossed


@dataclass(frozen=True)
class VarianceMap:
    """V for one activation."""

    activation: SampledActivation
    sigma_w2: float
    sigma_b2: float

    def residual(self, log_q: Float64Array) -> Float64Array:
        """V(q)/q − 1, of shape (points,); 0 where its sign is not sure."""
        q = np.exp(log_q)
        moments = self.activation.moments(q)
        with np.errstate(over="ignore"):
            residual = (self.sigma_w2 * moments.square + self.sigma_b2) / q - 1.0
        return _sure(residual, moments.square_doubt)

    def fixed_point(self, q: float) -> FixedPoint:
        """What is known of the fixed point `q` > 0.

        It is left to one side, if at all: d ln E[φ²]/d ln q = E[φ²·(Z² − 1)]/2E[φ²] is never below −½, and so neither
        is dV/dq; no variance swings to and fro ever wider.
        """
        moments = self.activation.moments(np.array([q]))
        noise = _ROUNDING * self.sigma_w2 * moments.square[0] / q  # of a difference of two such numbers
        growth = _number(self.sigma_w2 * moments.growth[0], noise)
        chi = _number(self.sigma_w2 * moments.slope[0])
        below, above = self.residual(np.log(q) + np.array([-_BESIDE, _BESIDE]))
        return _point(q, growth, chi, stable=bool(below >= 0.0 >= above))

    @staticmethod
    def fixed_point_at_zero(chi: float, residuals: Float64Array) -> FixedPoint:
        """q = 0, where dV/dq and χ are one; where that is 1 it is stable if small variances become smaller.

        `residuals`, (points,), are V(q)/q − 1 from small variances to large ones.
        """
        rate = _number(chi)
        return _point(0.0, rate, rate, stable=_shrinks(residuals) if _is_marginal(rate) else chi < 1.0)


@dataclass(frozen=True)
class FixedPointLine:
    """Every variance q as a fixed point: with the σ_w² that makes it one."""

    activation: SampledActivation
    sigma_b2: float

    def residual(self, log_q: Float64Array) -> Float64Array:
        """1 − (E[φ²]/E[φ'²] + σ_b²)/q, of shape (points,), with the sign of χ − 1; 0 where it is not sure."""
        q = np.exp(log_q)
        moments = self.activation.moments(q)
        with np.errstate(all="ignore"):
            residual = 1.0 - (moments.square / moments.slope + self.sigma_b2) / q
        return _sure(residual, moments.square_doubt + moments.slope_doubt)

    def measured(self, log_q: Float64Array) -> tuple[Float64Array, Float64Array, Float64Array]:
        """q, χ and dV/dq wherever they are numbers, each of shape (points,)."""
        q = np.exp(log_q)
        moments = self.activation.moments(q)
        with np.errstate(all="ignore"):
            sigma_w2 = (q - self.sigma_b2) / moments.square
            chi, growth = sigma_w2 * moments.slope, sigma_w2 * moments.growth
        growth = np.where(np.abs(np.abs(growth) - 1.0) <= _MARGINAL, np.sign(growth), growth)
        there = (sigma_w2 > 0.0) & np.isfinite(chi) & np.isfinite(growth)
        return q[there], chi[there], growth[there]


def _sure(residual: Float64Array, doubt: Float64Array) -> Float64Array:
    """`residual`, cut off where only its sign matters, 0 where rounding and `doubt`, relative to 1, leave that open.

    All of them are (points,).
    """
    return np.where(np.abs(residual) <= _ROUNDING + doubt, 0.0, np.clip(residual, -_ENOUGH, _ENOUGH))


def _shrinks(residuals: Float64Array) -> bool:
    """Whether the smallest variances become smaller by `residuals`, (points,), from small variances to large ones."""
    changing = residuals[residuals != 0.0]
    return bool(changing.size == 0 or changing[0] < 0.0)


def sampled_grid(activation: Activation, sigma_b2: float) -> tuple[SampledActivation, Float64Array]:
    """`activation` sampled over the range of fixed points, none of which is below `sigma_b2`; ln q there, (points,)."""
    lowest = min(_SMALLEST, max(float_info.min, 0.5 * sigma_b2)) if sigma_b2 > 0.0 else _SMALLEST
    ends = log(lowest), log(_LARGEST * max(1.0, sigma_b2))
    log_q = np.linspace(*ends, round(_PER_DECADE * (ends[1] - ends[0]) / log(10.0)) + 1)
    return _sampled(activation, float(np.exp(log_q[0])), float(np.exp(log_q[-1]))), log_q


@lru_cache(maxsize=4)  # fixed points and critical initialisations ask for the same one
def _sampled(activation: Activation, smallest: float, largest: float) -> SampledActivation:
    return SampledActivation.over(activation, smallest, largest, _FEW_PANELS)


def slope_at_zero(activation: Activation) -> float | None:
    """½·(φ'(0⁻)² + φ'(0⁺)²), the limit of E[φ²]/q and of E[φ'²] as q → 0; None where φ(0) is not 0 or φ jumps there.

    Read off 2⁻¹⁰⁰ from 0; 0 or infinite where it has not arrived there between 2⁻⁵⁰ and 2⁻¹⁰⁰.
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


def fixed_points(activation: Activation, sigma_w2: float, sigma_b2: float) -> list[FixedPoint]:
    """Every variance from 1e-12 to 1e12, and 0, that a layer keeps, ascending; none where all grow or have no E[φ²].

    `sigma_w2` is fan_in times the variance of a weight, `sigma_b2` the variance of a bias; neither is negative. Kept is
    what changes by less than 1e-13 of itself.
    """
    sampled, log_q = sampled_grid(activation, sigma_b2)
    variance_map = VarianceMap(sampled, sigma_w2, sigma_b2)
    residuals = variance_map.residual(log_q)
    if not residuals.any():
        return [variance_map.fixed_point(1.0).model_copy(update={"variance": None})]
    found = [variance_map.fixed_point(float(np.exp(root))) for root in roots(variance_map.residual, log_q, residuals)]
    slope = 0.0 if sigma_w2 == 0.0 else slope_at_zero(activation)
    if sigma_b2 > 0.0 or slope is None:
        return found
    return [VarianceMap.fixed_point_at_zero(sigma_w2 * slope, residuals), *found]


def _point(q: float, growth: float | None, chi: float | None, stable: bool) -> FixedPoint:
    """With ξ_q, and with Schoenholz's ξ_c at the correlation c* = 1, where two inputs end if χ < 1."""
    scale = _depth(None if growth is None else abs(growth))
    return FixedPoint(
        variance=q, stable=stable, growth=growth, chi=chi, depth_scale=scale, correlation_depth=_depth(chi)
    )


def _is_marginal(growth: float | None) -> bool:
    """Whether |dV/dq| is 1, to nine digits: at no rate per layer do deviations shrink or grow."""
    return growth is not None and abs(abs(growth) - 1.0) <= _MARGINAL


def _number(value: float, noise: float = 0.0) -> float | None:
    """`value`, 0 where it may be; None where it is infinite or unknown."""
    if not isfinite(value):
        return None
    return 0.0 if abs(value) <= noise else float(value)


def _depth(rate: float | None) -> float | None:
    if rate is None or rate >= 1.0 - _MARGINAL:
        return None
    return 0.0 if rate == 0.0 else -1.0 / log(rate)
