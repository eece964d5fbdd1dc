"""The family of losses: functions of one sample's prediction and target, and their gradients."""

from abc import abstractmethod
from collections.abc import Collection
from math import log
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from service.core.arrays import Array, softplus
from service.core.kinds import Kind, Positive, one_of
from service.nn.activations import Activation
from service.nn.activations.smooth import Sigmoid, Softmax
from service.nn.data import BernoulliData, Data, GaussianData, OneHotData

_HALVINGS = 60


class Loss(Kind):
    """A loss of arrays (…, samples, outputs), never averaged over samples.

    Where a sample has several positions, (…, samples, *positions, outputs), it is the mean over them.
    """

    definition: ClassVar[str]
    """The loss of one sample, p its prediction and y its target."""
    derivative: ClassVar[str]
    """Its gradient with respect to p."""
    convention: ClassVar[str] = "Differentiable everywhere."
    """Which derivative is taken where there is none."""
    source: ClassVar[str]
    """Where it was proposed or is defined."""
    probability: ClassVar[bool] = False
    """Whether predictions are probabilities."""
    fused: ClassVar[bool] = False
    """Whether `output_delta` is simpler than the chain rule behind some activation."""

    @abstractmethod
    def value(self, prediction: Array, target: Array) -> Array:
        """The loss of each sample, (…, samples)."""

    @abstractmethod
    def gradient(self, prediction: Array, target: Array) -> Array:
        """∂value/∂prediction before `factor` is applied, (…, samples, outputs)."""

    def factor(self, outputs: int) -> float:
        """A constant of the loss, kept separate from its gradient so that it cannot touch any ratio of gradients."""
        return 1.0

    def output_delta(self, activation: Activation, derivative: Array, prediction: Array, target: Array) -> Array:
        """The gradient with respect to what enters the output activation, before `factor`, (…, samples, outputs)."""
        return activation.vjp(derivative, prediction, self.gradient(prediction, target))

    def natural_targets(self, outputs: int) -> Data:
        """The targets this loss is meant for, where a request names none."""
        return GaussianData()

    def chance(self, targets: Array) -> float:
        """The mean loss of what knows nothing of the inputs, for `targets` (samples, outputs).

        A regression says the best constant; a classification that all classes are as likely, or that it cannot tell.
        """
        mean, low, high = targets.mean(axis=0), targets.min(axis=0), targets.max(axis=0)
        slopes = self.gradient(mean, targets)
        if (np.abs(slopes.mean(axis=0)) <= 1e-12 * np.abs(slopes).mean(axis=0)).all():  # as where errors are squared
            return float(self.value(mean, targets).mean())
        for _ in range(_HALVINGS):  # the slope of the mean loss rises with the constant
            middle = 0.5 * (low + high)
            below = self.gradient(middle, targets).mean(axis=0) < 0.0
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return float(self.value(0.5 * (low + high), targets).mean())


class SquaredError(Loss):
    """(p − y)², summed over the outputs."""

    kind: Literal["squared_error"] = "squared_error"
    aliases: ClassVar[Collection[str]] = ("sse", "sum_of_squares", "quadratic")

    definition: ClassVar[str] = "sum_j (p_j - y_j)^2"
    derivative: ClassVar[str] = "2 * (p_j - y_j)"
    source: ClassVar[str] = "Gauss and Legendre; the course's assignment."

    def value(self, prediction: Array, target: Array) -> Array:
        return np.square(prediction - target).sum(axis=-1)

    def gradient(self, prediction: Array, target: Array) -> Array:
        return 2.0 * (prediction - target)


class MeanSquaredError(Loss):
    """(p − y)², averaged over the outputs."""

    kind: Literal["mean_squared_error"] = "mean_squared_error"
    aliases: ClassVar[Collection[str]] = ("mse", "MSELoss", "l2")

    definition: ClassVar[str] = "mean_j (p_j - y_j)^2"
    derivative: ClassVar[str] = "2 * (p_j - y_j) / outputs"
    source: ClassVar[str] = "As torch.nn.MSELoss has it."

    def value(self, prediction: Array, target: Array) -> Array:
        return np.square(prediction - target).mean(axis=-1)

    def gradient(self, prediction: Array, target: Array) -> Array:
        return 2.0 * (prediction - target)

    def factor(self, outputs: int) -> float:
        return 1.0 / outputs


