"""The loss of independent yes-or-no answers."""

from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array
from service.nn.activations import Activation
from service.nn.activations.sigmoid import Sigmoid
from service.nn.data.base import Data
from service.nn.data.bernoulli import BernoulliData
from service.nn.losses.base import Loss

SMALLEST_VARIANCE = 1e-12
"""p(1 − p) is taken no smaller, as in PyTorch; behind a sigmoid it cancels and nothing is lost."""


class BinaryCrossEntropy(Loss):
    """−y·ln p − (1 − y)·ln(1 − p), summed over the outputs, p a probability."""

    kind: Literal["binary_cross_entropy"] = "binary_cross_entropy"

    definition: ClassVar[str] = "-sum_j (y_j * ln(p_j) + (1 - y_j) * ln(1 - p_j))"
    derivative: ClassVar[str] = "(p_j - y_j) / (p_j * (1 - p_j)); behind a sigmoid p_j - y_j with respect to z_j"
    convention: ClassVar[str] = "p * (1 - p) is taken as at least 1e-12, as in PyTorch."
    source: ClassVar[str] = "Cox 1958; torch.nn.BCELoss with reduction by sum."
    probability: ClassVar[bool] = True

    def value(self, prediction: Array, target: Array) -> Array:
        tiny = np.finfo(prediction.dtype).tiny
        yes, no = np.log(np.maximum(prediction, tiny)), np.log(np.maximum(1.0 - prediction, tiny))
        return -(target * yes + (1.0 - target) * no).sum(axis=-1)

    def gradient(self, prediction: Array, target: Array) -> Array:
        return (prediction - target) / np.maximum(prediction * (1.0 - prediction), SMALLEST_VARIANCE)

    def output_delta(self, activation: Activation, derivative: Array, prediction: Array, target: Array) -> Array:
        if isinstance(activation, Sigmoid):
            return prediction - target
        return super().output_delta(activation, derivative, prediction, target)

    def natural_targets(self, outputs: int) -> Data:
        return BernoulliData()
