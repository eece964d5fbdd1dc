"""Arrays → one number for each trial. Signals are (trials, samples, features), results (trials,)."""

from typing import Any

import numpy as np
import numpy.typing as npt

Signal = npt.NDArray[np.floating[Any]]
Decades = npt.NDArray[np.float64]


def log10_rms(values: Signal) -> Decades:
    """log10 of the root mean square over the last two axes; −inf where all is zero, NaN where one is not finite."""
    peak = np.abs(values).max(axis=(-2, -1)).astype(np.float64)
    unit = np.where((peak > 0.0) & np.isfinite(peak), peak, 1.0)
    scaled = (values / unit[:, None, None].astype(values.dtype)).reshape(values.shape[0], -1)
    mean_square = np.square(scaled).mean(axis=-1, dtype=np.float64)
    decades: Decades = 0.5 * np.log10(mean_square) + np.log10(unit)
    return np.where(np.isfinite(peak), decades, np.nan)


def log10_norm(values: Signal) -> Decades:
    """log10 of the root mean square over samples of the Euclidean norm over features."""
    return log10_rms(values) + 0.5 * np.log10(values.shape[-1])


def log10_matrix_norm(values: Signal) -> Decades:
    """log10 of the Frobenius norm over the last two axes."""
    return log10_norm(values) + 0.5 * np.log10(values.shape[-2])


def log10_separation(values: Signal) -> Decades:
    """log10 of rms(h − mean over samples) / rms(h); NaN where h is zero or there is one sample only."""
    if values.shape[-2] == 1:
        return np.full(values.shape[0], np.nan)
    return log10_rms(values - values.mean(axis=-2, keepdims=True)) - log10_rms(values)


def has_identical_columns(matrix: Signal) -> bool:
    """Whether two columns of a (rows, columns) matrix are the same."""
    columns = matrix.shape[-1]
    if np.unique(matrix[0]).size == columns:
        return False
    return len({column.tobytes() for column in np.ascontiguousarray(matrix.T)}) < columns


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
