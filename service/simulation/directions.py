"""How far apart the directions of vectors are: those of samples, or of the steps of one sample."""

import numpy as np

from service.core.arrays import Array, Float64Array, Shape, is_innermost

_SAME_DIRECTION = 8.0
"""Directions that differ by no more than so many roundings are one."""


def squares_by_sample(signal: Array) -> Array:
    """Sums of squares over the features of (trials, samples, features), (trials, samples)."""
    return np.einsum("tab,tab->ta", signal, signal) if is_innermost(signal) else np.vecdot(signal, signal)


def angular_spread(signal: Array, by_sample: Array) -> Float64Array:
    """1 − ‖mean of h/‖h‖‖² over the samples, (trials,): how far directions are from their mean, in the mean square.

    NaN where a sample is zero or too small, and where there are fewer than two.
    """
    samples = signal.shape[-2]
    if samples < 2:
        return np.full(signal.shape[0], np.nan)
    weights = 1.0 / np.sqrt(by_sample)
    along = is_innermost(signal)
    total = np.einsum("ta,tab->tb", weights, signal) if along else (weights[:, None, :] @ signal)[:, 0]
    found: Float64Array = 1.0 - np.vecdot(total, total).astype(np.float64) / samples**2
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
    spread = angular_spread_carefully(signal.reshape(trials * samples, *shape)).reshape(trials, samples)
    known = ~np.isnan(spread)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Float64Array = 0.5 * np.log10(np.where(known, spread, 0.0).sum(axis=1) / known.sum(axis=1))
    return found
