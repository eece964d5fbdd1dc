"""Why a gradient vanishes or explodes, from the backward and the forward ratio."""

from itertools import pairwise, takewhile
from math import isfinite

from service.diagnosis.ruling import Ruling
from service.diagnosis.statistics import Evidence
from service.results import LayerStatistics
from service.vocabulary import Cause, Label

COLLAPSED_SEPARATION = -1.3
"""Decades: at a twentieth of the signal, what tells two inputs apart is lost."""
MOVES_TOGETHER = 0.5
"""The signal moves with the gradient where its ratio has the same sign and at least this share of the size."""
COLLAPSE = -1.0
"""Decades the signal must have lost before its fall is called a collapse."""
ACCELERATION = 1.3
"""A collapse takes more with each layer: every step at least this many times the one before."""


def find_cause(
    ruling: Ruling, evidence: Evidence, behind_first: list[LayerStatistics], log10_smallest_normal: float
) -> Cause | None:
    """The cause of the label, None where nothing explains it.

    `behind_first` are the layers behind the first hidden one. `log10_smallest_normal` is that of the precision: a
    signal that collapses to zero has come near it before.
    """
    match ruling.label:
        case Label.STABLE:
            return Cause.INPUT_COLLAPSE if inputs_collapse(evidence) else None
        case Label.DEAD:
            return _cause_of_death(ruling, evidence, behind_first, log10_smallest_normal)
        case Label.VANISHING:
            if signal_collapses(evidence):
                return Cause.SIGNAL_COLLAPSE
            return Cause.GAIN if _signal_follows(evidence) else Cause.SATURATION
        case Label.EXPLODING:
            if overflows(ruling, evidence):
                return Cause.FORWARD_OVERFLOW
            return Cause.GAIN if _signal_follows(evidence) else Cause.CHAOS


def overflows(ruling: Ruling, evidence: Evidence) -> bool:
    """Whether most of the agreeing trials overflow on their way forward."""
    return 2 * evidence.overflowed > len(ruling.agreeing)


def loss_is_silent(ruling: Ruling, evidence: Evidence) -> bool:
    """Whether the loss itself has no gradient in most of the agreeing trials."""
    return 2 * evidence.silent > len(ruling.agreeing)


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


def _cause_of_death(
    ruling: Ruling, evidence: Evidence, behind_first: list[LayerStatistics], log10_smallest_normal: float
) -> Cause | None:
    if loss_is_silent(ruling, evidence):
        return None
    if any(layer.parameters and layer.log10_weight_norm.count == 0 for layer in behind_first):
        return Cause.ZERO_WEIGHTS
    # Every step at most doubles the decades lost, and the square root of the smallest number has a square.
    underflowed = min(filter(isfinite, evidence.signal), default=0.0) < log10_smallest_normal / 4
    return Cause.SIGNAL_COLLAPSE if underflowed and signal_collapses(evidence) else Cause.DEAD_UNITS
