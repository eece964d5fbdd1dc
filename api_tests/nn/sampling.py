"""What a sample says about a mean: by how many of its own standard errors it misses a closed form."""

from typing import Any

import numpy as np
import numpy.typing as npt

TRIALS = 400
STANDARD_ERRORS = 5.0
"""One in 1.7 million honest samples is refused; the seeds are fixed, so a test passes always or never."""
ROUNDING = 1e-6
"""Of single precision, relative; all that is left where every trial has the same mean."""


def assert_mean(values: npt.NDArray[np.floating[Any]], expected: float) -> None:
    """The mean of (trials, …) is `expected` within its error; trials are independent, entries of one need not be."""
    by_trial = values.reshape(values.shape[0], -1).mean(axis=-1, dtype=np.float64)
    error = by_trial.std(ddof=1) / np.sqrt(by_trial.size)
    tolerance = STANDARD_ERRORS * error + ROUNDING * max(abs(expected), by_trial.std())
    assert abs(by_trial.mean() - expected) <= tolerance, f"{by_trial.mean()} is not {expected} ± {tolerance}"


def assert_mean_and_variance(values: npt.NDArray[np.floating[Any]], mean: float, variance: float) -> None:
    """Entries of (trials, …) have this mean, and this mean square distance from it."""
    assert_mean(values, mean)
    assert_mean(np.square(values.astype(np.float64) - mean), variance)
