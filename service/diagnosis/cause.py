"""Why a gradient vanishes or explodes, from the backward and the forward ratio."""

from service.diagnosis.ruling import Ruling
from service.diagnosis.statistics import NetworkStatistics
from service.results import Cause, Label, LayerStatistics

COLLAPSED_SEPARATION = -1.3
"""Decades: at a twentieth of the signal, what tells two inputs apart is lost."""
MOVES_TOGETHER = 0.5
"""The signal moves with the gradient where its ratio has the same sign and at least this share of the size."""
COLLAPSE = -1.0
"""Decades the signal must have lost before its fall is called a collapse."""
ACCELERATION = 1.3
"""A collapse takes more with each layer: every step at least this many times the one before."""


def find_cause(ruling: Ruling, network: NetworkStatistics, layers: list[LayerStatistics]) -> Cause | None:
    """The cause of the label; null where there is nothing to explain, or nothing explains it."""
    match ruling.label:
        case Label.STABLE:
            return Cause.INPUT_COLLAPSE if inputs_collapse(network) else None
        case Label.DEAD:
            return _cause_of_death(network, layers)
        case Label.VANISHING:
            if signal_collapses(network):
                return Cause.SIGNAL_COLLAPSE
            return Cause.GAIN if _signal_follows(network) else Cause.SATURATION
        case Label.EXPLODING:
            if 2 * sum(network.trials.overflowed) > ruling.agreeing:
                return Cause.FORWARD_OVERFLOW
            return Cause.GAIN if _signal_follows(network) else Cause.CHAOS


def inputs_collapse(network: NetworkStatistics) -> bool:
    """Whether inputs that were distinct are one in the last hidden layer."""
    before, after = network.separation
    return before is not None and after is not None and after < COLLAPSED_SEPARATION <= before


def signal_collapses(network: NetworkStatistics) -> bool:
    """Whether the signal falls faster than any rate: each of its last steps takes more decades than the one before."""
    finite = [decades for decades in network.signal if decades is not None]
    steps = [after - before for before, after in zip(finite, finite[1:], strict=False)][-4:]
    if len(steps) < 2 or finite[-1] - finite[0] > COLLAPSE:
        return False
    return all(after < 0.0 and after <= ACCELERATION * before for before, after in zip(steps, steps[1:], strict=False))


def _signal_follows(network: NetworkStatistics) -> bool:
    backward, forward = network.depth_ratio.median, network.forward_ratio.median
    if backward is None or forward is None:
        return False
    return backward * forward > 0.0 and abs(forward) >= MOVES_TOGETHER * abs(backward)


def _cause_of_death(network: NetworkStatistics, layers: list[LayerStatistics]) -> Cause | None:
    if network.silent_loss:
        return None
    behind_first = layers[network.hidden[0] + 1 :] if network.hidden else []
    if any(layer.parameters and layer.log10_weight_norm.count == 0 for layer in behind_first):
        return Cause.ZERO_WEIGHTS
    return Cause.SIGNAL_COLLAPSE if signal_collapses(network) else Cause.DEAD_UNITS
