"""Numbers over trials → their spreads, and what a report says of every layer with them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import log

import numpy as np
import numpy.typing as npt

from service.nn.layers.residual import Residual
from service.simulation.accumulator import Derivatives
from service.simulation.first_trial import FirstTrial
from service.simulation.layer_results import LayerStatistics, Spread, TimeStatistics
from service.simulation.plan import Plan
from service.simulation.precision import precision_of_layers
from service.simulation.statistics import ACCOUNTS, Decades, Measurements, along_steps, finite_or_none
from service.simulation.tree import PlannedNode

_QUANTILES = (0.5, 0.05, 0.95)
_FIELDS = ("median", "p05", "p95", "mean", "std", "count")
_NOTHING = (None, None, None, None, None, 0)
_CONFIDENCE = 0.95
SEVERE = 2.5
"""Decades after which what lies further back cannot be used."""
_MOST_STEPS = 200
_STILL = 1e-9


def layer_statistics(found: Measurements, made: Plan, loss_decades: float, first: FirstTrial) -> list[LayerStatistics]:
    """Every node of a report; `loss_decades` is of the loss's constant factor, `first` has histograms where wanted."""
    rows, columns = range(len(made.nodes)), _columns(found, made, loss_decades)
    spreads = spread_fields(np.concatenate(list(columns.values()), axis=1))
    derivatives = _derivative_fields(found.derivatives)
    zero_trials = np.isneginf(found.delta).sum(axis=0).tolist()
    non_finite_trials = (~found.finite[:, 1:]).sum(axis=0).tolist()
    layers, precisions, notes = [], precision_of_layers(found.lost, made), _by_row(found.notes)
    steps, branches = along_steps(found.notes), _branch_shares(found, made)
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
                    "time": _time(*steps[row]) if row in steps else None,
                    "branch_share": branches.get(row),
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


def _branch_shares(found: Measurements, made: Plan) -> dict[int, dict[str, Spread]]:
    """What the branches of residual blocks add to their streams, by the rows of the blocks."""
    blocks = [one.row for one in made.nodes if isinstance(one.node, Residual)]
    columns = [column for row in blocks for column in _of_branch(found, made.nodes[row])]
    spreads = iter(spreads_of(*columns) if columns else [])
    names = "log10_output", "log10_weight_gradient"
    return {row: dict(zip(names, (next(spreads), next(spreads)), strict=True)) for row in blocks}


def _of_branch(found: Measurements, block: PlannedNode) -> tuple[Decades, Decades]:
    """What comes out of a branch over its stream, and its weights' gradient over that of the sum, (trials,) each."""
    branch, shortcut = block.chains
    before = shortcut[-1].row if shortcut else block.source
    weights = [inner.row for one in branch for inner in one.whole() if inner.weights]
    scale = block.node.branch_scale if isinstance(block.node, Residual) else 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        output = found.forward_rms[:, branch[-1].row + 1] + np.log10(abs(scale))
        stream = found.forward_rms[:, 0 if before is None else before + 1]
        return output - stream, _root_of_squares(found.weight_gradient[:, weights]) - found.dy[:, block.row]


def _root_of_squares(decades: Decades) -> Decades:
    """Decades of the root of the sum of squares, (trials,), of (trials, n); −inf where there is nothing to add."""
    if decades.shape[1] == 0:
        return np.full(decades.shape[0], -np.inf)
    largest = np.maximum(decades.max(axis=1), -1e300)  # of nothing but zeros it is finite, too
    with np.errstate(divide="ignore"):
        found: Decades = largest + 0.5 * np.log10(np.sum(100.0 ** (decades - largest[:, None]), axis=1))
    return found


def _noted(notes: dict[str, Decades]) -> dict[str, object]:
    """What a layer says of itself, (trials, …) each: of its tokens, or of its attention."""
    tokens, entropy = notes.get("log10_token_spread"), notes.get("attention_entropy")
    return {
        "log10_token_spread": None if tokens is None else spread_fields(tokens[:, None])[0],
        "attention": None
        if entropy is None
        else dict(zip(("entropy", "softmax_share"), spreads_of(entropy, notes["softmax_share"]), strict=True)),
    }


def _time(profile: Decades, ratio: Decades) -> dict[str, object]:
    """Along the steps of a recurrent layer, of (trials, steps) and of the time ratio, (trials,)."""
    (spread,) = spreads_of(ratio)
    steps = downsample_steps(profile.shape[1])
    rate = abs(spread.median or 0.0) / (profile.shape[1] - 1)
    return {
        "time_ratio": spread,
        "memory_steps": None if rate < _STILL else SEVERE / rate,
        "log10_state_gradient": over_finite(profile[:, steps], np.nanmedian),
    }


