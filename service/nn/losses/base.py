"""What a loss is: a function of one sample's prediction and target, and its gradient."""

from abc import abstractmethod
from typing import ClassVar

from service.core.arrays import Array
from service.core.kinds import Kind
from service.nn.activations import Activation
from service.nn.data.base import Data
from service.nn.data.gaussian import GaussianData


class Loss(Kind):
    """A loss of arrays (…, samples, outputs), never averaged over samples."""

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

    @abstractmethod
    def value(self, prediction: Array, target: Array) -> Array:
        """The loss of each sample, (…, samples)."""

    @abstractmethod
    def gradient(self, prediction: Array, target: Array) -> Array:
        """∂value/∂prediction before `factor` is applied, (…, samples, outputs)."""

    def factor(self, outputs: int) -> float:
        """A constant of the loss, kept apart from its gradient so that it cannot touch any ratio of gradients."""
        return 1.0

    def output_delta(self, activation: Activation, derivative: Array, prediction: Array, target: Array) -> Array:
        """The gradient with respect to what enters the output activation, before `factor`, (…, samples, outputs)."""
        return activation.pull_back(derivative, prediction, self.gradient(prediction, target))

    def natural_targets(self, outputs: int) -> Data:
        """The targets this loss is meant for, where a request names none."""
        return GaussianData()
