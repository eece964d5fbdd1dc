"""The label of a network by vote of its trials, and its tendency by rate. Total: nothing makes it raise."""

from collections import Counter
from dataclasses import dataclass
from math import inf, isnan, log10

from service.diagnosis.statistics import NetworkTrials
from service.policies import Policy
from service.results import Spread
from service.vocabulary import Label, Severity, Tendency

SEED_DEPENDENT_BELOW = 0.8
NEGLIGIBLE_RATE = 2.5 / 1000
"""Decades per layer: at less, a thousand layers stay inside the severe bands, and nobody builds that deep."""


@dataclass(frozen=True)
class Ruling:
    """What the trials say together."""

    label: Label
    severity: Severity
    agreeing: list[int]  # the numbers of the trials with that label
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
    ratios = trials.depth_ratio.tolist()
    judged = [
        judge_trial(ratio, dead, overflowed, policy)
        for ratio, dead, overflowed in zip(ratios, trials.dead.tolist(), trials.overflowed.tolist(), strict=True)
    ]
    votes = Counter(label for label, _ in judged)
    label = max(Label, key=lambda candidate: votes[candidate])  # a tie goes to the one that stands first in Label
    agreeing = [trial for trial, (given, _) in enumerate(judged) if given is label]
    ranked = sorted(agreeing, key=lambda trial: inf if isnan(ratios[trial]) else abs(ratios[trial]))
    typical = ranked[len(ranked) // 2]
    return Ruling(label, judged[typical][1], agreeing, typical, len(judged))


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
