"""The fully connected layer."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from service.core.arrays import Array, DType, product
from service.core.errors import ShapeMismatch
from service.core.kinds import Int64
from service.nn.activations import AnyActivation
from service.nn.activations.linear import Linear
from service.nn.initializers import AnyInitializer
from service.nn.initializers.lecun_normal import LecunNormal
from service.nn.initializers.zeros import Zeros
from service.nn.layers.base import BuiltLayer, ParameterGradients, SingleLayer
from service.nn.randomness import Stream

WIDEST = 65536
_SHARE_WORTH_IT = 0.5
"""Products over samples are taken where they are at most this share of the operations: they are smaller and slower."""


class Dense(SingleLayer):
    """activation(x·W + b), W of shape (fan_in, fan_out)."""

    kind: Literal["dense"] = "dense"
    units: Annotated[Int64, Field(ge=1, le=WIDEST)]
    """How many outputs there are."""
    activation: AnyActivation = Linear()
    """The activation, linear unless said otherwise."""
    weights: AnyInitializer = LecunNormal()
    """How the weights are drawn, N(0, 1/fan_in) unless said otherwise."""
    bias: AnyInitializer = Zeros()
    """How the bias is drawn, zeros unless said otherwise."""

    def outputs(self, features: int) -> int:
        """The number of units."""
        return self.units

    def parameters(self, features: int) -> int:
        """Weights and biases."""
        return (features + 1) * self.units

    def draw_operations(self, features: int) -> float:
        """Of weights and bias."""
        return self.weights.draw_operations((features, self.units)) + self.bias.draw_operations((1, self.units))

    @property
    def weighted(self) -> bool:
        """True."""
        return True

    @property
    def random(self) -> bool:
        """Whether weights or bias are drawn."""
        return self.weights.random or self.bias.random

    def check(self, path: str, features: int) -> None:
        """Explicit weights are (fan_in, units), an explicit bias is (units,) or (1, units)."""
        found = self.weights.shape_of_values()
        if found not in (None, (features, self.units)):
            raise ShapeMismatch(f"{path}/weights/values", found, (features, self.units))
        found = self.bias.shape_of_values()
        if found not in (None, (self.units,), (1, self.units)):
            raise ShapeMismatch(f"{path}/bias/values", found, (self.units,))

    def build(self, features: int, weights: Stream, bias: Stream, dtype: DType) -> BuiltLayer:
        """An affine map in front of the activation."""
        drawn = Affine(
            self.weights.draw((features, self.units), features, weights).astype(dtype, copy=False),
            self.bias.draw((1, self.units), features, bias).astype(dtype, copy=False),
        )
        return BuiltLayer(drawn, self.activation)


@dataclass(frozen=True)
class Affine:
    """z = x @ weights + bias."""

    weights: Array  # (trials, fan_in, fan_out)
    bias: Array  # (trials, 1, fan_out)

    def forward(self, x: Array) -> Array:
        """z, (trials, samples, fan_out)."""
        z = product(x, self.weights)
        if self.bias.any():  # zeros, the usual bias, cost nothing
            z = z + self.bias
        return z

    def backward(self, delta: Array) -> Array:
        """∂e/∂x, (trials, samples, fan_in)."""
        return product(delta, self.weights.swapaxes(-1, -2))

    def gradients(self, x: Array, delta: Array) -> ParameterGradients:
        """Averages over the samples of xᵀ·delta and of delta."""
        return ParameterGradients(self.weight_gradient(x, delta) / x.shape[-2], delta.mean(axis=-2))

    def weight_gradient(self, x: Array, delta: Array) -> Array:
        """xᵀ·delta."""
        return product(x.swapaxes(-1, -2), delta)

    def gradient_by_samples(self, x: Array, delta: Array) -> tuple[Array, Array] | None:
        """‖xᵀ·δ‖² = Σ (x·xᵀ)∘(δ·δᵀ): products of samples with samples, where these are few against the widths."""
        samples, fan_in, fan_out = x.shape[-2], x.shape[-1], delta.shape[-1]
        if samples * (fan_in + fan_out) > _SHARE_WORTH_IT * fan_in * fan_out:
            return None
        return x @ x.swapaxes(-1, -2), delta @ delta.swapaxes(-1, -2)
