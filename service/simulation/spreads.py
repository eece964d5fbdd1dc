"""Numbers over trials → their spreads, and what a report says of every layer with them."""

from collections.abc import Callable, Iterable
from math import log10

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr

from service.simulation.first_trial import FirstTrial
from service.simulation.layer_results import LayerStatistics, Spread
from service.simulation.plan import Plan
from service.simulation.precision import precision_of_layers
from service.simulation.probe import Derivatives
from service.simulation.statistics import ACCOUNTS, Decades, Measurements, finite_or_none

_LEARNING_RATE = -2.0
"""log10 of the step that updates are measured by: plain gradient descent at 0.01."""
_QUANTILES = (0.5, 0.05, 0.95)
_FIELDS = ("median", "p05", "p95", "mean", "std", "count")
_NOTHING = (None, None, None, None, None, 0)
_CONFIDENCE = 0.95
_MOST_STEPS = 200
_SEVERE = 2.5
"""Decades after which what lies further back cannot be used."""
_STILL = 1e-9


def layer_statistics(found: Measurements, made: Plan, loss_decades: float, first: FirstTrial) -> list[LayerStatistics]:
    """Every node of a report; `loss_decades` is of the loss's constant factor, `first` has histograms where wanted."""
    rows, columns = range(len(made.nodes)), _columns(found, made, loss_decades)
    spreads = spread_fields(np.concatenate(list(columns.values()), axis=1))
    derivatives = _derivative_fields(found.derivatives)
    zero_trials = np.isneginf(found.delta).sum(axis=0).tolist()
    non_finite_trials = (~found.finite[:, 1:]).sum(axis=0).tolist()
    layers, precisions, notes = [], precision_of_layers(found.lost, made), _by_row(found.notes)
    for row, shape in enumerate(made.shapes()):
        fields = {name: spreads[number * len(rows) + row] for number, name in enumerate(columns)}
        accounts = {name: fields.pop(name, None) for name in ACCOUNTS}
        gain = {name: accounts[name] if row in found.shares.get(name, ()) else None for name in ACCOUNTS}
        layers.append(
            LayerStatistics.model_validate(
                {
                    **vars(shape),
                    **fields,
                    "log10_gain": gain,
                    **derivatives[row],
                    "zero_trials": zero_trials[row],
                    "non_finite_trials": non_finite_trials[row],
                    **_noted(notes.get(row, {})),
                    "branch_share": None,
                    "precision": precisions[row],
                    "histograms": first.histograms(row) if made.spec.include else None,
                }
            )
        )
    return layers


def _columns(found: Measurements, made: Plan, loss_decades: float) -> dict[str, Decades]:
    """What spreads are made of, (trials, layers) each, by its name in a report; of the gain, by account."""
    per_weight = np.array([0.5 * np.log10(max(1, node.weights)) for node in made.nodes])
    nothing, rows = np.full(found.delta.shape[0], np.nan), range(len(made.nodes))
    shares: dict[str, Decades] = {
        account: np.stack([share.get(row, nothing) for row in rows], axis=1) for account, share in found.shares.items()
    }
    return {
        "log10_delta_norm": found.delta + loss_decades,
        "log10_weight_gradient_norm": found.weight_gradient + loss_decades,
        "log10_weight_gradient_rms": found.weight_gradient - per_weight + loss_decades,
        "log10_forward_rms": found.forward_rms[:, 1:],
        "log10_angular_spread": found.angular_spread[:, 1:],
        "log10_weight_norm": found.weight_norm,
        "log10_backward_gain": found.gain,
        **shares,
    }


def _by_row(notes: dict[tuple[int, str], Decades]) -> dict[int, dict[str, Decades]]:
    """What nodes say of themselves, by their rows and by its name, (trials, …) each."""
    found: dict[int, dict[str, Decades]] = {}
    for (row, name), values in notes.items():
        found.setdefault(row, {})[name] = values
    return found


def _noted(notes: dict[str, Decades]) -> dict[str, object]:
    """What a layer says of itself, (trials, …) each: along its steps, or of its attention."""
    tokens, entropy = notes.get("log10_token_spread"), notes.get("attention_entropy")
    return {
        "log10_token_spread": None if tokens is None else spread_fields(tokens[:, None])[0],
        "time": _time(notes),
        "attention": None
        if entropy is None
        else dict(zip(("entropy", "softmax_share"), spreads_of(entropy, notes["softmax_share"]), strict=True)),
    }


