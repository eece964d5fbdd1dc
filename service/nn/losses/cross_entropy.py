"""The loss of one answer among many."""

from typing import ClassVar, Literal

import numpy as np

from service.core.arrays import Array
from service.nn.activations import Activation
from service.nn.activations.sigmoid import Sigmoid
from service.nn.activations.softmax import Softmax
from service.nn.data.base import Data
from service.nn.data.one_hot import OneHotData
from service.nn.losses.base import Loss

SMALLEST_PROBABILITY = 1e-12
"""p is taken no smaller where it divides; behind a softmax or a sigmoid it cancels and nothing is lost."""


class CrossEntropy(Loss):
    """−Σ y·ln p over the classes, p a probability."""

    kind: Literal["cross_entropy"] = "cross_entropy"

    definition: ClassVar[str] = "-sum_j y_j * ln(p_j)"
    derivative: ClassVar[str] = "-y_j / p_j; behind a softmax p_j * sum_k y_k - y_j with respect to z_j"
    convention: ClassVar[str] = "p is taken as at least 1e-12 where it divides."
    source: ClassVar[str] = "Good 1952; torch.nn.CrossEntropyLoss is this one behind a softmax."
    probability: ClassVar[bool] = True

    def value(self, prediction: Array, target: Array) -> Array:
        return -(target * np.log(np.maximum(prediction, np.finfo(prediction.dtype).tiny))).sum(axis=-1)

    def gradient(self, prediction: Array, target: Array) -> Array:
        return -target / np.maximum(prediction, SMALLEST_PROBABILITY)

    def output_delta(self, activation: Activation, derivative: Array, prediction: Array, target: Array) -> Array:
        if isinstance(activation, Softmax):
            return prediction * target.sum(axis=-1, keepdims=True) - target
        if isinstance(activation, Sigmoid):
            return target * (prediction - 1.0)
        return super().output_delta(activation, derivative, prediction, target)

    def natural_targets(self, outputs: int) -> Data:
        return OneHotData(classes=outputs)
