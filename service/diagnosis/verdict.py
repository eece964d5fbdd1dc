"""Numbers → judgement: the label, its tendency, its cause, what else is worth knowing, and all of it in sentences."""

from service.diagnosis.cause import find_cause
from service.diagnosis.flags import find_flags
from service.diagnosis.reasons import explain
from service.diagnosis.ruling import rate_of, rule
from service.diagnosis.statistics import NetworkStatistics, interval_of_gain
from service.policies import Policy
from service.results import LayerStatistics, Verdict


def judge(network: NetworkStatistics, layers: list[LayerStatistics], policy: Policy) -> Verdict:
    """The verdict on a network by `policy`."""
    ruling = rule(network.trials, policy)
    rate = rate_of(network, ruling.label, policy)
    cause = find_cause(ruling, network, layers)
    flags = find_flags(ruling, network, layers)
    return Verdict(
        label=ruling.label,
        severity=ruling.severity,
        confidence=ruling.confidence,
        seed_dependent=ruling.seed_dependent,
        depth_ratio=network.depth_ratio,
        forward_ratio=network.forward_ratio,
        reach=network.reach,
        gain_per_layer=network.gain_per_layer,
        gain_per_layer_interval=interval_of_gain(network.log10_gain_interval),
        depth_budget=rate.depth_budget,
        width_risk=network.width_risk,
        tendency=rate.tendency,
        cause=cause,
        reasons=explain(ruling, rate, cause, flags, network, layers),
        flags=flags,
    )
