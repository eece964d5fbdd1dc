"""Numbers → judgement: the label by vote of the trials, its tendency by rate, its cause, and what else to know.

Total: no number, NaN or infinity makes it raise.
"""

from dataclasses import dataclass
from itertools import dropwhile
from math import inf, log10, sqrt

import numpy as np

from service.nn.policies import Policy
from service.simulation.causes import Judged, NetworkFacts, find_cause, losses_of_inputs
from service.simulation.gradients import StoredGradients
from service.simulation.layer_results import LayerStatistics, Spread, TimeStatistics
from service.simulation.results import FailureRisk, Interval, Verdict
from service.simulation.risk import RiskNumbers, failure_risk
from service.simulation.spreads import log10_update, median_interval, powers_of_ten, spreads_of
from service.simulation.statistics import Decades, NetworkTrials
from service.simulation.vocabulary import Cause, Flag, JudgedAxis, Label, Optimiser, Tendency
from service.simulation.vote import Evidence, JudgedTrials, Vote, leaves_bands, middle, vote_of, worst_along_time

_NEGLIGIBLE_RATE = 2.5 / 1000
"""Decades per layer: at less, a thousand layers stay inside the severe bands, and no network is that deep."""
_WANDERING = 0.4
"""The depth ratio wanders by this many decades times √Σ(1/width) (Hanin 2018; Sussillo & Abbott 2014)."""
TOO_MUCH_WANDERING = 0.5
"""Decades: two standard deviations reach the edge of the stable band, so that a seed in twenty leaves it."""
TINY, HUGE = -7.0, 6.0
"""Decades of a weight's gradient beyond which its absolute size is worth a word."""
SMALL_UPDATE, LARGE_UPDATE = -4.0, -1.0
"""Decades of an update relative to the weights between which training moves."""
TOO_MANY_LOST = 0.05
"""Share of the entries of weights' gradients that a format of 16 bits may lose at first.

Measured by training 252 networks of 6 and 12 layers of 48 units (ReLU, tanh; SGD, Adam) on ten classes with gradients
of float16 at ever smaller loss scales. Where less than 0.05 was lost at first, none of 150 lost 0.05 of its accuracy;
of those with 0.05 to 0.12, 3 of 34 did, with 0.12 to 0.2, 7 of 10, and from 0.7 on all 42.
"""
SMALL_BATCH = 8
"""Numbers that batch statistics are taken over, below which these change the gradient themselves.

Measured behind ReLU layers, whose gain in theory is 1.21: at 256, 128, 32, 8, 4 samples it is 1.20, 1.22, 1.24, 1.27
and 1.50, and at 2 the gradient vanishes, by 23 decades in 24 layers.
"""
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
class Decision:
    """Everything that is decided of a network, and what it is decided by: what sentences may be about."""

    vote: Vote
    rate: Rate
    evidence: Evidence
    cause: Cause | None
    flags: list[Flag]
    facts: NetworkFacts
    way_back: list[LayerStatistics]  # from the first hidden layer to the output
    log10_update: float | None
    depth_ratio: Spread
    forward_ratio: Spread
    end_to_end_ratio: Spread
    gain_per_layer: Spread
    judged_ratio: Spread
    axis: JudgedAxis
    time_ratio: Spread | None
    memory_steps: float | None
    mask_noise: Spread | None
    input_similarity_kept: Spread | None
    log10_head_spread: Spread | None
    failure_risk: FailureRisk
    along_steps: LayerStatistics | None = None  # the recurrent layer whose steps are beyond the bands, most of all


def judge(trials: NetworkTrials, layers: list[LayerStatistics], policy: Policy, facts: NetworkFacts) -> Decision:
    """The judgement on a network by `policy`."""
    row = worst_along_time(trials, policy)
    time = None if row is None else layers[row].time
    vote = vote_of(trials, JudgedTrials.of(trials, None if row is None else trials.time_ratios[row], policy))
    evidence = Evidence.of(trials, vote.agreeing, vote.typical)
    factors = powers_of_ten(trials.slope)
    ratios = trials.depth_ratio, trials.judged_ratio, trials.forward_ratio, trials.end_to_end_ratio
    depth, judged_ratio, forward, end_to_end, gains, similarity, head_spread, noise = spreads_of(
        *ratios, factors, *vars(trials.separation).values()
    )
    way_back = list(dropwhile(lambda layer: not layer.boundary, layers))
    decided = time.time_ratio if time is not None and vote.axis is JudgedAxis.TIME else judged_ratio
    optimiser = Optimiser(policy.kind_name())
    risk = failure_risk(optimiser, _risk_numbers(trials, vote, decided.median, time, facts))
    recurrent = layers[row] if row is not None and vote.axis is JudgedAxis.TIME else None
    judged = Judged(vote.label, decided.median, risk.probability, noise.median, optimiser, recurrent)
    return Decision(
        vote=vote,
        rate=_rate(gains, _interval(median_interval(factors), gains.count, facts), vote.label, policy),
        evidence=evidence,
        cause=find_cause(judged, evidence, way_back, facts),
        flags=find_flags(judged, evidence, layers, depth, facts),
        facts=facts,
        way_back=way_back,
        log10_update=log10_update(layers, optimiser),
        depth_ratio=depth,
        judged_ratio=judged_ratio,
        axis=vote.axis,
        time_ratio=None if time is None else time.time_ratio,
        memory_steps=None if time is None else time.memory_steps,
        forward_ratio=forward,
        end_to_end_ratio=end_to_end,
        gain_per_layer=gains,
        mask_noise=noise if noise.count else None,
        input_similarity_kept=similarity if similarity.count else None,
        log10_head_spread=head_spread if head_spread.count else None,
        failure_risk=risk,
        along_steps=layers[row] if row is not None and leaves_bands(middle(trials.time_ratios[row]), policy) else None,
    )


