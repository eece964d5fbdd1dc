"""Slopes of saturating functions, accurate to the last bit where the textbook's form would be rounded to zero."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]


def logistic_slope(x: Array) -> Array:
    """σ(x)·σ(−x), where 1 − σ(x) would be rounded."""
    tail = np.exp(-np.abs(x))
    slope: Array = tail / np.square(1.0 + tail)
    return slope


def sech_squared(x: Array) -> Array:
    """1 / cosh² x, where 1 − tanh² x would be rounded."""
    tail = np.exp(-2.0 * np.abs(x))
    slope: Array = 4.0 * tail / np.square(1.0 + tail)
    return slope


def softplus(x: Array) -> Array:
    """ln(1 + e^x), where e^x would overflow."""
    bent: Array = np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))
    return bent
