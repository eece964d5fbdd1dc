"""The label of a network by vote of its trials, and its tendency by rate. Total: nothing makes it raise."""

from collections import Counter
from dataclasses import dataclass
from math import inf, isnan, log10

from service.diagnosis.statistics import NetworkStatistics, NetworkTrials
from service.policies import Policy
from service.results import Label, Severity, Tendency

SEED_DEPENDENT_BELOW = 0.8
DEEP_ENOUGH = 1000
"""A rate that needs more layers than this to become severe is no tendency: nobody builds that deep."""


@dataclass(frozen=True)
class Ruling:
    """What the trials say together."""

    label: Label
    severity: Severity
    agreeing: int
    confidence: float

    @property
    def seed_dependent(self) -> bool:
        """Whether the seed decides, not the architecture."""
        return self.confidence < SEED_DEPENDENT_BELOW


@dataclass(frozen=True)
class Rate:
    """What the rate per layer says."""

    tendency: Tendency
    depth_budget: float | None


def rule(trials: NetworkTrials, policy: Policy) -> Ruling:
    """The label that most trials have, its share, and the severity of the median trial among them."""
    judged = [
        (*judge_trial(ratio, dead, overflowed, policy), inf if overflowed or isnan(ratio) else abs(ratio))
        for ratio, dead, overflowed in zip(trials.depth_ratio, trials.dead, trials.overflowed, strict=True)
    ]
    votes = Counter(label for label, _, _ in judged)
    label = max(Label, key=lambda candidate: votes[candidate])  # a tie goes to the one that stands first in Label
    agreeing = sorted((item for item in judged if item[0] is label), key=lambda item: item[2])
    severity = agreeing[len(agreeing) // 2][1]
    return Ruling(label, severity, len(agreeing), len(agreeing) / len(judged))


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


def rate_of(network: NetworkStatistics, label: Label, policy: Policy) -> Rate:
    """Tendency and depth budget by the rate; where there is no rate, by what took it away."""
    interval, gain = network.log10_gain_interval, network.gain_per_layer.median
    if interval is None:
        lost = {Label.DEAD: Tendency.VANISHING, Label.EXPLODING: Tendency.EXPLODING}
        return Rate(lost.get(label, Tendency.STABLE), None)
    low, high = interval
    if low <= 0.0 <= high or not gain or gain == 1.0:
        return Rate(Tendency.STABLE, None)
    tendency, severe = (
        (Tendency.EXPLODING, policy.exploding_severe) if low > 0.0 else (Tendency.VANISHING, -policy.vanishing_severe)
    )
    budget = severe / abs(log10(gain))
    return Rate(tendency if budget <= DEEP_ENOUGH else Tendency.STABLE, budget)