def _interval(interval: tuple[float, float] | None, trials: int, facts: NetworkFacts) -> tuple[float, float] | None:
    """The interval of the gain per layer: by the trials, or by what theory says of the width where they are too few."""
    if interval is None or not facts.random or trials >= _FEWEST_TRIALS:
        return interval
    half = _TWO_SIDED * wandering(facts.sum_inverse_width) / (facts.hidden - 1) / trials**0.5
    return interval[0] / 10.0**half, interval[1] * 10.0**half


def _risk_numbers(
    trials: NetworkTrials, vote: Vote, ratio: float | None, time: TimeStatistics | None, facts: NetworkFacts
) -> RiskNumbers:
    """What the risk is made of; a gradient that dies or overflows has no ratio, and counts as one without end."""
    if vote.label is Label.DEAD:
        ratio = -inf
    elif trials.overflowed[vote.typical]:
        ratio = inf
    apart = trials.separation
    spread, head_spread = middle(_last_spread(trials)), middle(apart.log10_head_spread)
    return RiskNumbers(
        ratio=ratio,
        collapse=None if spread is None else -spread,
        depth=len(time.log10_state_gradient) if time and vote.axis is JudgedAxis.TIME else facts.hidden,
        mask_noise=middle(apart.mask_noise),
        similarity_kept=middle(apart.similarity_kept),
        head_loss=None if head_spread is None else -head_spread,
        dense=facts.dense,
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


def verdict_of(case: Decision, reasons: list[str]) -> Verdict:
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
        gain_per_layer_interval=None
        if rate.interval is None
        else Interval(low=rate.interval[0], high=rate.interval[1]),
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


def find_flags(
    judged: Judged, evidence: Evidence, layers: list[LayerStatistics], depth_ratio: Spread, facts: NetworkFacts
) -> list[Flag]:
    """All flags that apply, in the order of their definition."""
    sizes = [rms for layer in layers if (rms := layer.log10_weight_gradient_rms.median) is not None]
    update = log10_update(layers, judged.optimiser)
    lost = losses_of_inputs(judged, evidence).values()
    raised = {
        **{flag: flag in lost for flag in (Flag.INPUT_COLLAPSE, Flag.RANK_COLLAPSE, Flag.MASK_NOISE)},
        Flag.TOO_DEEP_FOR_WIDTH: _wanders(depth_ratio, facts),
        Flag.TINY_GRADIENT: not evidence.overflowed
        and (any(size < TINY for size in sizes) or any(_gets_nothing(layer, facts) for layer in layers)),
        Flag.HUGE_GRADIENT: any(size > HUGE for size in sizes),
        Flag.SMALL_UPDATE: update is not None and update < SMALL_UPDATE,
        Flag.LARGE_UPDATE: update is not None and update > LARGE_UPDATE,
        Flag.PRECISION_UNDERFLOW: loses_gradients(facts.precision)
        or any(_underflows(layer, facts) for layer in layers),
        Flag.SYMMETRIC_UNITS: facts.symmetric,
        Flag.SMALL_BATCH: facts.fewest_in_statistics is not None and facts.fewest_in_statistics < SMALL_BATCH,
    }
    return [flag for flag in Flag if raised[flag]]


def wandering(sum_inverse_width: float) -> float:
    """Decades by which the depth ratio of random weights differs from seed to seed."""
    return _WANDERING * sqrt(sum_inverse_width)


def _wanders(depth_ratio: Spread, facts: NetworkFacts) -> bool:
    """Whether the width lets the depth ratio wander, and the trials, where they can be compared, show it."""
    expected = wandering(facts.sum_inverse_width)
    shown = depth_ratio.std is None or depth_ratio.std >= 0.5 * expected
    return facts.random and expected >= TOO_MUCH_WANDERING and shown


def _gets_nothing(layer: LayerStatistics, facts: NetworkFacts) -> bool:
    """Whether weights get a gradient of exactly zero in every trial; those inside a block may wait for others."""
    nothing = layer.log10_weight_gradient_norm.count + layer.non_finite_trials == 0
    return nothing and layer.index in facts.weighted and not layer.inside


def loses_gradients(stored: StoredGradients | None) -> bool:
    """Whether a format of 16 bits loses so many entries of the weights' gradients that training suffers."""
    return stored is not None and stored.underflow_share + stored.overflow_share >= TOO_MANY_LOST


def _underflows(layer: LayerStatistics, facts: NetworkFacts) -> bool:
    """Whether numbers lose digits; of a gradient in 16 bits, which depends on the loss scale, entries are counted."""
    gradient = layer.log10_weight_gradient_rms.p05 if facts.precision is None else None
    lowest = [gradient, layer.log10_forward_rms.p05]
    return any(decades is not None and decades < facts.log10_smallest_normal for decades in lowest)
