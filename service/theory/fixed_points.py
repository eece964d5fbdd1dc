"""The variances that a dense stack keeps, and what happens there.

Where V(q) = q a deep stack settles, if |dV/dq| < 1; what it does there to two inputs and to a gradient is
χ = σ_w²·E[φ'(√q Z)²] (Poole et al. 2016; Schoenholz et al. 2017).
"""

from math import isfinite, log

import numpy as np

from service.nn.activations import Activation
from service.theory.facts import FixedPoint
from service.theory.roots import roots
from service.theory.variance_map import (
    MARGINAL,
    ROUNDING,
    VarianceMap,
    log_variances,
    profile_over,
    shrinks,
    slope_at_zero,
)

_BESIDE = 1e-4  # in ln q; what neighbours do also tells a root that is touched, dV/dq there 1, from one crossed


def fixed_points(activation: Activation, sigma_w2: float, sigma_b2: float) -> list[FixedPoint]:
    """Every variance from 1e-12 to 1e12, and 0, that a layer keeps, ascending; none where all grow or have no E[φ²].

    `sigma_w2` is fan_in times the variance of a weight, `sigma_b2` the variance of a bias; neither is negative. Kept is
    what changes by less than 1e-13 of itself.
    """
    log_q = log_variances(sigma_b2)
    variance_map = VarianceMap(profile_over(activation, log_q), sigma_w2, sigma_b2)
    residuals = variance_map.residual(log_q)
    if not residuals.any():
        return [everywhere(fixed_point(variance_map, 1.0))]
    found = [fixed_point(variance_map, float(np.exp(root))) for root in roots(variance_map.residual, log_q, residuals)]
    slope = 0.0 if sigma_w2 == 0.0 else slope_at_zero(activation)
    if sigma_b2 > 0.0 or slope is None:
        return found
    return [fixed_point_at_zero(sigma_w2 * slope, shrinks(residuals)), *found]


def fixed_point(variance_map: VarianceMap, q: float) -> FixedPoint:
    """What is known of the fixed point `q` > 0."""
    moments = variance_map.profile.at(np.array([q]))
    noise = ROUNDING * variance_map.sigma_w2 * moments.square[0] / q  # of a difference of two such numbers
    growth = _number(variance_map.sigma_w2 * moments.growth[0], noise)
    chi = _number(variance_map.sigma_w2 * moments.slope[0])
    below, above = variance_map.residual(np.log(q) + np.array([-_BESIDE, _BESIDE]))
    swings = growth is None or growth <= MARGINAL - 1.0
    return _point(q, growth, chi, stable=bool(below >= 0.0 >= above) and not swings)


def fixed_point_at_zero(chi: float, shrinking: bool) -> FixedPoint:
    """q = 0, where dV/dq and χ are one; where that is 1 it counts whether small variances are `shrinking`."""
    rate = _number(chi)
    return _point(0.0, rate, rate, stable=shrinking if _is_marginal(rate) else chi < 1.0)


def everywhere(point: FixedPoint) -> FixedPoint:
    """What is known of every variance, where all of them are fixed points like `point`."""
    return point.model_copy(update={"variance": None})


def _point(q: float, growth: float | None, chi: float | None, stable: bool) -> FixedPoint:
    """With ξ_q, and with Schoenholz's ξ_c at the correlation c* = 1, where two inputs end if χ < 1."""
    scale = _depth(None if growth is None else abs(growth))
    return FixedPoint(
        variance=q, stable=stable, growth=growth, chi=chi, depth_scale=scale, correlation_depth=_depth(chi)
    )


def _is_marginal(growth: float | None) -> bool:
    """Whether |dV/dq| is 1, to nine digits: at no rate per layer do deviations shrink or grow."""
    return growth is not None and abs(abs(growth) - 1.0) <= MARGINAL


def _number(value: float, noise: float = 0.0) -> float | None:
    """`value`, 0 where it may be; None where it is infinite or unknown."""
    if not isfinite(value):
        return None
    return 0.0 if abs(value) <= noise else float(value)


def _depth(rate: float | None) -> float | None:
    if rate is None or rate >= 1.0 - MARGINAL:
        return None
    return 0.0 if rate == 0.0 else -1.0 / log(rate)
