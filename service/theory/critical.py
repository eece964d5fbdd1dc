"""Critical initialisations: weights with which neither gradients nor the distance of two inputs change with depth.

χ = 1 at a fixed point q of the variance asks for σ_w² = 1/E[φ'²] and q = E[φ²]/E[φ'²] + σ_b²: one equation in q
(Schoenholz et al. 2017; Hayou, Doucet & Rousseau 2019). It counts where the fixed point is stable.
"""

from dataclasses import dataclass
from math import isfinite, sqrt

import numpy as np

from service.core.arrays import Float64Array
from service.nn.activations import Activation
from service.theory.balance import predicted_depth_ratio
from service.theory.facts import CriticalInitialisation, FixedPoint
from service.theory.fixed_points import FixedPointLine, VarianceMap, sampled_grid, slope_at_zero
from service.theory.gaussian import SampledActivation
from service.theory.roots import roots


@dataclass(frozen=True)
class Criticality:
    """The critical initialisations for one variance of biases, by ascending q; or why there are none."""

    initialisations: list[CriticalInitialisation]
    reason: str | None = None


def critical_initialisations(activation: Activation, sigma_b2: float) -> Criticality:
    """Every σ_w² with χ = 1 at a stable fixed point q, which is 0 or from 1e-12 to 1e12.

    `sigma_b2` is the variance of a bias; it is not negative.
    """
    sampled, log_q = sampled_grid(activation, sigma_b2)
    line = FixedPointLine(sampled, sigma_b2)
    residuals = line.residual(log_q)
    if not residuals.any():
        example = _at(line, 1.0)
        everywhere = example.fixed_point.model_copy(update={"variance": None})
        return Criticality([example.model_copy(update={"fixed_point": everywhere})])
    met = _at_zero(sampled, log_q) if sigma_b2 == 0.0 else []
    met += [_at(line, float(np.exp(root))) for root in roots(line.residual, log_q, residuals)]
    stable = [one for one in met if one.fixed_point.stable]
    return Criticality(stable, None if stable else _reason(line, log_q, met))


def _at(line: FixedPointLine, q: float) -> CriticalInitialisation:
    sigma_w2 = 1.0 / float(line.activation.moments(np.array([q])).slope[0])
    point = VarianceMap(line.activation, sigma_w2, line.sigma_b2).fixed_point(q)
    return _critical(line.activation.activation, sigma_w2, line.sigma_b2, point)


def _critical(activation: Activation, sigma_w2: float, sigma_b2: float, point: FixedPoint) -> CriticalInitialisation:
    return CriticalInitialisation(
        weight_variance=sigma_w2,
        weight_std=sqrt(sigma_w2),
        bias_variance=sigma_b2,
        fixed_point=point,
        depth_ratio=predicted_depth_ratio(activation, sigma_w2, sigma_b2),
    )


def _at_zero(sampled: SampledActivation, log_q: Float64Array) -> list[CriticalInitialisation]:
    """σ_w² = 1/φ'(0)², if the activation passes through the origin with a slope; `log_q` is (points,)."""
    slope = slope_at_zero(sampled.activation)
    if not slope or not isfinite(slope):
        return []
    residuals = VarianceMap(sampled, 1.0 / slope, 0.0).residual(log_q)
    return [_critical(sampled.activation, 1.0 / slope, 0.0, VarianceMap.fixed_point_at_zero(1.0, residuals))]


def _reason(line: FixedPointLine, log_q: Float64Array, unstable: list[CriticalInitialisation]) -> str:
    """Why there is no critical initialisation, in a sentence; `unstable` are those that fail by this alone.

    `log_q` is (points,).
    """
    variances, chi, growth = line.measured(log_q)
    if not variances.size:
        return "E[φ²] or E[φ'²] is infinite, or unknown, wherever there might be a fixed point."
    if not chi.any():
        return "The derivative is 0 at almost every z, and so χ is 0, whatever the weights."
    if unstable:
        places = " and ".join(
            f"q = {one.fixed_point.variance:.4g} (with σ_w² = {one.weight_variance:.4g})" for one in unstable
        )
        return f"χ is 1 only at {places}, where a small deviation of the variance grows from layer to layer."
    stable = np.abs(growth) < 1.0
    if not stable.any():
        least, most = (f"{end(np.abs(growth)):.4g}" for end in (np.min, np.max))
        factor = least if least == most else f"between {least} and {most}"
        return (
            "Whatever the weights, no fixed point above q = 0 draws others near: a small deviation of the variance is "
            f"multiplied by {factor} in every layer."
        )
    nearest = np.flatnonzero(stable)[np.abs(chi[stable] - 1.0).argmin()]
    side = "above" if chi[nearest] > 1.0 else "below"
    return (
        f"Whatever the weights, χ is {side} 1 at every stable fixed point; of those looked at it comes closest "
        f"at q = {variances[nearest]:.3g}, to within {abs(chi[nearest] - 1.0):.3g}."
    )
