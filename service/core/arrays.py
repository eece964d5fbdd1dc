"""What an array is here, the order of its axes, sums of squares that neither overflow nor underflow, and directions.

Signals are `(trials, samples, features)`, weights `(trials, fan_in, fan_out)`. The leading axis is 1 where every
trial has the same values. Code counts its axes from the end, so the leading one is free.

In memory the last axis is the innermost one, and matrices are multiplied by BLAS one by one. Where they are so small
that a call of BLAS takes longer than the product, the trials may be innermost instead, and everything runs along them.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import ml_dtypes  # with it NumPy knows bfloat16
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]
Float64Array = npt.NDArray[np.float64]
DType = np.dtype[Any]
Shape = tuple[int, ...]

LOG10_2 = float(np.log10(2.0))

_SHORT = 32
"""So many numbers are looked at one by one in less time than NumPy takes to begin."""
_COPIED_SIZE = 1 << 12
"""A transposed matrix of this size or less is copied in less time than BLAS loses by reading it across."""
_TRUSTED = {
    np.dtype(kind): (
        float(np.finfo(kind).tiny / np.finfo(kind).eps ** 2),
        float(np.finfo(kind).max * np.finfo(kind).eps),
    )
    for kind in (np.float32, np.float64)
}
"""Between these, a sum of squares has lost nothing to underflow that would show, and nothing to overflow."""

_FLOAT16_TINY, _FLOAT16_BEYOND, _INFINITY = np.float32(2.0**-14), np.float32(65520.0), np.float32(np.inf)
"""The smallest float16 with all digits, and what is rounded to infinity."""
_EXPONENT_BITS = np.int32(0x7F800000)
"""The bits of a float32 that say its power of two."""
_TO_ITS_LAST_DIGIT = np.float32(1.5 * 2.0**13)
"""float32 has 13 digits more than float16."""


def innermost(values: Array) -> Array:
    """`values`, (trials, n, m), with those of one place in all trials next to each other in memory."""
    return values if is_innermost(values) else np.ascontiguousarray(values.transpose(1, 2, 0)).transpose(2, 0, 1)


def is_innermost(values: Array) -> bool:
    """Whether the trials of `values`, (trials, n, m), are the innermost axis in memory."""
    return values.strides[0] == values.itemsize


class Limits(NamedTuple):
    """The numbers at the ends of a floating-point format."""

    max: float
    """The largest one."""
    tiny: float
    """The smallest one with all digits."""
    smallest_subnormal: float
    """The smallest one but 0."""

    @classmethod
    def of(cls, precision: DType) -> "Limits":
        """The numbers at the ends of `precision`."""
        found: Any = ml_dtypes.finfo(precision)  # type: ignore[no-untyped-call]
        return cls(float(found.max), float(found.tiny), float(found.smallest_subnormal))


def stored(values: Array, precision: DType) -> Array:
    """float32 `values`, of any shape, rounded to numbers of `precision`: infinite beyond its largest, 0 below all."""
    if precision == np.float16:
        return _as_float16(values)
    rounded: Array = values.astype(precision).astype(values.dtype)
    return rounded


def _as_float16(values: Array) -> Array:
    """float32 `values`, of any shape, as NumPy rounds them to float16, and twenty times as fast where they are tiny.

    Adding a number whose last digit is that of float16 at this size, and taking it away, rounds to even.
    """
    size = np.abs(values)
    power = np.maximum(size, _FLOAT16_TINY).view(np.int32) & _EXPONENT_BITS
    last_digit = power.view(np.float32) * _TO_ITS_LAST_DIGIT
    with np.errstate(invalid="ignore", over="ignore"):  # infinity less infinity
        rounded: Array = (values + last_digit) - last_digit
    if size.size and size.max() < _FLOAT16_BEYOND:
        return rounded
    return np.where(size >= _FLOAT16_BEYOND, np.copysign(_INFINITY, values), rounded)


def transposed(values: Array) -> Array:
    """`values`, (…, n, m), as (…, m, n)."""
    return values.swapaxes(-1, -2)


def product(a: Array, b: Array) -> Array:
    """a @ b, (trials, n, k) by (trials, k, m)."""
    if is_innermost(a):
        return np.einsum("tnk,tkm->tnm", a, innermost(b))
    rows, inner, columns = *a.shape[-2:], b.shape[-1]
    small = inner * columns <= _COPIED_SIZE and 2 * rows >= max(inner, columns)
    return a @ (np.ascontiguousarray(b) if small else b)


class Squares(NamedTuple):
    """Sums of squares that neither overflow nor underflow: sums · 4**exponents, (trials,) each."""

    sums: Float64Array
    exponents: npt.NDArray[Any]


def plain_squares(values: Array) -> Float64Array:
    """Sums of squares of (trials, n, m), (trials,); infinite or 0 where the precision holds no square of them."""
    if is_innermost(values):
        sums: Float64Array = np.einsum("tab,tab->t", values, values)
    else:
        flat = values.reshape(values.shape[0], -1)
        sums = np.vecdot(flat, flat)
    return sums.astype(np.float64, copy=False)


def squares(values: Array) -> Squares:
    """Sums of squares of (trials, n, m); NaN where a value is not finite."""
    sums = plain_squares(values)
    exponents = np.zeros(sums.shape)
    if not all_between(sums, *_TRUSTED[values.dtype]):
        rows = ~well_known(sums, values.dtype)
        scaled, exponents[rows] = _of_order_one(values[rows])
        sums[rows] = plain_squares(scaled)
    return Squares(sums, exponents)


def well_known(sums: Array, precision: DType) -> npt.NDArray[np.bool_]:
    """Where sums of squares, of any shape, have lost nothing to overflow or underflow."""
    low, high = _TRUSTED[precision]
    return (sums > low) & (sums < high)


def all_between(sums: Float64Array, low: float, high: float) -> bool:
    """Whether all of (trials,) are; not where one is not a number."""
    if sums.size > _SHORT:
        return bool(np.minimum.reduce(sums) > low and np.maximum.reduce(sums) < high)
    return all(low < one < high for one in sums.tolist())


def _of_order_one(values: Array) -> tuple[Array, Float64Array]:
    """(trials, n, m) · 2**−exponent with the largest of each trial in [1/2, 1), and the exponents, (trials,)."""
    exponents = np.frexp(np.abs(values).max(axis=(-2, -1)))[1]
    return np.ldexp(values, -exponents[:, None, None]), exponents.astype(np.float64)


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


_TAIL = 1.0 / 64.0
"""A slope of tanh below is not 1 − tanh², of which nothing is left in the end."""
_FEW = 16
"""Where no more than one of so many slopes is in a tail, they are picked out."""


def tanh_slope(x: Array, y: Array) -> Array:
    """1 / cosh² x, of the shape of x, where y = tanh x.

    In double precision it is 1 − y² but for the tails: in a third of the time, and to 1e-14.
    """
    with np.errstate(over="ignore"):  # and the slope is 0 there
        if y.dtype == np.float32:
            return 1.0 / np.square(np.cosh(x))
        slope: Array = 1.0 - np.square(y)
        count = np.count_nonzero(tail := slope < _TAIL)
        if _FEW * count > slope.size:
            return np.where(tail, 1.0 / np.square(np.cosh(x)), slope)
        if count > 0:
            places = np.flatnonzero(tail)
            slope.put(places, 1.0 / np.square(np.cosh(x.take(places))))
    return slope


def softplus(x: Array) -> Array:
    """ln(1 + e^x), of the shape of x, where e^x would overflow."""
    bent: Array = np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))
    return bent


def quotient(a: Array, b: Array, of_zeros: float) -> Array:
    """a / b, of one shape, `of_zeros` where b is zero."""
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Array = a / b
    zero = b == 0.0
    return np.where(zero, b.dtype.type(of_zeros), found) if zero.any() else found


_FEW_FEATURES = 16
"""Of so few, sums are a product of each trial with ones: a call for each sample would take twice as long."""
WELL_CONDITIONED = 0.1
"""A mean square about the mean is a difference of two numbers where it is at least this share of the first."""
_SAME_DIRECTION = 8.0
"""Directions that differ by no more than so many roundings are one."""


def squares_by_sample(signal: Array) -> Array:
    """Sums of squares over the features of (trials, samples, features), (trials, samples)."""
    if is_innermost(signal):
        return np.einsum("tab,tab->ta", signal, signal)
    if signal.shape[-1] > _FEW_FEATURES:
        return np.vecdot(signal, signal)
    sums: Array = np.square(signal) @ np.ones(signal.shape[-1], signal.dtype)
    return sums


def stacked(parts: Sequence[Array]) -> Array:
    """Arrays of one shape, (trials, n) each, as (parts, trials, n), with the trials innermost where they are."""
    if parts[0].strides[0] == parts[0].itemsize:
        return np.stack([one.T for one in parts]).swapaxes(-1, -2)
    return np.stack(parts)


def summed_directions(signal: Array, by_sample: Array) -> Array:
    """Σ h/‖h‖ over the samples of (trials, samples, features), (trials, features), from sums of squares of each.

    NaN where a sample is zero or too small. Of one feature it is not the sum but all of them, signs, (trials, samples).
    """
    if signal.shape[-1] == 1:
        return np.sign(signal[..., 0])
    weights = np.sqrt(by_sample)
    np.divide(1.0, weights, out=weights)
    if is_innermost(signal):
        return np.einsum("ta,tab->tb", weights, signal)
    found: Array = (weights[:, None, :] @ signal)[:, 0]
    return found


def angular_spread(directions: Array, samples: int, signs: bool) -> Float64Array:
    """1 − ‖mean of h/‖h‖‖² over the samples, (…, trials): how far directions are from their mean, in the mean square.

    `directions` is their sum, (…, trials, features), or `signs`, (…, trials, samples), where it is exact. NaN where
    there are fewer than two samples, and where the sum is NaN.
    """
    if samples < 2:
        return np.full(directions.shape[:-1], np.nan)
    if signs:
        used = np.count_nonzero(directions, axis=-1)
        mean = np.add.reduce(directions, axis=-1).astype(np.float64) / used
        return np.where(used < 2, np.nan, 1.0 - np.square(mean))
    found: Float64Array = 1.0 - np.vecdot(directions, directions).astype(np.float64) / samples**2
    return found


def angular_spread_carefully(signal: Array) -> Float64Array:
    """The same of (trials, samples, features), of any size: samples of zeros are left out; NaN below two others."""
    if signal.shape[0] == 0:
        return np.empty(0)
    largest = np.abs(signal).max(axis=-1, keepdims=True).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        directions = signal / largest  # of zeros: NaN
        directions = directions / np.sqrt(np.square(directions).sum(axis=-1, keepdims=True))
    used = largest > 0.0  # (trials, samples, 1)
    counts = used.sum(axis=-2)
    directions = np.where(used, directions, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = directions.sum(axis=-2, keepdims=True) / counts[..., None]
        apart = np.where(used, directions - mean, 0.0)
        found: Float64Array = np.square(apart).sum(axis=(-2, -1)) / counts[..., 0]
    found[found < (_SAME_DIRECTION * np.finfo(signal.dtype).eps) ** 2] = 0.0
    return np.where(counts[..., 0] < 2, np.nan, found)


def log10_spread_of_steps(signal: Array, shape: Shape) -> Float64Array:
    """How far apart the directions of the steps of each sample are, in decades, (trials or 1,).

    `signal` is (trials, samples, features), of which one sample has the shape (steps, features); the mean over samples
    is inside the logarithm.
    """
    trials, samples = signal.shape[:2]
    steps = signal.reshape(trials * samples, *shape)
    by_step = squares_by_sample(steps)
    spread = angular_spread(summed_directions(steps, by_step), shape[0], shape[1] == 1)
    suspect = ~(well_known(by_step, signal.dtype).all(axis=-1) & (spread >= WELL_CONDITIONED))
    if suspect.any():
        spread[suspect] = angular_spread_carefully(steps[suspect])
    spread = spread.reshape(trials, samples)
    known = ~np.isnan(spread)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Float64Array = 0.5 * np.log10(np.where(known, spread, 0.0).sum(axis=1) / known.sum(axis=1))
    return found
