"""The two passes: a loop from input to output, and a loop back.

The backward pass is linear in delta, so delta is rescaled to order one after every step and its scale carried as a
power of two: nothing is rounded by it, and a ratio of 1e-1200 is a number like any other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from service.core.arrays import Array, Float64Array
from service.nn.losses import Loss
from service.simulation.compile import Chunk
from service.simulation.diagnosis.measures import Squares, all_between, plain_squares

_LARGEST_SHIFT = {np.dtype(np.float32): 100, np.dtype(np.float64): 1000}
_SMALLEST, _LARGEST = 2.0**-32, 2.0**32
"""Delta is left alone while the sum of its squares is between these: far from what either precision loses."""


@dataclass(frozen=True)
class Forward:
    """What one layer made of its input, each (trials, samples, features)."""

    x: Array
    z: Array
    h: Array


@dataclass(frozen=True)
class Scaled:
    """values · 2**exponent, one exponent for each trial."""

    values: Array  # (trials, samples, features), of order one
    exponent: npt.NDArray[np.integer[Any]]  # (trials, 1, 1)
    sums: Float64Array  # of squares of `values`, (trials,)

    def squares(self) -> Squares:
        """Sums of squares with their scale."""
        return Squares(self.sums, self.exponents())

    def exponents(self) -> npt.NDArray[np.integer[Any]]:
        """log2 of the scale, (trials,)."""
        return self.exponent[:, 0, 0]


@dataclass(frozen=True)
class Backward:
    """What came back to one layer."""

    index: int
    x: Array  # what went into the layer, (trials, samples, features)
    upstream: Scaled  # ∂e/∂h
    delta: Scaled  # ∂e/∂z
    derivative: Array  # φ'(z), (trials, samples, features)


def forward(chunk: Chunk) -> list[Forward]:
    """The signal at every layer; what overflows is infinite or NaN from there on."""
    signals: list[Forward] = []
    x = chunk.arranged(chunk.inputs)
    for layer in chunk.layers:
        z = layer.transform.forward(x)
        h = chunk.arranged(layer.activation.f(z))
        signals.append(Forward(x, z, h))
        x = h
    return signals


def backward(chunk: Chunk, signals: list[Forward], loss: Loss) -> Iterator[Backward]:
    """Delta and the gradients at every layer, from the last to the first; the loss's constant factor is left out."""
    last, prediction, targets = chunk.layers[-1].activation, signals[-1].h, chunk.arranged(chunk.targets)
    derivative = chunk.arranged(last.df(signals[-1].z, prediction))
    unscaled = np.zeros((prediction.shape[0], 1, 1), np.int64)
    upstream = rescaled(chunk.arranged(loss.gradient(prediction, targets)), unscaled)
    delta = rescaled(chunk.arranged(loss.output_delta(last, derivative, prediction, targets)), unscaled)
    for index in reversed(range(len(chunk.layers))):
        yield Backward(index, signals[index].x, upstream, delta, derivative)
        if index > 0:
            upstream = rescaled(chunk.layers[index].transform.backward(delta.values), delta.exponent)
            activation, signal = chunk.layers[index - 1].activation, signals[index - 1]
            derivative = chunk.arranged(activation.df(signal.z, signal.h))
            pulled = activation.pull_back(derivative, signal.h, upstream.values)
            delta = rescaled(chunk.arranged(pulled), upstream.exponent)


def rescaled(values: Array, exponent: npt.NDArray[np.integer[Any]]) -> Scaled:
    """`values` · 2**exponent, with the largest value of a trial brought into [1/2, 1) where their squares stray."""
    sums = plain_squares(values)
    if all_between(sums, _SMALLEST, _LARGEST):
        return Scaled(values, exponent, sums)
    peak = np.abs(values).max(axis=(-2, -1), keepdims=True)
    largest = _LARGEST_SHIFT[values.dtype]
    astray = ~((sums > _SMALLEST) & (sums < _LARGEST))
    shift = np.clip(np.frexp(peak)[1], -largest, largest) * astray[:, None, None]
    scaled = values * np.ldexp(np.ones_like(peak), -shift)
    return Scaled(scaled, exponent + shift, plain_squares(scaled))
