"""A recording → the numbers of a report: spreads over trials, gains and their shares, ratios and rates."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtrit

from service.diagnosis.measures import Decades
from service.diagnosis.recording import Recording
from service.results import DerivativeStatistics, Interval, LayerHistograms, LayerShape, LayerStatistics, Spread

_QUANTILES = (0.5, 0.05, 0.95)
_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Depth:
    """Which layers are the hidden ones: positions from 0.

    A hidden layer starts with weights and ends before the next ones: activations that stand alone belong to the layer
    in front of them, so that `dense(tanh)` and `dense, activation(tanh)` are one network. A network without any
    weights counts every layer.
    """

    starts: list[int]
    ends: list[int]

    @classmethod
    def of(cls, weighted: list[bool]) -> "Depth":
        """The hidden layers of a network, all layers given by whether they have weights; the last one is the output."""
        starts = [position for position, has in enumerate(weighted) if has] or list(range(len(weighted)))
        return cls(starts[:-1], [following - 1 for following in starts[1:]])


@dataclass(frozen=True)
class NetworkTrials:
    """What the judge looks at, one entry for each trial; NaN where a number does not exist."""

    depth_ratio: list[float]
    dead: list[bool]
    overflowed: list[bool]


@dataclass(frozen=True)
class NetworkStatistics:
    """The numbers of the network as a whole."""

    hidden: list[int]  # positions from 0 of the layers where a hidden layer starts
    trials: NetworkTrials
    depth_ratio: Spread
    forward_ratio: Spread
    reach: Spread
    gain_per_layer: Spread
    log10_gain_interval: tuple[float, float] | None  # 95 %, of the mean over trials
    signal: list[float | None]  # median log10 forward RMS: the inputs, then the end of every hidden layer
    separation: tuple[float | None, float | None]  # median of the inputs and of the last hidden layer
    width_risk: float
    silent_loss: bool  # the loss itself has no gradient in most trials
    symmetric: bool  # two units of a layer are the same unit
    log10_smallest_normal: float  # of the precision


def network_statistics(recording: Recording, depth: Depth, widths: list[int], precision: str) -> NetworkStatistics:
    """Ratios between the first and the last hidden layer, and the rate between them; `widths` are those of all layers."""
    nothing = np.full(recording.delta.shape[0], np.nan)
    first = depth.starts[0] if depth.starts else 0
    positions = [0, *(end + 1 for end in depth.ends)]
    ratio, forward_ratio = nothing, nothing
    if depth.starts:
        ratio = _difference(recording.delta[:, first], recording.delta[:, depth.starts[-1]])
        forward_ratio = _difference(
            recording.forward_rms[:, positions[-1]], recording.forward_rms[:, positions[1]]
        )
    reach = _difference(recording.delta[:, first], recording.upstream[:, -1])
    slope = _slope(recording.delta[:, depth.starts])
    medians = spreads(recording.forward_rms[:, positions])
    separations = spreads(recording.separation[:, [0, positions[-1]]])
    return NetworkStatistics(
        hidden=depth.starts,
        trials=NetworkTrials(
            depth_ratio=ratio.tolist(),
            dead=np.isneginf(recording.delta[:, first]).tolist(),
            overflowed=(~recording.finite.all(axis=1)).tolist(),
        ),
        depth_ratio=spread(ratio),
        forward_ratio=spread(forward_ratio),
        reach=spread(reach),
        gain_per_layer=spread(_power(slope)),
        log10_gain_interval=_interval(slope),
        signal=[one.median for one in medians],
        separation=(separations[0].median, separations[1].median),
        width_risk=sum(1.0 / widths[start] for start in depth.starts),
        silent_loss=bool(np.isneginf(recording.upstream[:, -1]).mean() > 0.5),
        symmetric=any(recording.symmetric),
        log10_smallest_normal=float(np.log10(np.finfo(precision).tiny)),
    )


def layer_statistics(
    recording: Recording, shapes: list[LayerShape], loss_decades: float, histograms: dict[int, LayerHistograms]
) -> list[LayerStatistics]:
    """Every layer of a report; `loss_decades` is the constant factor of the loss, `histograms` are by position."""
    delta, upstream = recording.delta, recording.upstream
    behind = np.concatenate([delta[:, 1:], upstream[:, -1:]], axis=1)  # behind the last layer: the prediction
    per_weight = np.array([0.5 * np.log10(_weights(shape)) for shape in shapes])
    fields = {
        "log10_delta_norm": delta + loss_decades,
        "log10_weight_gradient_norm": recording.weight_gradient + loss_decades,
        "log10_weight_gradient_rms": recording.weight_gradient - per_weight + loss_decades,
        "log10_forward_rms": recording.forward_rms[:, 1:],
        "log10_separation": recording.separation[:, 1:],
        "log10_weight_norm": recording.weight_norm,
        "log10_backward_gain": _difference(delta, behind),
        "log10_weight_gain": _difference(upstream, behind),
        "log10_derivative_gain": _difference(delta, upstream),
    }
    found = spreads(np.concatenate(list(fields.values()), axis=1))
    zero_trials = np.isneginf(delta).sum(axis=0).tolist()
    non_finite_trials = (~np.logical_and.accumulate(recording.finite, axis=1)[:, 1:]).sum(axis=0).tolist()
    return [
        LayerStatistics(
            **shape.model_dump(),
            **{name: found[field * len(shapes) + position] for field, name in enumerate(fields)},
            **_derivative_fields(recording, position),
            zero_trials=zero_trials[position],
            non_finite_trials=non_finite_trials[position],
            histograms=histograms.get(position),
        )
        for position, shape in enumerate(shapes)
    ]


def spread(values: Decades) -> Spread:
    """The spread of (trials,) over the finite trials."""
    return spreads(values[:, None])[0]


def spreads(values: Decades) -> list[Spread]:
    """The spread of every column of (trials, columns) over its finite entries; quantiles by linear interpolation."""
    finite = np.isfinite(values)
    counts = finite.sum(axis=0)
    some = np.maximum(counts, 1)
    ranked = np.where(counts > 0, np.sort(np.where(finite, values, np.inf), axis=0), 0.0)
    mean = np.where(finite, values, 0.0).sum(axis=0) / some
    deviation = np.where(finite, values - np.where(counts > 0, mean, 0.0), 0.0)
    std = np.sqrt(np.square(deviation).sum(axis=0) / some)
    rows = [_quantile(ranked, some, share) for share in _QUANTILES]
    return [
        Spread(median=median, p05=p05, p95=p95, mean=average, std=wide, count=count)
        if count
        else Spread(median=None, p05=None, p95=None, mean=None, std=None, count=0)
        for median, p05, p95, average, wide, count in zip(
            *(row.tolist() for row in [*rows, mean, std, counts]), strict=True
        )
    ]


def interval_of_gain(log10_interval: tuple[float, float] | None) -> Interval | None:
    """The interval of the factor per layer from that of its logarithm; null where it leaves the range of a double."""
    if log10_interval is None or not all(abs(end) < 300.0 for end in log10_interval):
        return None
    return Interval(low=10.0 ** log10_interval[0], high=10.0 ** log10_interval[1])


def _quantile(ranked: Decades, counts: Decades, share: float) -> Decades:
    place = share * (counts - 1)
    below = np.floor(place).astype(np.intp)
    low = np.take_along_axis(ranked, below[None], axis=0)[0]
    high = np.take_along_axis(ranked, np.minimum(below + 1, counts.astype(np.intp) - 1)[None], axis=0)[0]
    return low + (high - low) * (place - below)


def _difference(one: Decades, other: Decades) -> Decades:
    with np.errstate(invalid="ignore"):
        return one - other  # −inf less −inf, zero over zero, is not a number


def _slope(delta: Decades) -> Decades:
    """Least-squares slope of (trials, hidden layers) towards the input, decades per layer; NaN below two layers."""
    hidden = delta.shape[1]
    if hidden < 2:
        return np.full(delta.shape[0], np.nan)
    steps = 0.5 * (hidden - 1) - np.arange(hidden)  # rising towards the input, mean zero
    with np.errstate(invalid="ignore"):
        return (delta - delta.mean(axis=1, keepdims=True)) @ steps / np.square(steps).sum()


def _power(decades: Decades) -> Decades:
    with np.errstate(over="ignore"):
        return np.power(10.0, decades)


def _interval(slope: Decades) -> tuple[float, float] | None:
    """Student's interval of the mean over the finite trials; a single trial says nothing of its own spread."""
    finite = slope[np.isfinite(slope)]
    if finite.size == 0:
        return None
    mean = float(finite.mean())
    if finite.size == 1:
        return mean, mean
    error = float(finite.std(ddof=1)) / finite.size**0.5
    reach = float(stdtrit(finite.size - 1, 0.5 + 0.5 * _CONFIDENCE)) * error
    return mean - reach, mean + reach


def _weights(shape: LayerShape) -> int:
    return max(1, shape.parameters - shape.shape[-1])


def _derivative_fields(recording: Recording, position: int) -> dict[str, object]:
    found = recording.derivatives
    mean_square = _over_finite(found.mean_square[:, position], np.mean)
    return {
        "derivative": DerivativeStatistics(
            mean=_over_finite(found.mean[:, position], np.mean),
            rms=None if mean_square is None else mean_square**0.5,
            min=_over_finite(found.low[:, position], np.min),
            max=_over_finite(found.high[:, position], np.max),
        ),
        "saturated_fraction": _over_finite(found.saturated[:, position], np.mean),
        "dead_fraction": _over_finite(found.dead[:, position], np.mean),
    }


def _over_finite(column: Decades, summary: Callable[[Decades], np.floating[Any]]) -> float | None:
    finite = column[np.isfinite(column)]
    return float(summary(finite)) if finite.size else None
