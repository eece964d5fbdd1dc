"""An activation that stands alone."""

from dataclasses import dataclass
from typing import Literal

from service.core.arrays import Array, DType
from service.nn.activations import AnyActivation
from service.nn.layers.base import BuiltLayer, SingleLayer
from service.nn.randomness import Stream


class ActivationLayer(SingleLayer):
    """activation(x), no parameters; behind a linear dense layer, the same network as an activation inside it."""

    kind: Literal["activation"] = "activation"
    activation: AnyActivation
    """The activation."""

    def outputs(self, features: int) -> int:
        """As many as inputs."""
        return features

    def parameters(self, features: int) -> int:
        """None."""
        return 0

    def draw_operations(self, features: int) -> float:
        """None."""
        return 0.0

    @property
    def weighted(self) -> bool:
        """False."""
        return False

    @property
    def random(self) -> bool:
        """False."""
        return False

    def check(self, path: str, features: int) -> None:
        """Nothing to check."""

    def build(self, features: int, weights: Stream, bias: Stream, dtype: DType) -> BuiltLayer:
        """Nothing in front of the activation."""
        return BuiltLayer(Unchanged(), self.activation)


@dataclass(frozen=True)
class Unchanged:
    """z = x."""

    weights: None = None
    bias: None = None

    def forward(self, x: Array) -> Array:
        """x itself."""
        return x

    def backward(self, delta: Array) -> Array:
        """Delta itself."""
        return delta

    def gradients(self, x: Array, delta: Array) -> None:
        """None: there are no parameters."""

    def weight_gradient(self, x: Array, delta: Array) -> None:
        """None: there are no weights."""

    def gradient_by_samples(self, x: Array, delta: Array) -> None:
        """None: there are no parameters."""