def downsample_steps(count: int) -> list[int]:
    """All steps, or `_MOST_STEPS` evenly chosen with both ends."""
    if count <= _MOST_STEPS:
        return list(range(count))
    return [step * (count - 1) // (_MOST_STEPS - 1) for step in range(_MOST_STEPS)]


@dataclass(frozen=True)
class _Number:
    """A number of a layer, as its statistics have it."""

    rms: float | None = None
    count: int = 0


@dataclass(frozen=True)
class LayerNumbers:
    """What a cause is told by of a layer, under the names of its statistics, and nothing else of these."""

    index: int
    kind: str
    inside: bool
    boundary: bool
    derivative: _Number
    dead_fraction: float | None
    log10_forward_rms: _Number
    log10_weight_norm: _Number
    time: TimeStatistics | None


def layer_numbers(found: Measurements, made: Plan) -> list[LayerNumbers]:
    """Every node of a network that is judged without a report."""
    slopes, dead = _roots(found.derivatives.mean_square), over_finite(found.derivatives.dead, np.nanmean)
    signals = np.isfinite(found.forward_rms[:, 1:]).sum(axis=0).tolist()
    weights = np.isfinite(found.weight_norm).sum(axis=0).tolist()
    boundaries, steps = set(made.depth.gradients), along_steps(found.notes)
    return [
        LayerNumbers(
            *(row + 1, one.node.kind, one.inside, row in boundaries),
            *(_Number(rms=slopes[row]), dead[row], _Number(count=signals[row]), _Number(count=weights[row])),
            TimeStatistics.model_validate(_time(*steps[row])) if row in steps else None,
        )
        for row, one in enumerate(made.nodes)
    ]


def _roots(mean_squares: Decades) -> list[float | None]:
    """The roots of the means over trials of (trials, layers)."""
    return [None if square is None else square**0.5 for square in over_finite(mean_squares, np.nanmean)]


def _derivative_fields(found: Derivatives) -> list[dict[str, object]]:
    """What a report says of φ' at every layer."""
    mean, saturated, dead = (over_finite(one, np.nanmean) for one in (found.mean, found.saturated, found.dead))
    rms = _roots(found.mean_square)
    low, high = over_finite(found.low, np.nanmin), over_finite(found.high, np.nanmax)
    return [
        {
            "derivative": {
                "mean": mean[layer],
                "rms": rms[layer],
                "min": low[layer],
                "max": high[layer],
            },
            "saturated_fraction": saturated[layer],
            "dead_fraction": dead[layer],
        }
        for layer in range(len(mean))
    ]


def over_finite(values: Decades, summary: Callable[..., Decades]) -> list[float | None]:
    """`summary` of every column of (trials, layers) over its finite entries."""
    finite = np.isfinite(values)
    known = np.where(finite, values, np.nan)
    known[:, ~finite.any(axis=0)] = np.inf  # none, and no warning of it
    with np.errstate(over="ignore"):
        return [finite_or_none(value) for value in summary(known, axis=0).tolist()]


def spreads_of(*columns: Decades) -> list[Spread]:
    """The spread of each of some (trials,) over the finite trials."""
    return spreads_of_rows(np.stack(columns))


def spreads_of_rows(rows: Decades) -> list[Spread]:
    """The spread of every row of (rows, trials) over its finite entries, whatever the other rows are."""
    return [Spread.model_validate(fields) for fields in spread_fields(rows.T)]


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


def median_interval(values: Decades) -> tuple[float, float] | None:
    """The 95 % confidence interval of the median of (trials,), whatever their distribution; None without a finite one.

    Its ends are the order statistics that miss the median with a probability of at most 2.5 % each, by the binomial
    distribution; the extremes where there are fewer than six trials, and then it covers less.
    """
    return median_intervals(values[None])[0]


def median_intervals(rows: Decades) -> list[tuple[float, float] | None]:
    """The same of every row of (rows, trials)."""
    finite = np.isfinite(rows)
    ranked = np.sort(np.where(finite, rows, np.inf), axis=1)
    ends = [(row, size, _lower_end(size)) for row, size in enumerate(finite.sum(axis=1).tolist())]
    return [(float(ranked[row, low]), float(ranked[row, size - 1 - low])) if size else None for row, size, low in ends]


@lru_cache(maxsize=1024)
def _lower_end(size: int) -> int:
    """The place of the interval's lower end among so many values that rise."""
    misses = _binomial(size)[: size // 2]  # of the 1st, 2nd, … smallest value as lower end
    return max(0, int((misses <= 0.5 * (1.0 - _CONFIDENCE)).sum()) - 1)


def _binomial(tosses: int) -> Decades:
    """The probability of at most 0, 1, … heads in so many tosses of a fair coin, (tosses + 1,)."""
    heads = np.arange(1, tosses + 1)
    log_ways = np.cumsum(np.log([1.0, *(tosses + 1 - heads) / heads]))
    found: Decades = np.cumsum(np.exp(log_ways - tosses * log(2.0)))
    return found


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
