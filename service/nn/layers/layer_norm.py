"""Layer normalisation."""

from collections.abc import Sequence
from math import sqrt
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from service.core.arrays import Array, Shape
from service.core.kinds import Double
from service.nn.initializers import AnyInitializer
from service.nn.initializers.base import Ones, Zeros
from service.nn.layers.base import OPERATIONS_PER_OUTPUT, Account, Node, Parameter, Saved, Vjp


class LayerNorm(Node):
    """gain · (x − mean) / √(variance + epsilon) + shift, mean and variance over the features of each sample."""

    kind: Literal["layer_norm"] = "layer_norm"
    epsilon: Annotated[Double, Field(ge=1e-12, le=1)] = 1e-5
    """What is added to the variance, so that nothing is divided by zero."""
    gain: AnyInitializer = Ones()
    """How the factor of each feature is drawn, ones unless said otherwise."""
    shift: AnyInitializer = Zeros()
    """How what is added to each feature is drawn, zeros unless said otherwise."""

    account: ClassVar[Account] = "normalisation"
    definition: ClassVar[str] = "gain_j * (x_j - mean(x)) / sqrt(variance(x) + epsilon) + shift_j"
    source: ClassVar[str] = "Ba, Kiros & Hinton 2016; torch.nn.LayerNorm over the last axis."

    @property
    def operations(self) -> tuple[float, float]:
        return 4000.0, 3.0 * OPERATIONS_PER_OUTPUT  # sums along few features are slow

    def out(self, path: str, shape: Shape, inside: Sequence[Shape]) -> Shape:
        return shape

    def parameters(self, shape: Shape) -> list[Parameter]:
        features = shape[-1]
        return [
            Parameter("gain", (features,), features, features, self.gain),
            Parameter("shift", (features,), features, features, self.shift),
        ]

    def apply(self, arrays: Sequence[Array], x: Array) -> tuple[Array, Saved]:
        gain, shift = arrays
        centred = x - x.mean(axis=-1, keepdims=True)
        largest = np.abs(centred).max(axis=-1, keepdims=True)
        unit = centred / np.where(largest > 0.0, largest, x.dtype.type(1.0))  # whose squares stay in range
        deviation = np.hypot(largest * np.sqrt(np.square(unit).mean(axis=-1, keepdims=True)), sqrt(self.epsilon))
        standard = centred / deviation
        return standard * gain + shift, (standard, deviation)

    def vjp(self, arrays: Sequence[Array], saved: Saved, dy: Array) -> Vjp:
        standard, deviation = saved

        def dx() -> Array:
            d = dy * arrays[0]
            along = (d * standard).mean(axis=-1, keepdims=True)
            return (d - d.mean(axis=-1, keepdims=True) - standard * along) / deviation

        def gradient(name: str) -> Array:
            return (dy * standard if name == "gain" else dy).sum(axis=-2, keepdims=True)

        return dx, gradient
