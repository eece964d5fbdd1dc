"""What an array is here, and the order of its axes.

Signals are `(trials, samples, features)`, weights `(trials, fan_in, fan_out)`. The leading axis is 1 where every
trial has the same values. Code counts its axes from the end, so the leading one is free.

In memory the last axis is the innermost one, and matrices are multiplied by BLAS one by one. Where they are so small
that a call of BLAS takes longer than the product, the trials may be innermost instead, and everything runs along them.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]
Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]
DType = np.dtype[Any]
Shape = tuple[int, ...]

_COPIED_SIZE = 1 << 12
"""A transposed matrix of this size or less is copied in less time than BLAS loses by reading it across."""


def innermost(values: Array) -> Array:
    """`values`, (trials, n, m), with those of one place in all trials next to each other in memory."""
    return values if is_innermost(values) else np.ascontiguousarray(values.transpose(1, 2, 0)).transpose(2, 0, 1)


def is_innermost(values: Array) -> bool:
    """Whether the trials are."""
    return values.strides[0] == values.itemsize


def product(a: Array, b: Array) -> Array:
    """a @ b, (trials, n, k) by (trials, k, m)."""
    if is_innermost(a):
        return np.einsum("tnk,tkm->tnm", a, innermost(b))
    rows, inner, columns = *a.shape[-2:], b.shape[-1]
    small = inner * columns <= _COPIED_SIZE and 2 * rows >= max(inner, columns)
    return a @ (np.ascontiguousarray(b) if small else b)


def logistic_slope(x: Array) -> Array:
    """σ(x)·σ(−x), of the shape of x, where 1 − σ(x) would be rounded to zero."""
    tail = np.exp(-np.abs(x))
    slope: Array = tail / np.square(1.0 + tail)
    return slope


def sech_squared(x: Array) -> Array:
    """1 / cosh² x, of the shape of x, where 1 − tanh² x would be rounded to zero."""
    tail = np.exp(-2.0 * np.abs(x))
    slope: Array = 4.0 * tail / np.square(1.0 + tail)
    return slope


def softplus(x: Array) -> Array:
    """ln(1 + e^x), of the shape of x, where e^x would overflow."""
    bent: Array = np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))
    return bent
