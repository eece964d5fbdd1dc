"""A number over trials → its spread: quantiles, mean, deviation, and how surely its median is known."""

import numpy as np
from scipy.special import bdtr

from service.diagnosis.measures import Decades
from service.results import Spread

QUANTILES = (0.5, 0.05, 0.95)
CONFIDENCE = 0.95


def spread(values: Decades) -> Spread:
    """The spread of (trials,) over the finite trials."""
    return spreads(values[:, None])[0]


def spreads(values: Decades) -> list[Spread]:
    """The spread of every column of (trials, columns) over its finite entries; quantiles by linear interpolation."""
    finite = np.isfinite(values)
    counts, some = finite.sum(axis=0), np.maximum(finite.sum(axis=0), 1)
    peak = np.abs(np.where(finite, values, 0.0)).max(axis=0)
    unit = np.ldexp(1.0, np.frexp(peak)[1] - 1)  # so that nothing overflows on its way to a square, or is rounded
    scaled = np.where(finite, values, 0.0) / unit
    ranked = np.where(counts > 0, np.sort(np.where(finite, scaled, np.inf), axis=0), 0.0)
    mean = scaled.sum(axis=0) / some
    std = np.sqrt(np.where(finite, np.square(scaled - mean), 0.0).sum(axis=0) / some)
    summaries = [*(_quantile(ranked, some, share) for share in QUANTILES), mean, std]
    return [
        Spread(median=median, p05=p05, p95=p95, mean=average, std=wide, count=count)
        if count
        else Spread(median=None, p05=None, p95=None, mean=None, std=None, count=0)
        for median, p05, p95, average, wide, count in zip(
            *((unit * summary).tolist() for summary in summaries), counts.tolist(), strict=True
        )
    ]


def median_interval(values: Decades) -> tuple[float, float] | None:
    """The 95 % confidence interval of the median of (trials,), whatever their distribution; None without a finite one.

    Its ends are the order statistics that miss the median with a probability of at most 2.5 % each, by the binomial
    distribution; the extremes where there are fewer than six trials, and then it covers less.
    """
    ranked = np.sort(values[np.isfinite(values)])
    if ranked.size == 0:
        return None
    misses = bdtr(np.arange(ranked.size // 2), ranked.size, 0.5)  # of the 1st, 2nd, … smallest value as lower end
    low = max(0, int((misses <= 0.5 * (1.0 - CONFIDENCE)).sum()) - 1)
    return float(ranked[low]), float(ranked[ranked.size - 1 - low])


def power(decades: Decades) -> Decades:
    """10**decades, infinite where no float holds it."""
    with np.errstate(over="ignore"):
        return np.power(10.0, decades)


def _quantile(ranked: Decades, counts: Decades, share: float) -> Decades:
    place = share * (counts - 1)
    below = np.floor(place).astype(np.intp)
    low = np.take_along_axis(ranked, below[None], axis=0)[0]
    high = np.take_along_axis(ranked, np.minimum(below + 1, counts.astype(np.intp) - 1)[None], axis=0)[0]
    return low + (high - low) * (place - below)
