"""Numbers → judgement: the label, its tendency, its cause, what else is worth knowing, and all of it in sentences."""

from service.nn.policies import Policy
from service.simulation.diagnosis.cause import find_cause
from service.simulation.diagnosis.flags import Circumstances, find_flags, log10_update, wandering
from service.simulation.diagnosis.reasons import Case, explain
from service.simulation.diagnosis.ruling import rate_of, rule
from service.simulation.diagnosis.spreads import median_interval, power, spreads_of
from service.simulation.diagnosis.statistics import Depth, NetworkTrials, evidence_of
from service.simulation.results import Interval, LayerStatistics, Verdict

FEWEST_TRIALS = 6
"""Below, the extremes of the trials cover their median with less than 95 %."""
TWO_SIDED = 1.96
"""Standard deviations on both sides that a normal variable keeps to in 95 %."""


def judge(
    trials: NetworkTrials, depth: Depth, layers: list[LayerStatistics], policy: Policy, circumstances: Circumstances
) -> Verdict:
    """The verdict on a network by `policy`."""
    ruling = rule(trials, policy)
    evidence = evidence_of(trials, ruling.agreeing, ruling.typical)
    factors = power(trials.slope)
    ratios, forward_ratios, reach, gains = spreads_of(trials.depth_ratio, trials.forward_ratio, trials.reach, factors)
    interval = _interval(median_interval(factors), gains.count, len(depth.starts), circumstances)
    rate = rate_of(gains, interval, ruling.label, policy)
    way_back = layers[depth.starts[0] :] if depth.starts else []
    cause = find_cause(ruling.label, evidence, way_back, circumstances.log10_smallest_normal)
    flags = find_flags(ruling.label, evidence, layers, ratios, circumstances)
    hidden, update = len(depth.starts), log10_update(layers)
    case = Case(ruling, rate, gains.median, evidence, cause, flags, hidden, update, circumstances)
    return Verdict(
        label=ruling.label,
        severity=ruling.severity,
        confidence=ruling.confidence,
        seed_dependent=ruling.seed_dependent,
        depth_ratio=ratios,
        forward_ratio=forward_ratios,
        reach=reach,
        gain_per_layer=gains,
        gain_per_layer_interval=None
        if rate.interval is None
        else Interval(low=rate.interval[0], high=rate.interval[1]),
        depth_budget=rate.depth_budget,
        width_risk=circumstances.width_risk,
        tendency=rate.tendency,
        cause=cause,
        reasons=explain(case),
        flags=flags,
    )


def _interval(
    interval: tuple[float, float] | None, trials: int, hidden: int, circumstances: Circumstances
) -> tuple[float, float] | None:
    """The interval of the gain per layer: by the trials, or by what theory says of the width where they are too few."""
    if interval is None or not circumstances.random or trials >= FEWEST_TRIALS:
        return interval
    reach = TWO_SIDED * wandering(circumstances.width_risk) / (hidden - 1) / trials**0.5
    return interval[0] / 10.0**reach, interval[1] * 10.0**reach
