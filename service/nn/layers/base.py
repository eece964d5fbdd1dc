"""What a layer is, in a specification and once it is built."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from service.core.arrays import Array, DType
from service.core.kinds import Kind
from service.nn.activations import Activation, AnyActivation
from service.nn.randomness import Stream


@dataclass(frozen=True)
class ParameterGradients:
    """∂e/∂weights and ∂e/∂bias, averaged over the samples."""

    weights: Array  # (trials, fan_in, fan_out)
    bias: Array  # (trials, fan_out)


class Transform(Protocol):
    """The part of a layer before its activation, with its parameters drawn; it remembers nothing."""

    @property
    def weights(self) -> Array | None:
        """(trials, fan_in, fan_out), or None where there are none."""

    @property
    def bias(self) -> Array | None:
        """(trials, 1, fan_out), or None where there is none."""

    def forward(self, x: Array) -> Array:
        """z from x, (trials, samples, features)."""

    def backward(self, delta: Array) -> Array:
        """∂e/∂x from delta = ∂e/∂z."""

    def gradients(self, x: Array, delta: Array) -> ParameterGradients | None:
        """The gradients of the parameters."""

    def weight_gradient(self, x: Array, delta: Array) -> Array | None:
        """That of the weights alone, summed over the samples, (trials, fan_in, fan_out)."""

    def gradient_by_samples(self, x: Array, delta: Array) -> tuple[Array, Array] | None:
        """A pair of (trials, samples, samples) whose products add up to the squared norm of `weight_gradient`.

        None where that is no cheaper than the gradient itself.
        """


@dataclass(frozen=True)
class BuiltLayer:
    """h = activation(transform(x))."""

    transform: Transform
    activation: Activation


class Layer(Kind):
    """An entry of a network's list of layers."""

    @abstractmethod
    def depth(self) -> int:
        """How many single layers this entry stands for."""

    @abstractmethod
    def unroll(self, path: str) -> Iterator[tuple[str, "SingleLayer"]]:
        """The single layers this entry stands for, each with its pointer in the specification."""


class SingleLayer(Layer):
    """One layer: a transform with parameters or without, and an activation."""

    activation: AnyActivation

    def depth(self) -> int:
        """One."""
        return 1

    def unroll(self, path: str) -> Iterator[tuple[str, "SingleLayer"]]:
        """Itself."""
        yield path, self

    @abstractmethod
    def outputs(self, features: int) -> int:
        """The width of what comes out."""

    @abstractmethod
    def parameters(self, features: int) -> int:
        """The number of weights and biases."""

    @abstractmethod
    def draw_operations(self, features: int) -> float:
        """What drawing the parameters once costs, as operations of a matrix product that take as long."""

    @property
    @abstractmethod
    def weighted(self) -> bool:
        """Whether it has weights, and so counts as a layer of depth."""

    @property
    @abstractmethod
    def random(self) -> bool:
        """Whether two trials draw different parameters."""

    @abstractmethod
    def check(self, path: str, features: int) -> None:
        """Raise ShapeMismatch where explicit values do not fit `features` inputs."""

    @abstractmethod
    def build(self, features: int, weights: Stream, bias: Stream, dtype: DType) -> BuiltLayer:
        """The layer with its parameters drawn, in the precision `dtype`."""
