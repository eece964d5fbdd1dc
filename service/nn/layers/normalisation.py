"""What normalisations have in common: statistics over some axes, and a gain and mostly a shift of each channel."""

from abc import abstractmethod
from collections.abc import Collection, Sequence
from math import prod, sqrt
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from service.core.arrays import Array, Shape, well_known
from service.core.kinds import Double
from service.nn.initializers import AnyBias, NoBias
from service.nn.initializers.constants import Ones, Zeros
from service.nn.layers.base import (
    OPERATIONS_PER_OUTPUT,
    Account,
    Node,
    Parameter,
    Saved,
    Vjp,
    along_channels,
    bias_of,
    over_positions,
)


class Normalisation(Node):
    """gain · (x − mean) / √(variance + epsilon)."""

    epsilon: Annotated[Double, Field(ge=1e-12, le=1)] = 1e-5
    """What is added to the variance, so that nothing is divided by zero."""
    gain: AnyBias = Ones()
    """How the factor of each feature is drawn, ones unless said otherwise."""

    left_open: ClassVar[Collection[str]] = ("epsilon",)
    account: ClassVar[Account] = "normalisation"
    centred: ClassVar[bool] = True
    """Whether the mean is taken away."""

    @abstractmethod
    def view(self, x: Array) -> Array:
        """`x`, (trials, samples, *positions, channels), in the axes that statistics are taken over."""

    @abstractmethod
    def axes(self, x: Array) -> tuple[int, ...]:
        """The axes of `view(x)` that mean and variance are taken over; `x` is (trials, samples, *shape)."""

    @property
    def operations(self) -> tuple[float, float]:
        return 4000.0, 2.0 * OPERATIONS_PER_OUTPUT  # sums along few features are slow

    def out(self, path: str, shape: Shape, inside: Sequence[Shape]) -> Shape:
        return shape

    def products(self, shape: Shape) -> float:
        return 0.0

    def copies(self, shape: Shape) -> int:
        return prod(shape)

    def parameters(self, shape: Shape) -> list[Parameter]:
        return bias_of("gain", shape[-1:], shape[-1], shape[-1], self.gain)

    def apply(self, arrays: Sequence[Array], x: Array) -> tuple[Array, Saved]:
        seen, axes = self.view(x), self.axes(x)
        centred = seen - seen.mean(axis=axes, keepdims=True) if self.centred else seen
        deviation = np.hypot(_root_mean_square(centred, axes), sqrt(self.epsilon))
        standard = np.divide(centred, deviation, out=centred if self.centred else None)
        return self.shaped(arrays, standard.reshape(x.shape)), (standard, deviation)

    def vjp(self, arrays: Sequence[Array], saved: Saved, dy: Array) -> Vjp:
        standard, deviation = saved

        def dx() -> Array:
            d, axes = self.view(self.before_gain(arrays, dy)), self.axes(dy)
            found = d - standard * _mean_product(d, standard, axes)
            if self.centred:
                found -= d.mean(axis=axes, keepdims=True)
            found /= deviation
            return found.reshape(dy.shape)

        def gradient(name: str) -> Array:
            return over_positions(dy * standard.reshape(standard.shape[0], *dy.shape[1:]) if name == "gain" else dy)

        return dx, gradient

    def shaped(self, arrays: Sequence[Array], standard: Array) -> Array:
        """What is normalised, (trials, samples, *shape), with its gain and shift, where there are any."""
        parts = [along_channels(one, standard) for one in arrays]
        y = standard
        if not isinstance(self.gain, NoBias):
            gain = parts.pop(0)
            y = y if (gain == 1.0).all() else y * gain  # ones and zeros, which are usual, cost nothing
        return y + parts[0] if parts and parts[0].any() else y

    def before_gain(self, arrays: Sequence[Array], dy: Array) -> Array:
        """∂e/∂ what is normalised, of the shape of `dy`."""
        return dy if isinstance(self.gain, NoBias) or (arrays[0] == 1.0).all() else dy * along_channels(arrays[0], dy)


class ShiftedNormalisation(Normalisation):
    """gain · (x − mean) / √(variance + epsilon) + shift."""

    shift: AnyBias = Zeros()
    """How what is added to each feature is drawn, zeros unless said otherwise."""

    def parameters(self, shape: Shape) -> list[Parameter]:
        return [*super().parameters(shape), *bias_of("shift", shape[-1:], shape[-1], shape[-1], self.shift)]


def _mean_product(a: Array, b: Array, axes: tuple[int, ...]) -> Array:
    """The mean of a · b, (trials, …) both, over some axes, kept with length 1."""
    if axes == (-1,):
        return np.vecdot(a, b)[..., None] / a.dtype.type(a.shape[-1])
    return np.mean(a * b, axis=axes, keepdims=True)


def _root_mean_square(x: Array, axes: tuple[int, ...]) -> Array:
    """Over some axes of `x`, (trials, …), kept with length 1; by numbers of order one where squares leave the range."""
    squares = _mean_product(x, x, axes)
    known = well_known(squares, x.dtype)
    found: Array = np.sqrt(squares)
    if known.all():
        return found
    largest = np.abs(x).max(axis=axes, keepdims=True)
    unit = x / np.where(largest > 0.0, largest, x.dtype.type(1.0))
    return np.where(known, found, largest * np.sqrt(np.square(unit).mean(axis=axes, keepdims=True)))
