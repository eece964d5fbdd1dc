"""Numbers → judgement: the label, its tendency, its cause, what else is worth knowing, and all of it in sentences."""

from service.diagnosis.cause import find_cause
from service.diagnosis.flags import Circumstances, find_flags, log10_update
from service.diagnosis.reasons import Case, explain
from service.diagnosis.ruling import rate_of, rule
from service.diagnosis.spreads import median_interval, power, spread
from service.diagnosis.statistics import Depth, NetworkTrials, evidence_of
from service.policies import Policy
from service.results import Interval, LayerStatistics, Verdict


def judge(
    trials: NetworkTrials, depth: Depth, layers: list[LayerStatistics], policy: Policy, circumstances: Circumstances
) -> Verdict:
    """The verdict on a network by `policy`."""
    ruling = rule(trials, policy)
    evidence = evidence_of(trials, ruling.agreeing, ruling.typical)
    gains = spread(power(trials.slope))
    rate = rate_of(gains, median_interval(power(trials.slope)), ruling.label, policy)
    behind_first = layers[depth.starts[0] + 1 :] if depth.starts else []
    cause = find_cause(ruling, evidence, behind_first, circumstances.log10_smallest_normal)
    flags = find_flags(ruling, evidence, layers, circumstances)
    hidden = len(depth.starts)
    case = Case(ruling, rate, gains.median, evidence, cause, flags, hidden, log10_update(layers), circumstances)
    return Verdict(
        label=ruling.label,
        severity=ruling.severity,
        confidence=ruling.confidence,
        seed_dependent=ruling.seed_dependent,
        depth_ratio=spread(trials.depth_ratio),
        forward_ratio=spread(trials.forward_ratio),
        reach=spread(trials.reach),
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
