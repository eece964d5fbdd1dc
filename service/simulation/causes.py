"""Why a gradient does what it does: the cause of a label, and what is known of a network to tell it by."""

from dataclasses import dataclass
from itertools import pairwise, takewhile
from math import isfinite

from service.nn.layers.base import Account
from service.simulation.gradients import StoredGradients
from service.simulation.layer_results import LayerStatistics
from service.simulation.statistics import Evidence
from service.simulation.vocabulary import Cause, Label

_COLLAPSED_SPREAD = -1.3
"""Decades: at a twentieth of the signal, what tells two inputs apart is lost."""
_MOVES_TOGETHER = 0.5
"""The signal moves with the gradient where its ratio has the same sign and at least this share of the size."""
_COLLAPSE = -1.0
"""Decades the signal must have lost before its fall is called a collapse."""
_ACCELERATION = 1.3
"""A collapse takes more with each layer: every step at least this many times the one before."""
_VANISHING_BY: dict[Account | None, Cause] = {
    **dict.fromkeys((None, "weights", "derivative"), Cause.SATURATION),
    "normalisation": Cause.NORMALISATION,
}
_EXPLODING_BY: dict[Account | None, Cause] = {"normalisation": Cause.NORMALISATION}
"""The cause where the signal does not go with the gradient, by the account that changes the gradient most."""


@dataclass(frozen=True)
class NetworkFacts:
    """What is known of the network beside its statistics."""

    hidden: int  # how many hidden layers there are
    sum_inverse_width: float  # over the hidden layers
    random: bool  # two trials differ
    symmetric: bool  # two hidden units have the same weights, coming in and going out
    log10_smallest_normal: float  # of the precision
    weighted: frozenset[int]  # the numbers of the layers that have weights
    without_way: frozenset[int] = frozenset()  # of those in which a matrix that all signals pass is zero
    precision: StoredGradients | None = None  # what a format of 16 bits loses
    fewest_in_statistics: int | None = None  # over how many numbers a batch_norm takes mean and variance
    branch: str | None = None  # the pointer to the branch that was measured, where there are several


def find_cause(label: Label, evidence: Evidence, way_back: list[LayerStatistics], facts: NetworkFacts) -> Cause | None:
    """The cause of the label, None where nothing explains it.

    `way_back` are the layers from the first hidden one to the output.
    """
    match label:
        case Label.STABLE:
            return Cause.INPUT_COLLAPSE if inputs_collapse(evidence) else None
        case Label.DEAD:
            return _cause_of_death(evidence, way_back, facts)
        case Label.VANISHING:
            if signal_collapses(evidence):
                return Cause.SIGNAL_COLLAPSE
            return Cause.GAIN if _signal_follows(evidence) else _VANISHING_BY.get(dominant_account(evidence))
        case Label.EXPLODING:
            if evidence.overflowed:
                return Cause.FORWARD_OVERFLOW if evidence.overflow_layer is not None else None
            return (
                Cause.GAIN if _signal_follows(evidence) else _EXPLODING_BY.get(dominant_account(evidence), Cause.CHAOS)
            )


def dominant_account(evidence: Evidence) -> Account | None:
    """The account that changes the gradient most in the direction of the depth ratio; None where none does."""
    direction = evidence.depth_ratio or 0.0
    towards = {account: direction * share for account, share in evidence.shares.items() if direction * share > 0.0}
    return max(towards, key=lambda account: towards[account], default=None)


def inputs_collapse(evidence: Evidence) -> bool:
    """Whether inputs that were distinct are one in the last hidden layer."""
    before, after = evidence.angular_spread
    return after < _COLLAPSED_SPREAD <= before


def signal_collapses(evidence: Evidence) -> bool:
    """Whether the signal falls faster than any rate: each of its last steps takes more decades than the one before."""
    finite = list(takewhile(isfinite, evidence.signal))
    steps = [after - before for before, after in pairwise(finite)][-4:]
    if len(steps) < 2 or finite[-1] - finite[0] > _COLLAPSE:
        return False
    return all(after < 0.0 and after <= _ACCELERATION * before for before, after in pairwise(steps))


def _signal_follows(evidence: Evidence) -> bool:
    backward, forward = evidence.depth_ratio, evidence.forward_ratio
    if backward is None or forward is None:
        return False
    return backward * forward > 0.0 and abs(forward) >= _MOVES_TOGETHER * abs(backward)


def _cause_of_death(evidence: Evidence, way_back: list[LayerStatistics], facts: NetworkFacts) -> Cause | None:
    if evidence.silent:
        return None
    outside = [layer for layer in way_back if not layer.inside]  # a branch has a shortcut beside it, as a rule
    if _has_zero_weights(outside[1:], facts):
        return Cause.ZERO_WEIGHTS
    # Before a signal collapses to zero it comes near the smallest number: every step at most doubles the decades lost,
    # and the square root of the smallest number has a square.
    underflowed = min(filter(isfinite, evidence.signal), default=0.0) < facts.log10_smallest_normal / 4
    if underflowed and signal_collapses(evidence):
        return Cause.SIGNAL_COLLAPSE
    if any(layer.dead_fraction for layer in outside):
        return Cause.DEAD_UNITS
    if _has_zero_weights(way_back[1:], facts):
        return Cause.ZERO_WEIGHTS
    return Cause.DEAD_UNITS if any(layer.dead_fraction for layer in way_back) else None


def _has_zero_weights(layers: list[LayerStatistics], facts: NetworkFacts) -> bool:
    zero = {layer.index for layer in layers if layer.index in facts.weighted and layer.log10_weight_norm.count == 0}
    return bool(zero or facts.without_way & {layer.index for layer in layers})