class AbsoluteError(Loss):
    """|p − y|, summed over the outputs: its gradient knows the sign of an error, not its size."""

    kind: Literal["absolute_error"] = "absolute_error"
    aliases: ClassVar[Collection[str]] = ("mae", "L1Loss", "mean_absolute_error", "l1")

    definition: ClassVar[str] = "sum_j |p_j - y_j|"
    derivative: ClassVar[str] = "sign(p_j - y_j)"
    convention: ClassVar[str] = "The derivative at p = y is 0."
    source: ClassVar[str] = "Laplace; torch.nn.L1Loss with reduction by sum."

    def value(self, prediction: Array, target: Array) -> Array:
        return np.abs(prediction - target).sum(axis=-1)

    def gradient(self, prediction: Array, target: Array) -> Array:
        return np.sign(prediction - target)


class Huber(Loss):
    """Half the squared error up to `delta`, linear beyond, summed over the outputs."""

    kind: Literal["huber"] = "huber"
    aliases: ClassVar[Collection[str]] = ("HuberLoss", "SmoothL1Loss")
    delta: Positive = 1.0
    """The error at which the parabola turns into a straight line."""

    definition: ClassVar[str] = "sum_j (r_j^2 / 2 if |r_j| <= delta else delta * (|r_j| - delta / 2)), r = p - y"
    derivative: ClassVar[str] = "max(-delta, min(delta, p_j - y_j))"
    source: ClassVar[str] = "Huber 1964; torch.nn.HuberLoss with reduction by sum."

    def value(self, prediction: Array, target: Array) -> Array:
        size = np.abs(prediction - target)
        inside = np.minimum(size, self.delta)
        return (inside * (size - 0.5 * inside)).sum(axis=-1)

    def gradient(self, prediction: Array, target: Array) -> Array:
        return np.clip(prediction - target, -self.delta, self.delta)


_SMALLEST_VARIANCE = 1e-12
"""p(1 − p) is taken no smaller, as in PyTorch; behind a sigmoid it cancels and nothing is lost."""


class BinaryCrossEntropy(Loss):
    """−y·ln p − (1 − y)·ln(1 − p), summed over the outputs, p a probability."""

    kind: Literal["binary_cross_entropy"] = "binary_cross_entropy"
    aliases: ClassVar[Collection[str]] = ("BCELoss", "bce", "log_loss")

    definition: ClassVar[str] = "-sum_j (y_j * ln(p_j) + (1 - y_j) * ln(1 - p_j))"
    derivative: ClassVar[str] = "(p_j - y_j) / (p_j * (1 - p_j)); behind a sigmoid p_j - y_j with respect to z_j"
    convention: ClassVar[str] = "p * (1 - p) is taken as at least 1e-12, as in PyTorch."
    source: ClassVar[str] = "Cox 1958; torch.nn.BCELoss with reduction by sum."
    probability: ClassVar[bool] = True
    fused: ClassVar[bool] = True

    def value(self, prediction: Array, target: Array) -> Array:
        tiny = np.finfo(prediction.dtype).tiny
        yes, no = np.log(np.maximum(prediction, tiny)), np.log(np.maximum(1.0 - prediction, tiny))
        return -(target * yes + (1.0 - target) * no).sum(axis=-1)

    def gradient(self, prediction: Array, target: Array) -> Array:
        return (prediction - target) / np.maximum(prediction * (1.0 - prediction), _SMALLEST_VARIANCE)

    def output_delta(self, activation: Activation, derivative: Array, prediction: Array, target: Array) -> Array:
        if isinstance(activation, Sigmoid):
            return prediction - target
        return super().output_delta(activation, derivative, prediction, target)

    def natural_targets(self, outputs: int) -> Data:
        return BernoulliData()

    def chance(self, targets: Array) -> float:
        return log(2.0) * targets.shape[-1]


_SMALLEST_PROBABILITY = 1e-12
"""p is taken no smaller where it divides; behind a softmax or a sigmoid it cancels and nothing is lost."""


