"""A number over trials → its spread: quantiles, mean, deviation, and how surely its median is known."""

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr

from service.simulation.diagnosis.measures import Decades
from service.simulation.results import Spread

QUANTILES = (0.5, 0.05, 0.95)
_FIELDS = ("median", "p05", "p95", "mean", "std", "count")
_NOTHING = (None, None, None, None, None, 0)
CONFIDENCE = 0.95


def spread(values: Decades) -> Spread:
    """The spread of (trials,) over the finite trials."""
    return spreads(values[:, None])[0]


def spreads_of(*columns: Decades) -> list[Spread]:
    """The spread of each of some (trials,)."""
    return spreads(np.stack(columns, axis=1))


def spreads(values: Decades) -> list[Spread]:
    """The spread of every column of (trials, columns)."""
    return [Spread.model_validate(fields) for fields in spread_fields(values)]


def spread_fields(values: Decades) -> list[dict[str, float | None]]:
    """The fields of the spread of every column of (trials, columns) over its finite entries.

    Quantiles are by linear interpolation.
    """
    columns = np.ascontiguousarray(values.T)
    finite = np.isfinite(columns)
    counts = finite.sum(axis=1)
    known = columns if finite.all() else np.where(finite, columns, 0.0)
    unit = np.ldexp(1.0, np.frexp(np.abs(known).max(axis=1))[1] - 1)  # so that no square overflows, or is rounded
    scaled = known / unit[:, None]
    some = np.maximum(counts, 1)
    mean = scaled.sum(axis=1) / some
    deviation = np.where(finite, scaled - mean[:, None], 0.0)
    std = np.sqrt(np.vecdot(deviation, deviation) / some)
    ranked = np.sort(np.where(finite, columns, np.inf), axis=1)
    ranked[counts == 0] = 0.0
    summaries = [*(_quantile(ranked, some, share) for share in QUANTILES), unit * mean, unit * std]
    rows = zip(*(summary.tolist() for summary in summaries), counts.tolist(), strict=True)
    return [dict(zip(_FIELDS, row if row[-1] else _NOTHING, strict=True)) for row in rows]


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


def _quantile(ranked: Decades, counts: npt.NDArray[np.intp], share: float) -> Decades:
    """Of every row of (columns, trials), which is sorted and has so many entries.

    Between two neighbours, growing with the share, and no overflow where they lie on either side of zero.
    """
    place = share * (counts - 1)
    below, row = np.floor(place).astype(np.intp), np.arange(counts.size)
    low, high, part = ranked[row, below], ranked[row, np.minimum(below + 1, counts - 1)], place - below
    with np.errstate(over="ignore", invalid="ignore"):
        quantile = np.where((low < 0.0) & (high > 0.0), low * (1.0 - part) + high * part, low + (high - low) * part)
    return np.clip(quantile, low, high)
