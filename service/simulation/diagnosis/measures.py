"""Arrays → one number for each trial. Signals are (trials, samples, features), results (trials,)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from service.core.arrays import Array, is_innermost

Signal = Array
Decades = npt.NDArray[np.float64]

LOG10_2 = float(np.log10(2.0))
_TRUSTED = {
    np.dtype(kind): (
        float(np.finfo(kind).tiny / np.finfo(kind).eps ** 2),
        float(np.finfo(kind).max * np.finfo(kind).eps),
    )
    for kind in (np.float32, np.float64)
}
"""Between these, a sum of squares has lost nothing to underflow that would show, and nothing to overflow."""
_WELL_CONDITIONED = 0.1
"""A sum of squares about the mean is a difference of two sums where it is at least this share of the first."""

_LEAST_SHARE_LEFT = 1e-4
"""A squared norm is known from products of samples if at least this share is left of what it could be."""


@dataclass(frozen=True)
class Squares:
    """Sums of squares that neither overflow nor underflow: sums · 4**exponents, (trials,) each."""

    sums: Decades
    exponents: npt.NDArray[Any]


def plain_squares(values: Signal) -> Decades:
    """Sums of squares over the last two axes, (trials,); infinite or 0 where the precision holds no square of them."""
    if is_innermost(values):
        sums: Decades = np.einsum("tab,tab->t", values, values)
    else:
        flat = values.reshape(values.shape[0], -1)
        sums = np.vecdot(flat, flat)
    return sums.astype(np.float64, copy=False)


def squares(values: Signal) -> Squares:
    """Sums of squares over the last two axes; NaN where a value is not finite."""
    sums = plain_squares(values)
    exponents = np.zeros(sums.shape)
    if not all_between(sums, *_TRUSTED[values.dtype]):
        rows = ~well_known(sums, values.dtype)
        scaled, exponents[rows] = _of_order_one(values[rows])
        sums[rows] = plain_squares(scaled)
    return Squares(sums, exponents)


def signal_squares(before: Signal, signal: Signal) -> Decades:
    """Sums of squares of a signal, of the signal less its mean over samples, and of what was before φ, (3, trials)."""
    sums, samples = plain_squares(signal), signal.shape[-2]
    centred = sums - plain_squares(_sum_over_samples(signal)) / samples
    return np.stack([sums, centred, sums if before is signal else plain_squares(before)])


def signal_squares_known(found: Decades, precision: np.dtype[Any]) -> npt.NDArray[Any]:
    """Where `signal_squares` are as exact as can be: nothing overflows or underflows, and no difference cancels."""
    sums, centred, before = found
    return well_known(sums, precision) & np.isfinite(before) & (centred >= _WELL_CONDITIONED * sums)


def centred_squares(values: Signal) -> Squares:
    """Sums of squares of `values` less their mean over the samples; NaN for one sample."""
    if values.shape[-2] == 1:
        return Squares(np.full(values.shape[0], np.nan), np.zeros(values.shape[0]))
    return squares(values - values.mean(axis=-2, keepdims=True))


def squares_by_samples(of_x: Signal, of_delta: Signal) -> Decades:
    """‖xᵀ·δ‖² from x·xᵀ and δ·δᵀ, each (trials, samples, samples); NaN where too much of it cancels to be known."""
    one, other = of_x.reshape(of_x.shape[0], -1), of_delta.reshape(of_delta.shape[0], -1)
    sums = np.vecdot(one, other).astype(np.float64, copy=False)
    traces = np.trace(of_x, axis1=-2, axis2=-1) * np.trace(of_delta, axis1=-2, axis2=-1).astype(np.float64)
    return np.where(well_known(sums, of_x.dtype) & (sums > _LEAST_SHARE_LEFT * traces), sums, np.nan)


def well_known(sums: Decades, precision: np.dtype[Any]) -> npt.NDArray[np.bool_]:
    """Where sums of squares have lost nothing to overflow or underflow."""
    low, high = _TRUSTED[precision]
    return (sums > low) & (sums < high)


def all_between(sums: Decades, low: float, high: float) -> bool:
    """Whether all of (trials,) are; not where one is not a number."""
    return bool(np.minimum.reduce(sums) > low and np.maximum.reduce(sums) < high)


def all_finite(values: Signal) -> npt.NDArray[np.bool_]:
    """Whether every value of a trial is finite, (trials,)."""
    return np.logical_and.reduce(np.isfinite(values), axis=(-2, -1))


def _sum_over_samples(signal: Signal) -> Signal:
    """(trials, 1, features)."""
    if is_innermost(signal):
        return np.add.reduce(signal, axis=-2, keepdims=True)
    return np.ones((1, signal.shape[-2]), signal.dtype) @ signal


def _of_order_one(values: Signal) -> tuple[Signal, Decades]:
    """`values` · 2**−exponent with the largest of each trial brought into [1/2, 1), and the exponents."""
    exponents = np.frexp(np.abs(values).max(axis=(-2, -1)))[1]
    return np.ldexp(values, -exponents[:, None, None]), exponents.astype(np.float64)


def has_identical_columns(*parts: Signal) -> bool:
    """Whether two columns are the same of the matrix made of the (rows, columns) `parts`, one below the other."""
    first, columns = parts[0][0], parts[0].shape[-1]
    if len(set(first.tolist())) == columns:  # as it is nearly always, and then nothing is copied
        return False
    return len({column.tobytes() for column in np.ascontiguousarray(np.concatenate(parts).T)}) < columns


def histogram(values: npt.NDArray[Any], bins: int) -> tuple[list[float], list[int]]:
    """Edges and counts of the finite values over their range; no bins where there are none."""
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return [], []
    low, high = float(finite.min()), float(finite.max())
    least = bins * float(np.spacing(max(abs(low), abs(high))))  # edges closer than this would be one number
    margin = max(0.0, least - 0.5 * (high - low))
    counts, edges = np.histogram(finite.astype(np.float64), bins=bins, range=(low - margin, high + margin))
    return edges.tolist(), counts.tolist()
