"""The variances that a dense stack keeps, and what happens there.

Where V(q) = q a deep stack settles, if |dV/dq| < 1; what it does there to two inputs and to a gradient is
χ = σ_w²·E[φ'(√q Z)²] (Poole et al. 2016; Schoenholz et al. 2017).
"""

from dataclasses import dataclass, replace
from math import isfinite, log

import numpy as np

from service.nn.activations import Activation
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


@dataclass(frozen=True)
class FixedPoint:
    """A variance q = V(q); or every variance, where V(q) = q for all of them."""

    q: float | None  # None: every variance is one
    growth: float | None  # dV/dq: what becomes of a small deviation from one layer to the next; None where infinite
    chi: float | None  # None where infinite
    stable: bool  # whether small deviations never become large ones

    @property
    def marginal(self) -> bool:
        """Whether |dV/dq| is 1, to nine digits: at no rate per layer do deviations shrink or grow."""
        return self.growth is not None and abs(abs(self.growth) - 1.0) <= MARGINAL

    @property
    def correlation_depth(self) -> float | None:
        """ξ_c = −1/ln χ layers, in which two inputs come closer by 1/e, and gradients fall by 1/√e; None where χ ≥ 1.

        Schoenholz et al. 2017 have ξ_c at the correlation c* where two inputs end; this is it at c* = 1, where they end
        if χ < 1. At χ = 1 it is infinite; where χ > 1 they end at another c*, which is not sought here.
        """
        return _depth(self.chi)

    @property
    def depth_scale(self) -> float | None:
        """ξ_q = −1/ln |dV/dq| layers, in which a deviation of the variance falls by 1/e; None where it does not."""
        return _depth(None if self.growth is None else abs(self.growth))


def fixed_points(activation: Activation, sigma_w2: float, sigma_b2: float) -> list[FixedPoint]:
    """Every variance from 1e-12 to 1e12, and 0, that a layer keeps, ascending; none where all grow or have no E[φ²].

    `sigma_w2` is fan_in times the variance of a weight, `sigma_b2` the variance of a bias; neither is negative. Kept is
    what changes by less than 1e-13 of itself.
    """
    log_q = log_variances(sigma_b2)
    variance_map = VarianceMap(profile_over(activation, log_q), sigma_w2, sigma_b2)
    residuals = variance_map.residual(log_q)
    if not residuals.any():
        return [replace(fixed_point(variance_map, 1.0), q=None)]
    found = [fixed_point(variance_map, float(np.exp(root))) for root in roots(variance_map.residual, log_q, residuals)]
    slope = 0.0 if sigma_w2 == 0.0 else slope_at_zero(activation)
    if sigma_b2 > 0.0 or slope is None:
        return found
    return [fixed_point_at_zero(sigma_w2 * slope, shrinks(residuals)), *found]


def fixed_point(variance_map: VarianceMap, q: float) -> FixedPoint:
    """What is known of the fixed point `q` > 0."""
    moments = variance_map.profile.at(np.array([q]))
    growth = _number(variance_map.sigma_w2 * moments.growth[0])
    chi = _number(variance_map.sigma_w2 * moments.slope[0])
    below, above = variance_map.residual(np.log(q) + np.array([-_BESIDE, _BESIDE]))
    swings = growth is None or growth <= MARGINAL - 1.0
    return FixedPoint(q, growth, chi, stable=bool(below >= 0.0 >= above) and not swings)


def fixed_point_at_zero(chi: float, shrinking: bool) -> FixedPoint:
    """q = 0, where dV/dq and χ are one; where that is 1 it counts whether small variances are `shrinking`."""
    point = FixedPoint(0.0, _number(chi), _number(chi), stable=chi < 1.0)
    return replace(point, stable=shrinking) if point.marginal else point


def _number(value: float) -> float | None:
    """`value` without its rounding; None where it is infinite or unknown."""
    if not isfinite(value):
        return None
    return 0.0 if abs(value) <= ROUNDING else float(value)


def _depth(rate: float | None) -> float | None:
    if rate is None or rate >= 1.0 - MARGINAL:
        return None
    return 0.0 if rate == 0.0 else -1.0 / log(rate)
