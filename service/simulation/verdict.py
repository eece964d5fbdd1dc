"""Numbers → judgement: the label by vote of the trials, its tendency by rate, its cause, and what else to know.

Total: no number, NaN or infinity makes it raise.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import dropwhile
from math import inf, log10

import numpy as np

from service.nn.policies import Policy
from service.simulation.causes import (
    TOLD_BY_LAYERS,
    Judged,
    JudgedLayer,
    NetworkFacts,
    find_cause,
)
from service.simulation.layer_results import LayerStatistics, Spread
from service.simulation.results import FailureRisk, Interval, Verdict
from service.simulation.risk import RiskNumbers, failure_risk, find_flags, log10_update, wandering
from service.simulation.spreads import median_intervals, spreads_of_rows
from service.simulation.statistics import Decades, NetworkTrials
from service.simulation.vocabulary import Cause, Flag, JudgedAxis, Label, Optimiser, Tendency
from service.simulation.vote import (
    Evidence,
    JudgedTrials,
    Vote,
    evidence_of,
    leaves_bands,
    middle,
    middles,
    votes_of,
    worst_along_time,
)

_NEGLIGIBLE_RATE = 2.5 / 1000
"""Decades per layer: at less, a thousand layers stay inside the severe bands, and no network is that deep."""
_FEWEST_TRIALS = 6
"""Below, the extremes of the trials cover their median with less than 95 %."""
_TWO_SIDED = 1.96
"""Standard deviations on both sides that a normal variable keeps to in 95 %."""


@dataclass(frozen=True)
class Rate:
    """What the rate per layer says; the interval is that of the gain."""

    tendency: Tendency
    depth_budget: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class JudgedNetwork:
    """What a network is judged by beside its trials."""

    policy: Policy
    facts: NetworkFacts
    layers: Callable[[], Sequence[JudgedLayer]]  # all of them; some labels need none


@dataclass(frozen=True)
class Decision:
    """What is decided of a network by its trials."""

    vote: Vote
    rate: Rate
    evidence: Evidence
    cause: Cause | None
    facts: NetworkFacts
    judged: Judged
    depth_ratio: Spread
    judged_ratio: Spread
    forward_ratio: Spread
    end_to_end_ratio: Spread
    gain_per_layer: Spread
    input_similarity_kept: Spread | None
    log10_head_spread: Spread | None
    mask_noise: Spread | None
    axis: JudgedAxis
    time_ratio: Spread | None
    memory_steps: float | None
    failure_risk: FailureRisk

    @property
    def gain_per_layer_interval(self) -> Interval | None:
        """The confidence interval of the median gain per layer, where there is one."""
        ends = self.rate.interval
        return None if ends is None else Interval(low=ends[0], high=ends[1])


@dataclass(frozen=True)
class Case(Decision):
    """Everything that sentences may be about: what is decided, and the layers."""

    flags: list[Flag]
    way_back: list[LayerStatistics]  # from the first hidden layer to the output
    log10_update: float | None
    along_steps: LayerStatistics | None = None  # the recurrent layer whose steps are beyond the bands, most of all


def judge(trials: NetworkTrials, layers: list[LayerStatistics], policy: Policy, facts: NetworkFacts) -> Case:
    """The judgement on a network by `policy`."""
    (decided,) = decisions_on(trials, [JudgedNetwork(policy, facts, lambda: layers)])
    row = worst_along_time(trials, policy)
    return Case(
        **vars(decided),
        flags=find_flags(decided.judged, decided.evidence, layers, decided.depth_ratio, facts),
        way_back=list(dropwhile(lambda layer: not layer.boundary, layers)),
        log10_update=log10_update(layers, decided.judged.optimiser),
        along_steps=layers[row] if row is not None and leaves_bands(middle(trials.time_ratios[row]), policy) else None,
    )


def decisions_on(trials: NetworkTrials, networks: Sequence[JudgedNetwork]) -> list[Decision]:
    """What is decided of each of some networks, by as many trials each that are end to end in `trials`.

    One in which layers take several steps is judged alone.
    """
    row = worst_along_time(trials, networks[0].policy)
    along_time = None if row is None else networks[0].layers()[row]
    time_ratio = None if row is None else trials.time_ratios[row]
    votes = votes_of(JudgedTrials.of(trials, time_ratio, [one.policy for one in networks]))
    found = zip(networks, votes, evidence_of(trials, votes), _numbers(trials, len(networks)), strict=True)
    return [_decision(one, vote, evidence, numbers, along_time) for one, vote, evidence, numbers in found]


@dataclass(frozen=True)
class _Numbers:
    """What the trials of a network come to, whatever they are judged by."""

    spreads: list[Spread]  # of depth, judged, forward and end-to-end ratio, of the gain, and of what keeps inputs apart
    interval: tuple[float, float] | None  # of the gain
    middles: list[float | None]  # of the spread in the last hidden layer, and of what keeps inputs apart


def _numbers(trials: NetworkTrials, networks: int) -> list[_Numbers]:
    """The numbers of each of some networks."""
    with np.errstate(over="ignore"):
        factors = np.power(10.0, trials.slope)  # infinite where no float holds it
    apart = list(vars(trials.separation).values())
    ratios = trials.depth_ratio, trials.judged_ratio, trials.forward_ratio, trials.end_to_end_ratio
    rows = np.concatenate([one.reshape(networks, -1) for one in (*ratios, factors, *apart)])
    spreads, intervals = spreads_of_rows(rows), median_intervals(factors.reshape(networks, -1))
    medians = middles(np.concatenate([one.reshape(networks, -1) for one in (_last_spread(trials), *apart)]))
    return [_Numbers(spreads[place::networks], intervals[place], medians[place::networks]) for place in range(networks)]


def _decision(
    one: JudgedNetwork, vote: Vote, evidence: Evidence, numbers: _Numbers, along_time: JudgedLayer | None
) -> Decision:
    depth, judged_ratio, forward, end_to_end, gains, similarity, head_spread, noise = numbers.spreads
    facts, time = one.facts, None if along_time is None else along_time.time
    recurrent = along_time if vote.axis is JudgedAxis.TIME else None
    decides = time if recurrent is not None else None
    ratio = judged_ratio.median if decides is None else decides.time_ratio.median
    gone = -inf if vote.label is Label.DEAD else inf if evidence.overflowed else None  # as a ratio without end
    depth_of_risk = facts.hidden if decides is None else len(decides.log10_state_gradient)
    optimiser = Optimiser(one.policy.kind_name())
    risk = failure_risk(optimiser, _risk_numbers(numbers, gone or ratio, depth_of_risk, facts.dense))
    judged = Judged(vote.label, ratio, risk.probability, noise.median, optimiser, recurrent)
    layers = one.layers() if vote.label in TOLD_BY_LAYERS else []
    return Decision(
        vote=vote,
        rate=_rate(gains, _interval(numbers.interval, gains.count, facts), vote.label, one.policy),
        evidence=evidence,
        cause=find_cause(judged, evidence, list(dropwhile(lambda layer: not layer.boundary, layers)), facts),
        facts=facts,
        judged=judged,
        depth_ratio=depth,
        judged_ratio=judged_ratio,
        forward_ratio=forward,
        end_to_end_ratio=end_to_end,
        gain_per_layer=gains,
        input_similarity_kept=similarity if similarity.count else None,
        log10_head_spread=head_spread if head_spread.count else None,
        mask_noise=noise if noise.count else None,
        axis=vote.axis,
        time_ratio=None if time is None else time.time_ratio,
        memory_steps=None if time is None else time.memory_steps,
        failure_risk=risk,
    )


def _interval(interval: tuple[float, float] | None, trials: int, facts: NetworkFacts) -> tuple[float, float] | None:
    """The interval of the gain per layer: by the trials, or by what theory says of the width where they are too few."""
    if interval is None or not facts.random or trials >= _FEWEST_TRIALS:
        return interval
    half = _TWO_SIDED * wandering(facts.sum_inverse_width) / (facts.hidden - 1) / trials**0.5
    return interval[0] / 10.0**half, interval[1] * 10.0**half


def _risk_numbers(numbers: _Numbers, ratio: float | None, depth: int, dense: bool) -> RiskNumbers:
    """What the risk is made of, by the ratio that decides, over so many layers or steps."""
    spread, similarity, head_spread, noise = numbers.middles
    return RiskNumbers(
        ratio=ratio,
        collapse=None if spread is None else -spread,
        depth=depth,
        mask_noise=noise,
        similarity_kept=similarity,
        head_loss=None if head_spread is None else -head_spread,
        dense=dense,
    )


def _last_spread(trials: NetworkTrials) -> Decades:
    """Of the directions in the last hidden layer, of samples or of steps, the smaller one, (trials,)."""
    smaller: Decades = np.fmin(trials.angular_spread[:, 1], trials.token_spread[:, 1])
    return smaller


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


def verdict_of(case: Case, reasons: list[str]) -> Verdict:
    """The verdict as a client gets it, with its reasons in sentences."""
    vote, rate = case.vote, case.rate
    return Verdict(
        label=vote.label,
        severity=vote.severity,
        confidence=vote.confidence,
        seed_dependent=vote.seed_dependent,
        depth_ratio=case.depth_ratio,
        judged_ratio=case.judged_ratio,
        axis=vote.axis,
        time_ratio=case.time_ratio,
        memory_steps=case.memory_steps,
        forward_ratio=case.forward_ratio,
        end_to_end_ratio=case.end_to_end_ratio,
        gain_per_layer=case.gain_per_layer,
        gain_per_layer_interval=case.gain_per_layer_interval,
        depth_budget=rate.depth_budget,
        branch=case.facts.branch,
        sum_inverse_width=case.facts.sum_inverse_width,
        mask_noise=case.mask_noise,
        input_similarity_kept=case.input_similarity_kept,
        log10_head_spread=case.log10_head_spread,
        failure_risk=case.failure_risk,
        tendency=rate.tendency,
        cause=case.cause,
        reasons=reasons,
        flags=case.flags,
    )
