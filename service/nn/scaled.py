"""A gradient that neither under- nor overflows: values of order one with a power of two for each trial."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from service.core.arrays import Array, Float64Array, Squares, all_between, plain_squares
from service.nn.activations import Activation

_LARGEST_SHIFT = {np.dtype(np.float32): 100, np.dtype(np.float64): 1000}
_SMALLEST, _LARGEST = 2.0**-32, 2.0**32
"""A gradient is left alone while the sum of its squares is between these: far from what either precision loses."""


Exponents = npt.NDArray[np.integer[Any]]
"""Powers of two, one for each trial."""


@dataclass(frozen=True)
class Scaled:
    """A gradient values · 2**exponent, one exponent for each trial, so that none under- or overflows."""

    values: Array  # (trials, samples, features), of order one
    exponent: Exponents  # (trials, 1, 1)
    sums: Float64Array  # of squares of `values`, (trials,)

    @classmethod
    def of(cls, values: Array, exponent: Exponents) -> Scaled:
        """`values`, (trials, n, m), · 2**exponent, the largest of a trial brought into [1/2, 1) where squares stray."""
        sums = plain_squares(values)
        if all_between(sums, _SMALLEST, _LARGEST):
            return Scaled(values, exponent, sums)
        peak = np.abs(values).max(axis=(-2, -1), keepdims=True)
        largest = _LARGEST_SHIFT[values.dtype]
        astray = ~((sums > _SMALLEST) & (sums < _LARGEST))
        shift = np.clip(np.frexp(peak)[1], -largest, largest) * astray[:, None, None]
        scaled = values * np.ldexp(np.ones_like(peak), -shift)
        return Scaled(scaled, exponent + shift, plain_squares(scaled))

    def __add__(self, other: Scaled) -> Scaled:
        """The sum, its exponent the larger one of each trial; that of a gradient of zeros counts for nothing."""
        if np.array_equal(self.exponent, other.exponent):
            return Scaled.of(self.values + other.values, self.exponent)
        least = np.iinfo(np.int32).min
        exponents = [np.where(one.sums[:, None, None] == 0.0, least, one.exponent) for one in (self, other)]
        top = np.maximum(*exponents)
        largest = _LARGEST_SHIFT[self.values.dtype]
        unit = self.values.dtype.type(1.0)
        parts = [
            one.values * np.where(shift < -largest, unit - unit, np.ldexp(unit, np.maximum(shift, -largest)))
            for one, shift in zip((self, other), (exponent - top for exponent in exponents), strict=True)
        ]
        return Scaled.of(parts[0] + parts[1], np.where(top == least, 0, top))

    def before(self, activation: Activation, derivative: Array, y: Array) -> tuple[Array, Exponents]:
        """∂e/∂z, of the shape of `y`, and its exponent, where this is ∂e/∂y and y = activation(z).

        `derivative = activation.df(z, y)`; `y` is (trials, samples, *shape).
        """
        values = (
            self.values if y.ndim == self.values.ndim else self.values.reshape(*self.values.shape[:2], *y.shape[2:])
        )
        return activation.vjp(derivative, y, values), self.exponent

    def squares(self) -> Squares:
        """Sums of squares with their scale, (trials,)."""
        return Squares(self.sums, self.exponents)

    @property
    def exponents(self) -> Exponents:
        """log2 of the scale, (trials,)."""
        return self.exponent[:, 0, 0]
