"""Numbers → judgement: the label by vote of the trials, its tendency by rate, its cause, and what else to know.

Total: no number, NaN or infinity makes it raise.
"""

from collections import Counter
from dataclasses import dataclass
from itertools import dropwhile, pairwise, takewhile
from math import isfinite, log10, sqrt

import numpy as np

from service.nn.layers.base import Account
from service.nn.policies import Policy
from service.simulation.results import LayerStatistics, Spread
from service.simulation.spreads import log10_update, median_interval, powers_of_ten, spreads_of
from service.simulation.statistics import Evidence, NetworkTrials, TrialIndices, group_by_condition, median_trial
from service.simulation.vocabulary import Cause, Flag, Label, Severity, Tendency

_SEED_DEPENDENT_BELOW = 0.8
_NEGLIGIBLE_RATE = 2.5 / 1000
"""Decades per layer: at less, a thousand layers stay inside the severe bands, and no network is that deep."""
_COLLAPSED_SPREAD = -1.3
"""Decades: at a twentieth of the signal, what tells two inputs apart is lost."""
_MOVES_TOGETHER = 0.5
"""The signal moves with the gradient where its ratio has the same sign and at least this share of the size."""
_COLLAPSE = -1.0
"""Decades the signal must have lost before its fall is called a collapse."""
_ACCELERATION = 1.3
"""A collapse takes more with each layer: every step at least this many times the one before."""
_WANDERING = 0.4
"""The depth ratio wanders by this many decades times √Σ(1/width) (Hanin 2018; Sussillo & Abbott 2014)."""
_TOO_MUCH_WANDERING = 0.5
"""Decades: two standard deviations reach the edge of the stable band, so that a seed in twenty leaves it."""
TINY, HUGE = -7.0, 6.0
"""Decades of a weight's gradient beyond which its absolute size is worth a word."""
SMALL_UPDATE, LARGE_UPDATE = -4.0, -1.0
"""Decades of an update relative to the weights between which training moves."""
_VANISHING_BY: dict[Account | None, Cause] = {
    **dict.fromkeys((None, "weights", "derivative"), Cause.SATURATION),
    "normalisation": Cause.NORMALISATION,
}
_EXPLODING_BY: dict[Account | None, Cause] = {"normalisation": Cause.NORMALISATION}
"""The cause where the signal does not go with the gradient, by the account that changes the gradient most."""
_FEWEST_TRIALS = 6
"""Below, the extremes of the trials cover their median with less than 95 %."""
_TWO_SIDED = 1.96
"""Standard deviations on both sides that a normal variable keeps to in 95 %."""


@dataclass(frozen=True)
class NetworkFacts:
    """What is known of the network beside its statistics."""

    hidden: int  # how many hidden layers there are
    sum_inverse_width: float  # over the hidden layers
    random: bool  # two trials differ
    symmetric: bool  # two hidden units have the same weights, coming in and going out
    log10_smallest_normal: float  # of the precision
    weighted: frozenset[int]  # the numbers of the layers that have weights
    branch: str | None = None  # the pointer to the branch that was measured, where there are several


@dataclass(frozen=True)
class Vote:
    """What the trials say together."""

    label: Label
    severity: Severity
    agreeing: TrialIndices  # of the trials with that label
    typical: int  # the median one among them, by the size of its depth ratio
    trials: int

    @property
    def confidence(self) -> float:
        """The share of trials that agree."""
        return len(self.agreeing) / self.trials

    @property
    def seed_dependent(self) -> bool:
        """Whether the seed decides, not the architecture."""
        return self.confidence < _SEED_DEPENDENT_BELOW


@dataclass(frozen=True)
class Rate:
    """What the rate per layer says; the interval is that of the gain."""

    tendency: Tendency
    depth_budget: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Decision:
    """Everything that is decided of a network, and what it is decided by: what sentences may be about."""

    vote: Vote
    rate: Rate
    evidence: Evidence
    cause: Cause | None
    flags: list[Flag]
    facts: NetworkFacts
    log10_update: float | None
    depth_ratio: Spread
    forward_ratio: Spread
    end_to_end_ratio: Spread
    gain_per_layer: Spread


def judge(trials: NetworkTrials, layers: list[LayerStatistics], policy: Policy, facts: NetworkFacts) -> Decision:
    """The judgement on a network by `policy`."""
    vote = _vote(trials, policy)
    evidence = Evidence.of(trials, vote.agreeing, vote.typical)
    factors = powers_of_ten(trials.slope)
    ratios = trials.depth_ratio, trials.forward_ratio, trials.end_to_end_ratio
    depth, forward, end_to_end, gains = spreads_of(*ratios, factors)
    rate = _rate(gains, _interval(median_interval(factors), gains.count, facts), vote.label, policy)
    way_back = list(dropwhile(lambda layer: not layer.boundary, layers))
    return Decision(
        vote=vote,
        rate=rate,
        evidence=evidence,
        cause=find_cause(vote.label, evidence, way_back, facts),
        flags=find_flags(vote.label, evidence, layers, depth, facts),
        facts=facts,
        log10_update=log10_update(layers),
        depth_ratio=depth,
        forward_ratio=forward,
        end_to_end_ratio=end_to_end,
        gain_per_layer=gains,
    )


