"""What is worth knowing beside the verdict: scale, width, precision and symmetry."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import log10, sqrt

from service.simulation.diagnosis.cause import inputs_collapse
from service.simulation.diagnosis.statistics import Evidence
from service.simulation.results import LayerStatistics, Spread
from service.simulation.vocabulary import Flag, Label

WANDERING = 0.4
"""The depth ratio wanders by this many decades times √Σ(1/width) (Hanin 2018; Sussillo & Abbott 2014)."""
TOO_MUCH_WANDERING = 0.5
"""Decades: two standard deviations reach the edge of the stable band, so that a seed in twenty leaves it."""
TINY, HUGE = -7.0, 6.0
"""Decades of a weight's gradient beyond which its absolute size is worth a word."""
LEARNING_RATE = -2.0
"""log10 of the step that updates are measured by: plain gradient descent at 0.01."""
SMALL_UPDATE, LARGE_UPDATE = -4.0, -1.0
"""Decades of an update relative to the weights between which training moves."""


@dataclass(frozen=True)
class Circumstances:
    """What is known of the network beside its statistics."""

    width_risk: float
    random: bool  # two trials differ
    symmetric: bool  # two hidden units have the same weights, coming in and going out
    log10_smallest_normal: float  # of the precision


def find_flags(
    label: Label, evidence: Evidence, layers: list[LayerStatistics], depth_ratio: Spread, circumstances: Circumstances
) -> list[Flag]:
    """All flags that apply, in the order of their definition."""
    sizes = [rms for layer in layers if (rms := layer.log10_weight_gradient_rms.median) is not None]
    update = log10_update(layers)
    raised = {
        Flag.INPUT_COLLAPSE: label is Label.STABLE and inputs_collapse(evidence),
        Flag.TOO_DEEP_FOR_WIDTH: _wanders(depth_ratio, circumstances),
        Flag.TINY_GRADIENT: any(size < TINY for size in sizes) or any(_gets_nothing(layer) for layer in layers),
        Flag.HUGE_GRADIENT: any(size > HUGE for size in sizes),
        Flag.SMALL_UPDATE: update is not None and update < SMALL_UPDATE,
        Flag.LARGE_UPDATE: update is not None and update > LARGE_UPDATE,
        Flag.PRECISION_UNDERFLOW: any(_underflows(layer, circumstances.log10_smallest_normal) for layer in layers),
        Flag.SYMMETRIC_UNITS: circumstances.symmetric,
    }
    return [flag for flag in Flag if raised[flag]]


def wandering(width_risk: float) -> float:
    """Decades by which the depth ratio of random weights differs from seed to seed."""
    return WANDERING * sqrt(width_risk)


def _wanders(depth_ratio: Spread, circumstances: Circumstances) -> bool:
    """Whether the width lets the depth ratio wander, and the trials, where they can be compared, show it."""
    expected = wandering(circumstances.width_risk)
    shown = depth_ratio.std is None or depth_ratio.std >= 0.5 * expected
    return circumstances.random and expected >= TOO_MUCH_WANDERING and shown


def _gets_nothing(layer: LayerStatistics) -> bool:
    """Whether the weights of a layer get a gradient of exactly zero in every trial."""
    return bool(layer.parameters) and layer.log10_weight_gradient_norm.count + layer.non_finite_trials == 0


def log10_update(layers: list[LayerStatistics]) -> float | None:
    """Decades of one step of gradient descent relative to all weights; null where one of them has no size."""
    gradient = _total(layer.log10_weight_gradient_norm.median for layer in layers)
    weights = _total(layer.log10_weight_norm.median for layer in layers)
    return None if gradient is None or weights is None else LEARNING_RATE + gradient - weights


def _total(decades: Iterable[float | None]) -> float | None:
    """Decades of the root of the sum of squares, by way of the largest, so that nothing overflows."""
    known = [size for size in decades if size is not None]
    if not known:
        return None
    largest = max(known)
    return largest + 0.5 * log10(sum(100.0 ** (size - largest) for size in known))


def _underflows(layer: LayerStatistics, log10_smallest_normal: float) -> bool:
    lowest = [layer.log10_weight_gradient_rms.p05, layer.log10_forward_rms.p05]
    return any(decades is not None and decades < log10_smallest_normal for decades in lowest)