def _time(notes: dict[str, Decades]) -> dict[str, object] | None:
    """Along the steps of a recurrent layer, of the direction that loses more where there are two."""
    profiles = [values for name, values in notes.items() if name.endswith("log10_state_gradient")]
    if not profiles or profiles[0].shape[1] < 2:
        return None
    ratios = [_along(profile) for profile in profiles]
    spreads = spreads_of(*ratios)
    worst = max(range(len(spreads)), key=lambda run: abs(spreads[run].median or 0.0))
    profile, ratio = profiles[worst], spreads[worst]
    steps = downsample_steps(profile.shape[1])
    rate = abs(ratio.median or 0.0) / (profile.shape[1] - 1)
    return {
        "time_ratio": ratio,
        "memory_steps": None if rate < _STILL else _SEVERE / rate,
        "log10_state_gradient": _over_finite(profile[:, steps], np.nanmedian),
    }


def _along(profile: Decades) -> Decades:
    """From the last step of the run to the first, (trials,), of (trials, steps)."""
    with np.errstate(invalid="ignore"):
        return profile[:, 0] - profile[:, -1]


def downsample_steps(count: int) -> list[int]:
    """All steps, or `_MOST_STEPS` evenly chosen with both ends."""
    if count <= _MOST_STEPS:
        return list(range(count))
    return [step * (count - 1) // (_MOST_STEPS - 1) for step in range(_MOST_STEPS)]


def _derivative_fields(found: Derivatives) -> list[dict[str, object]]:
    """What a report says of φ' at every layer."""
    mean, mean_square, saturated, dead = (
        _over_finite(one, np.nanmean) for one in (found.mean, found.mean_square, found.saturated, found.dead)
    )
    low, high = _over_finite(found.low, np.nanmin), _over_finite(found.high, np.nanmax)
    return [
        {
            "derivative": {
                "mean": mean[layer],
                "rms": None if (square := mean_square[layer]) is None else square**0.5,
                "min": low[layer],
                "max": high[layer],
            },
            "saturated_fraction": saturated[layer],
            "dead_fraction": dead[layer],
        }
        for layer in range(len(mean))
    ]


def _over_finite(values: Decades, summary: Callable[..., Decades]) -> list[float | None]:
    """`summary` of every column of (trials, layers) over its finite entries."""
    finite = np.isfinite(values)
    known = np.where(finite, values, np.nan)
    known[:, ~finite.any(axis=0)] = np.inf  # none, and no warning of it
    with np.errstate(over="ignore"):
        return [finite_or_none(value) for value in summary(known, axis=0).tolist()]


def spreads_of(*columns: Decades) -> list[Spread]:
    """The spread of each of some (trials,) over the finite trials."""
    return [Spread.model_validate(fields) for fields in spread_fields(np.stack(columns, axis=1))]


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
    summaries = [*(_quantile(ranked, some, share) for share in _QUANTILES), unit * mean, unit * std]
    rows = zip(*(summary.tolist() for summary in summaries), counts.tolist(), strict=True)
    return [dict(zip(_FIELDS, row if row[-1] else _NOTHING, strict=True)) for row in rows]


def log10_update(layers: list[LayerStatistics]) -> float | None:
    """Decades of one step of gradient descent relative to all weights; null where one of them has no size."""
    gradient = _total(layer.log10_weight_gradient_norm.median for layer in layers)
    weights = _total(layer.log10_weight_norm.median for layer in layers)
    return None if gradient is None or weights is None else _LEARNING_RATE + gradient - weights


def _total(decades: Iterable[float | None]) -> float | None:
    """Decades of the root of the sum of squares, by way of the largest, so that nothing overflows."""
    known = [size for size in decades if size is not None]
    if not known:
        return None
    largest = max(known)
    return largest + 0.5 * log10(sum(100.0 ** (size - largest) for size in known))


def median_interval(values: Decades) -> tuple[float, float] | None:
    """The 95 % confidence interval of the median of (trials,), whatever their distribution; None without a finite one.

    Its ends are the order statistics that miss the median with a probability of at most 2.5 % each, by the binomial
    distribution; the extremes where there are fewer than six trials, and then it covers less.
    """
    ranked = np.sort(values[np.isfinite(values)])
    if ranked.size == 0:
        return None
    misses = bdtr(np.arange(ranked.size // 2), ranked.size, 0.5)  # of the 1st, 2nd, … smallest value as lower end
    low = max(0, int((misses <= 0.5 * (1.0 - _CONFIDENCE)).sum()) - 1)
    return float(ranked[low]), float(ranked[ranked.size - 1 - low])


def powers_of_ten(decades: Decades) -> Decades:
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