def _interval(interval: tuple[float, float] | None, trials: int, facts: NetworkFacts) -> tuple[float, float] | None:
    """The interval of the gain per layer: by the trials, or by what theory says of the width where they are too few."""
    if interval is None or not facts.random or trials >= _FEWEST_TRIALS:
        return interval
    half = _TWO_SIDED * wandering(facts.sum_inverse_width) / (facts.hidden - 1) / trials**0.5
    return interval[0] / 10.0**half, interval[1] * 10.0**half


def _vote(trials: NetworkTrials, policy: Policy) -> Vote:
    """The label that most trials have, and the severity of the median trial among them."""
    groups = group_by_condition(trials, policy.exploding_mild, policy.vanishing_mild)
    judged = [judge_trial(*trials.conditions(int(group[0])), policy) for group in groups]
    votes = Counter(dict.fromkeys(Label, 0))
    for (label, _), group in zip(judged, groups, strict=True):
        votes[label] += group.size
    label = max(Label, key=lambda candidate: votes[candidate])  # a tie goes to the one that stands first in Label
    alike = [group for group, (given, _) in zip(groups, judged, strict=True) if given is label]
    agreeing = np.sort(np.concatenate(alike))
    typical = median_trial(trials, agreeing)
    severity = judge_trial(*trials.conditions(typical), policy)[1]
    return Vote(label, severity, agreeing, typical, trials.depth_ratio.size)


def judge_trial(depth_ratio: float, dead: bool, overflowed: bool, policy: Policy) -> tuple[Label, Severity]:
    """Label and severity of one trial, the conditions in the order of their definition."""
    if dead:
        return Label.DEAD, Severity.SEVERE
    if overflowed:
        return Label.EXPLODING, Severity.SEVERE
    if depth_ratio >= policy.exploding_mild:
        return Label.EXPLODING, Severity.SEVERE if depth_ratio >= policy.exploding_severe else Severity.MILD
    if depth_ratio <= policy.vanishing_mild:
        return Label.VANISHING, Severity.SEVERE if depth_ratio <= policy.vanishing_severe else Severity.MILD
    return Label.STABLE, Severity.NONE


def _rate(gains: Spread, interval: tuple[float, float] | None, label: Label, policy: Policy) -> Rate:
    """Tendency and depth budget by the gain per layer; where there is none, by what took it away."""
    if interval is None or gains.median is None:
        lost = {Label.DEAD: Tendency.VANISHING, Label.EXPLODING: Tendency.EXPLODING}
        return Rate(lost.get(label, Tendency.STABLE), None, None)
    low, high = interval
    if low <= 1.0 <= high:
        return Rate(Tendency.STABLE, None, interval)
    if gains.median == 0.0:  # dead in most trials: there is no rate to speak of
        return Rate(Tendency.VANISHING, None, interval)
    tendency, severe = (
        (Tendency.EXPLODING, policy.exploding_severe) if low > 1.0 else (Tendency.VANISHING, -policy.vanishing_severe)
    )
    rate = abs(log10(gains.median))
    return Rate(tendency if rate >= _NEGLIGIBLE_RATE else Tendency.STABLE, severe / rate, interval)


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
    return any(layer.index in facts.weighted and layer.log10_weight_norm.count == 0 for layer in layers)


def find_flags(
    label: Label, evidence: Evidence, layers: list[LayerStatistics], depth_ratio: Spread, facts: NetworkFacts
) -> list[Flag]:
    """All flags that apply, in the order of their definition."""
    sizes = [rms for layer in layers if (rms := layer.log10_weight_gradient_rms.median) is not None]
    update = log10_update(layers)
    raised = {
        Flag.INPUT_COLLAPSE: label is Label.STABLE and inputs_collapse(evidence),
        Flag.TOO_DEEP_FOR_WIDTH: _wanders(depth_ratio, facts),
        Flag.TINY_GRADIENT: any(size < TINY for size in sizes) or any(_gets_nothing(layer, facts) for layer in layers),
        Flag.HUGE_GRADIENT: any(size > HUGE for size in sizes),
        Flag.SMALL_UPDATE: update is not None and update < SMALL_UPDATE,
        Flag.LARGE_UPDATE: update is not None and update > LARGE_UPDATE,
        Flag.PRECISION_UNDERFLOW: any(_underflows(layer, facts.log10_smallest_normal) for layer in layers),
        Flag.SYMMETRIC_UNITS: facts.symmetric,
    }
    return [flag for flag in Flag if raised[flag]]


def wandering(sum_inverse_width: float) -> float:
    """Decades by which the depth ratio of random weights differs from seed to seed."""
    return _WANDERING * sqrt(sum_inverse_width)


def _wanders(depth_ratio: Spread, facts: NetworkFacts) -> bool:
    """Whether the width lets the depth ratio wander, and the trials, where they can be compared, show it."""
    expected = wandering(facts.sum_inverse_width)
    shown = depth_ratio.std is None or depth_ratio.std >= 0.5 * expected
    return facts.random and expected >= _TOO_MUCH_WANDERING and shown


def _gets_nothing(layer: LayerStatistics, facts: NetworkFacts) -> bool:
    """Whether weights get a gradient of exactly zero in every trial; those inside a block may wait for others."""
    nothing = layer.log10_weight_gradient_norm.count + layer.non_finite_trials == 0
    return nothing and layer.index in facts.weighted and not layer.inside


def _underflows(layer: LayerStatistics, log10_smallest_normal: float) -> bool:
    lowest = [layer.log10_weight_gradient_rms.p05, layer.log10_forward_rms.p05]
    return any(decades is not None and decades < log10_smallest_normal for decades in lowest)
