"""Mean field theory of wide dense stacks (Poole et al. 2016; Schoenholz et al. 2017).

Layer by layer, the variance of a pre-activation is q_l = σ_w²·E[φ(√q_{l−1} Z)²] + σ_b², Z ~ N(0, 1), and the square of
delta changes from layer l + 1 to l by χ_l = σ_w²·E[φ'(√q_l Z)²], where σ_w² is fan_in times the variance of a weight.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import log10

import numpy as np

from service.nn.activations import Activation
from service.theory.gaussian import SampledActivation

_LARGEST_VARIANCE = 1e200
_SMALLEST_VARIANCE = 5e-324
_SETTLED = 1e-14
_RANGE = 100.0


@dataclass(frozen=True)
class DenseStage:
    """A dense layer as theory sees it; None where an initializer has no such variance."""

    fan_in: int
    weight_variance: float | None  # of an entry
    bias_variance: float | None
    activation: Activation


@dataclass(frozen=True)
class Prediction:
    """What theory says, or why it says nothing."""

    log10_backward_gain: list[float]  # of every hidden layer but the last
    reason: str | None = None


def predict(stages: list[DenseStage], mean_square_input: float) -> Prediction:
    """½·log10 χ of every hidden layer but the last; `stages` are all layers from input to output."""
    if len(stages) < 3:
        return Prediction([], "There are fewer than two hidden layers.")
    if any(stage.weight_variance is None or stage.bias_variance is None for stage in stages[:-1]):
        return Prediction([], "Weights or biases of some layer are not random with mean 0.")
    gains: list[float] = []
    square, latest = mean_square_input, _Latest()
    for stage, following in pairwise(stages[:-1]):
        variance = _sigma_w2(stage) * square + (stage.bias_variance or 0.0)
        if not 0.0 < variance < _LARGEST_VARIANCE:
            return Prediction([], "The variance of the signal is zero or out of range at some layer.")
        square, slope = latest.moments(stage.activation, variance)
        chi = _sigma_w2(following) * slope
        if not 0.0 < chi < _LARGEST_VARIANCE:
            return Prediction([], "The predicted gradient is zero or out of range at some layer.")
        gains.append(0.5 * log10(chi))
    return Prediction(gains)


def _sigma_w2(stage: DenseStage) -> float:
    return stage.fan_in * (stage.weight_variance or 0.0)


@lru_cache(maxsize=64)
def _sampled(activation: Activation, smallest: float, largest: float) -> SampledActivation:
    """Samples for these variances; the same ones are wanted by every network that begins alike."""
    return SampledActivation.over(activation, smallest, largest)


class _Latest:
    """Moments from samples that are kept while the variance moves little; the same again where it has settled."""

    def __init__(self) -> None:
        self._sampled: SampledActivation | None = None
        self._variance = 0.0
        self._found = (0.0, 0.0)

    def moments(self, activation: Activation, variance: float) -> tuple[float, float]:
        """E[φ²] and E[φ'²] at pre-activations of the given variance."""
        kept = self._sampled
        if kept is None or not kept.covers(activation, variance):
            kept = _sampled(activation, max(variance / _RANGE, _SMALLEST_VARIANCE), variance * _RANGE)
        if kept is not self._sampled or abs(variance - self._variance) > _SETTLED * variance:
            found = kept.moments(np.array([variance]))
            self._sampled, self._variance = kept, variance
            self._found = float(found.square[0]), float(found.slope[0])
        return self._found
