"""What an activation does to a gradient at a finite depth: its best slope, and the weights that keep the gradient.

A critical initialisation is one at infinite depth. SELU's, σ_w² = 0.4768, is critical at q = 0, which the variance
reaches as slowly as a power of depth, and on its way there the gradient falls: by 1.2 decades in 50 layers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import exp, inf, isfinite, log

import numpy as np

from service.core.arrays import Float64Array
from service.nn.activations import Activation
from service.theory.bounds import bounds
from service.theory.fixed_points import sampled_grid

USUAL_DEPTH = 50
"""Hidden layers over which a profile says what an initialisation does."""
_FINER = 4
_LOG10 = log(10.0)
_VARIANCES = np.linspace(-3.0, 5.0, 161) * _LOG10
"""ln σ_w² among which the balanced one is looked for: every twentieth of a decade."""
_POINTS, _ZOOMS = 17, 4
_CLOSE_ENOUGH = 0.05
"""Decades of depth ratio within which weights keep a gradient."""


@dataclass(frozen=True)
class _Moments:
    """ln E[φ²] and ln E[φ'²] over a grid of ln q, (points,) each."""

    log_q: Float64Array
    log_square: Float64Array
    log_slope: Float64Array


@lru_cache(maxsize=256)
def _moments(activation: Activation) -> _Moments:
    sampled, grid = sampled_grid(activation, 0.0)
    log_q = np.linspace(grid[0], grid[-1], _FINER * (grid.size - 1) + 1)
    found = sampled.moments(np.exp(log_q))
    with np.errstate(divide="ignore"):
        return _Moments(log_q, np.log(found.square), np.log(found.slope))


@lru_cache(maxsize=256)
def best_slope(activation: Activation) -> float:
    """sup_q √E[φ'(√q Z)²], the largest root mean square slope it has at any scale; 0 where nothing is known of it."""
    slopes = _moments(activation).log_slope
    known = slopes[~np.isnan(slopes)]
    return float(np.exp(0.5 * known.max())) if known.size else 0.0


def is_bounded(activation: Activation) -> bool:
    """Whether its values are proven to stay between two numbers."""
    value = bounds(activation.closed).value
    return value.inf.low is not None and value.sup.high is not None


def predicted_depth_ratio(
    activation: Activation, weight_variance: float, bias_variance: float = 0.0, depth: int = USUAL_DEPTH
) -> float | None:
    """Decades by which a gradient changes over so many hidden layers, q in the first being 1; None where unknown."""
    found = _depth_ratios(_moments(activation), np.array([_log(weight_variance)]), np.zeros(1), bias_variance, depth)
    return float(found[0]) if isfinite(found[0]) else None


@lru_cache(maxsize=256)
def balanced_weight_variance(
    activation: Activation, bias_variance: float = 0.0, depth: int = USUAL_DEPTH, input_square: float = 1.0
) -> float | None:
    """σ_w² with which a gradient comes through so many hidden layers as it went in; None where no weights do that.

    `input_square` is the mean square of the inputs, which the first layer multiplies by σ_w², too. Of several, the
    smallest.
    """
    moments = _moments(activation)

    def ratios(log_variance: Float64Array) -> Float64Array:  # (points,), both
        first = np.logaddexp(log_variance + log(input_square), _log(bias_variance))
        return _depth_ratios(moments, log_variance, first, bias_variance, depth)

    balanced = (_closer(ratios, _VARIANCES[place : place + 2]) for place in _crossings(ratios(_VARIANCES)))
    return next((exp(one) for one in balanced if one is not None), None)


def _crossings(ratios: Float64Array) -> list[int]:
    """The places in (points,) behind which a ratio rises through 0."""
    return np.flatnonzero((ratios[:-1] <= 0.0) & (ratios[1:] > 0.0)).tolist()


def _closer(ratios: Callable[[Float64Array], Float64Array], ends: Float64Array) -> float | None:
    """Where `ratios` are 0 between both `ends`, (2,); None where they jump over it."""
    for _ in range(_ZOOMS):
        points = np.linspace(ends[0], ends[-1], _POINTS)
        crossed = _crossings(ratios(points))
        if not crossed:
            return None
        ends = points[crossed[0] : crossed[0] + 2]
    below = ends[:1]
    return float(below[0]) if abs(ratios(below)[0]) <= _CLOSE_ENOUGH else None


def _depth_ratios(
    moments: _Moments, log_variance: Float64Array, log_q: Float64Array, bias_variance: float, depth: int
) -> Float64Array:
    """Predicted depth ratios for ln σ_w² and ln q in the first layer, all (points,); NaN where q leaves its range."""
    ratio = np.zeros(log_variance.shape)
    for _ in range(depth - 1):
        known = (moments.log_q[0] <= log_q) & (log_q <= moments.log_q[-1])
        slope = np.interp(log_q, moments.log_q, moments.log_slope)
        ratio += np.where(known, 0.5 * (log_variance + slope) / _LOG10, np.nan)
        square = np.interp(log_q, moments.log_q, moments.log_square)
        with np.errstate(invalid="ignore"):  # where an average is infinite or unknown, so is the ratio
            log_q = np.logaddexp(log_variance + square, _log(bias_variance))
    return ratio


def _log(value: float) -> float:
    return log(value) if value > 0.0 else -inf
