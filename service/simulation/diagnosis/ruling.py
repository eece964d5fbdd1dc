"""The label of a network by vote of its trials, and its tendency by rate. Total: nothing makes it raise."""

from collections import Counter
from dataclasses import dataclass
from math import log10

from service.nn.policies import Policy
from service.simulation.diagnosis.statistics import NetworkTrials, Numbers, alike, median_trial, together
from service.simulation.results import Spread
from service.simulation.vocabulary import Label, Severity, Tendency

SEED_DEPENDENT_BELOW = 0.8
NEGLIGIBLE_RATE = 2.5 / 1000
"""Decades per layer: at less, a thousand layers stay inside the severe bands, and nobody builds that deep."""


@dataclass(frozen=True)
class Ruling:
    """What the trials say together."""

    label: Label
    severity: Severity
    agreeing: Numbers  # of the trials with that label
    typical: int  # the median one among them, by the size of its depth ratio
    trials: int

    @property
    def confidence(self) -> float:
        """The share of trials that agree."""
        return len(self.agreeing) / self.trials

    @property
    def seed_dependent(self) -> bool:
        """Whether the seed decides, not the architecture."""
        return self.confidence < SEED_DEPENDENT_BELOW


@dataclass(frozen=True)
class Rate:
    """What the rate per layer says; the interval is that of the gain."""

    tendency: Tendency
    depth_budget: float | None
    interval: tuple[float, float] | None


def rule(trials: NetworkTrials, policy: Policy) -> Ruling:
    """The label that most trials have, and the severity of the median trial among them."""
    rising, falling = [policy.exploding_mild, policy.exploding_severe], [policy.vanishing_mild, policy.vanishing_severe]
    groups = alike(trials, rising, falling)
    judged = [_judge_one(trials, int(group[0]), policy) for group in groups]
    votes = Counter(dict.fromkeys(Label, 0))
    for (label, _), group in zip(judged, groups, strict=True):
        votes[label] += group.size
    label = max(Label, key=lambda candidate: votes[candidate])  # a tie goes to the one that stands first in Label
    agreeing = together([group for group, (given, _) in zip(groups, judged, strict=True) if given is label])
    typical = median_trial(trials, agreeing)
    return Ruling(label, _judge_one(trials, typical, policy)[1], agreeing, typical, trials.depth_ratio.size)


def _judge_one(trials: NetworkTrials, number: int, policy: Policy) -> tuple[Label, Severity]:
    ratio, dead, overflowed = trials.depth_ratio[number], trials.dead[number], trials.overflowed[number]
    return judge_trial(float(ratio), bool(dead), bool(overflowed), policy)


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


def rate_of(gains: Spread, interval: tuple[float, float] | None, label: Label, policy: Policy) -> Rate:
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
    return Rate(tendency if rate >= NEGLIGIBLE_RATE else Tendency.STABLE, severe / rate, interval)
