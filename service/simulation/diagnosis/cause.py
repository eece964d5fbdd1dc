"""Why a gradient vanishes or explodes, from the backward and the forward ratio."""

from itertools import pairwise, takewhile
from math import isfinite

from service.simulation.diagnosis.statistics import Evidence
from service.simulation.results import LayerStatistics
from service.simulation.vocabulary import Cause, Label

COLLAPSED_SEPARATION = -1.3
"""Decades: at a twentieth of the signal, what tells two inputs apart is lost."""
MOVES_TOGETHER = 0.5
"""The signal moves with the gradient where its ratio has the same sign and at least this share of the size."""
COLLAPSE = -1.0
"""Decades the signal must have lost before its fall is called a collapse."""
ACCELERATION = 1.3
"""A collapse takes more with each layer: every step at least this many times the one before."""


def find_cause(
    label: Label, evidence: Evidence, way_back: list[LayerStatistics], log10_smallest_normal: float
) -> Cause | None:
    """The cause of the label, None where nothing explains it.

    `way_back` are the layers from the first hidden one to the output. `log10_smallest_normal` is that of the
    precision: a signal that collapses to zero has come near it before.
    """
    match label:
        case Label.STABLE:
            return Cause.INPUT_COLLAPSE if inputs_collapse(evidence) else None
        case Label.DEAD:
            return _cause_of_death(evidence, way_back, log10_smallest_normal)
        case Label.VANISHING:
            if signal_collapses(evidence):
                return Cause.SIGNAL_COLLAPSE
            return Cause.GAIN if _signal_follows(evidence) else Cause.SATURATION
        case Label.EXPLODING:
            if evidence.overflowed:
                return Cause.FORWARD_OVERFLOW if evidence.overflow_layer is not None else None
            return Cause.GAIN if _signal_follows(evidence) else Cause.CHAOS


def inputs_collapse(evidence: Evidence) -> bool:
    """Whether inputs that were distinct are one in the last hidden layer."""
    before, after = evidence.separation
    return before is not None and after is not None and after < COLLAPSED_SEPARATION <= before


def signal_collapses(evidence: Evidence) -> bool:
    """Whether the signal falls faster than any rate: each of its last steps takes more decades than the one before."""
    finite = list(takewhile(isfinite, evidence.signal))
    steps = [after - before for before, after in pairwise(finite)][-4:]
    if len(steps) < 2 or finite[-1] - finite[0] > COLLAPSE:
        return False
    return all(after < 0.0 and after <= ACCELERATION * before for before, after in pairwise(steps))


def _signal_follows(evidence: Evidence) -> bool:
    backward, forward = evidence.depth_ratio, evidence.forward_ratio
    if backward is None or forward is None:
        return False
    return backward * forward > 0.0 and abs(forward) >= MOVES_TOGETHER * abs(backward)


def _cause_of_death(evidence: Evidence, way_back: list[LayerStatistics], log10_smallest_normal: float) -> Cause | None:
    if evidence.silent:
        return None
    if any(layer.parameters and layer.log10_weight_norm.count == 0 for layer in way_back[1:]):
        return Cause.ZERO_WEIGHTS
    # Every step at most doubles the decades lost, and the square root of the smallest number has a square.
    underflowed = min(filter(isfinite, evidence.signal), default=0.0) < log10_smallest_normal / 4
    if underflowed and signal_collapses(evidence):
        return Cause.SIGNAL_COLLAPSE
    return Cause.DEAD_UNITS if any(layer.dead_fraction for layer in way_back) else None