class CrossEntropy(Loss):
    """−Σ y·ln p over the classes, p a probability."""

    kind: Literal["cross_entropy"] = "cross_entropy"
    aliases: ClassVar[Collection[str]] = ("categorical_crossentropy", "sparse_categorical_crossentropy", "NLLLoss")

    definition: ClassVar[str] = "-sum_j y_j * ln(p_j)"
    derivative: ClassVar[str] = "-y_j / p_j; behind a softmax p_j * sum_k y_k - y_j with respect to z_j"
    convention: ClassVar[str] = "p is taken as at least 1e-12 where it divides."
    source: ClassVar[str] = "Good 1952; torch.nn.CrossEntropyLoss is this one behind a softmax."
    probability: ClassVar[bool] = True
    fused: ClassVar[bool] = True

    def value(self, prediction: Array, target: Array) -> Array:
        return -(target * np.log(np.maximum(prediction, np.finfo(prediction.dtype).tiny))).sum(axis=-1)

    def gradient(self, prediction: Array, target: Array) -> Array:
        return -target / np.maximum(prediction, _SMALLEST_PROBABILITY)

    def output_delta(self, activation: Activation, derivative: Array, prediction: Array, target: Array) -> Array:
        if isinstance(activation, Softmax):
            return prediction * target.sum(axis=-1, keepdims=True) - target
        if isinstance(activation, Sigmoid):
            return target * (prediction - 1.0)
        return super().output_delta(activation, derivative, prediction, target)

    def natural_targets(self, outputs: int) -> Data:
        return OneHotData(classes=outputs)

    def chance(self, targets: Array) -> float:
        return log(targets.shape[-1]) * float(targets.sum(axis=-1).mean())


class BinaryCrossEntropyWithLogits(Loss):
    """The binary cross entropy of σ(p), summed over the outputs: p is a logit, and the output layer linear."""

    kind: Literal["binary_cross_entropy_with_logits"] = "binary_cross_entropy_with_logits"
    aliases: ClassVar[Collection[str]] = ("BCEWithLogitsLoss", "sigmoid_cross_entropy")

    definition: ClassVar[str] = "sum_j (ln(1 + e^(p_j)) - y_j * p_j)"
    derivative: ClassVar[str] = "sigmoid(p_j) - y_j"
    source: ClassVar[str] = "torch.nn.BCEWithLogitsLoss with reduction by sum."

    def value(self, prediction: Array, target: Array) -> Array:
        return (softplus(prediction) - target * prediction).sum(axis=-1)

    def gradient(self, prediction: Array, target: Array) -> Array:
        return Sigmoid().f(prediction) - target

    def natural_targets(self, outputs: int) -> Data:
        return BernoulliData()

    def chance(self, targets: Array) -> float:
        return log(2.0) * targets.shape[-1]


class CrossEntropyWithLogits(Loss):
    """The cross entropy of softmax(p) over the classes: p are logits, and the output layer linear."""

    kind: Literal["cross_entropy_with_logits"] = "cross_entropy_with_logits"
    aliases: ClassVar[Collection[str]] = ("CrossEntropyLoss", "softmax_cross_entropy")

    definition: ClassVar[str] = "sum_j y_j * (ln(sum_k e^(p_k)) - p_j)"
    derivative: ClassVar[str] = "q_j * sum_k y_k - y_j, q = softmax(p)"
    source: ClassVar[str] = "torch.nn.CrossEntropyLoss with reduction by sum."

    def value(self, prediction: Array, target: Array) -> Array:
        shifted = prediction - prediction.max(axis=-1, keepdims=True)
        total: Array = np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
        return (target * (total - shifted)).sum(axis=-1)

    def gradient(self, prediction: Array, target: Array) -> Array:
        return Softmax().f(prediction) * target.sum(axis=-1, keepdims=True) - target

    def natural_targets(self, outputs: int) -> Data:
        return OneHotData(classes=outputs)

    def chance(self, targets: Array) -> float:
        return log(targets.shape[-1]) * float(targets.sum(axis=-1).mean())


class Hinge(Loss):
    """max(0, 1 − y·p), summed over the outputs, y = ±1: no gradient once the margin is kept."""

    kind: Literal["hinge"] = "hinge"
    aliases: ClassVar[Collection[str]] = ("HingeLoss", "hinge_loss", "svm")

    definition: ClassVar[str] = "sum_j max(0, 1 - y_j * p_j)"
    derivative: ClassVar[str] = "where(y_j * p_j < 1, -y_j, 0)"
    convention: ClassVar[str] = "The derivative at the margin, y·p = 1, is 0."
    source: ClassVar[str] = "Cortes & Vapnik 1995."

    def value(self, prediction: Array, target: Array) -> Array:
        return np.maximum(1.0 - target * prediction, 0.0).sum(axis=-1)

    def gradient(self, prediction: Array, target: Array) -> Array:
        return np.where(target * prediction < 1.0, -target, 0.0)

    def natural_targets(self, outputs: int) -> Data:
        return BernoulliData(low=-1.0, high=1.0)

    def chance(self, targets: Array) -> float:
        return float(targets.shape[-1])


if TYPE_CHECKING:
    AnyLoss = Loss
else:
    AnyLoss = one_of("Loss", Loss)
