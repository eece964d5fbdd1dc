"""Mean field theory of wide networks (Poole et al. 2016; Schoenholz et al. 2017; Yang et al. 2019).

Layer by layer, the variance of a pre-activation is q_l = σ_w²·E[φ(√q_{l−1} Z)²] + σ_b², Z ~ N(0, 1), and the square of
delta changes from layer l + 1 to l by χ_l = σ_w²·E[φ'(√q_l Z)²], where σ_w² is fan_in times the variance of a weight.
Blocks add up what their branches do, and norms divide by what they find.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, isnan, log10, prod

from service.nn.layers.recurrent import Recurrent
from service.theory.passages import Passage, Placed, Setting, behind, inward, then
from service.theory.propagation import over_time, through
from service.theory.signals import LARGEST_VARIANCE, Averages, Signal

_MOST_DOUBT = 0.45
"""Decades that zeros around images may take where they take more from some positions than from others."""
_MOST_CARRIED = 0.5
"""The share of a squared gradient along the signal, where that grows faster, which theory leaves out."""


@dataclass(frozen=True)
class Prediction:
    """What theory says, or why it says nothing."""

    log10_backward_gain: list[float]  # of every hidden layer but the last
    reason: str | None = None
    log10_time_ratio: float | None = None  # of the first recurrent layer


@dataclass(frozen=True)
class HiddenLayers:
    """The layers of a network that are predicted."""

    top: Sequence[Placed]  # the list of its layers
    boundaries: Sequence[int]  # places in it of hidden layers, where gradients are compared
    plain: bool  # whether that is in front of their activations


def predict(network: HiddenLayers, inputs: Signal, samples: int, largest: float = LARGEST_VARIANCE) -> Prediction:
    """½·log10 χ of every hidden layer but the last; the inputs' mean is given unless all layers are dense.

    No mean square of a signal may be above `largest`, which the numbers of the network cannot hold.
    """
    setting = Setting(samples, Averages())
    first, *steps = _passages(network, inputs, setting) or [Passage(inputs)]
    time = _over_time(network, inputs, setting)
    if not steps:
        return Prediction([], "There are fewer than two hidden layers.", time)
    reason = next((one.reason for one in steps if isnan(one.factor)), None)
    if reason is None and not all(0.0 < one.factor < LARGEST_VARIANCE for one in steps):
        reason = "The predicted gradient is zero or out of range at some layer."
    if reason is None and any(one.signal.square > largest for one in (first, *steps)):
        reason = "The signal leaves the range of the precision at some layer."
    gains = [] if reason else [0.5 * log10(one.factor) for one in steps]
    reason = reason or _why_uncertain(first.signal, steps, fsum(gains), network)
    return Prediction([] if reason else gains, reason, time)


def _passages(network: HiddenLayers, x: Signal, setting: Setting) -> list[Passage]:
    """The way to the first hidden layer, and from every one to the next."""
    found: list[Passage] = []
    so_far = Passage(x)
    parts = [(place, part) for place in range(len(network.top)) for part in (inward, behind)]
    ends = {2 * place + (not network.plain) for place in network.boundaries}
    for number in range(max(ends, default=-1) + 1):
        place, part = parts[number]
        so_far = then(so_far, part(network.top[place], so_far.signal, setting))
        if number in ends:
            found.append(so_far)
            so_far = Passage(so_far.signal)
    return found


def _over_time(network: HiddenLayers, x: Signal, setting: Setting) -> float | None:
    """Decades along the steps of the first recurrent layer, where theory knows them."""
    place = next((place for place, at in enumerate(network.top) if isinstance(at.node, Recurrent)), None)
    if place is None:
        return None
    return over_time(network.top[place], through(network.top[:place], x, setting).signal, setting.averages)


def _why_uncertain(first: Signal, steps: Sequence[Passage], ratio: float, network: HiddenLayers) -> str | None:
    """Why a prediction of the depth ratio, in decades, may be off by more than a third of one; None where it is not."""
    doubt = fsum(one.doubt for one in steps)
    if doubt > _MOST_DOUBT:
        return (
            f"Zeros around the positions take {doubt:.2g} decades, more near the edges than in the middle; "
            "theory knows their mean alone."
        )
    if any(one.drifts for one in steps):
        forward, width = 0.5 * log10(steps[-1].signal.square / first.square), _narrowest(network)
        if 10.0 ** min(2.0 * (forward - ratio), 300.0) > _MOST_CARRIED * width:
            return (
                "The outputs of some branch have a mean: it adds up along the blocks, and at this depth and width "
                "the gradient grows with it, which theory leaves out."
            )
    return None


def _narrowest(network: HiddenLayers) -> int:
    return min(prod(network.top[place].out) for place in network.boundaries)
