"""A recording → the numbers of a report: spreads over trials, gains and their shares, ratios and rates."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from service.simulation.diagnosis.measures import Decades
from service.simulation.diagnosis.recording import Derivatives, Recording
from service.simulation.diagnosis.spreads import spread_fields
from service.simulation.results import LayerHistograms, LayerShape, LayerStatistics

Numbers = npt.NDArray[np.intp]
"""Of trials, from 0."""


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
    """The network as a whole in every trial: (trials,) unless said otherwise, NaN where there is no number."""

    depth_ratio: Decades
    forward_ratio: Decades
    reach: Decades
    slope: Decades  # decades per layer towards the input; −inf where the gradient dies on its way
    weight_share: Decades  # of the depth ratio; the rest is the work of the derivatives
    signal: Decades  # (trials, hidden layers + 1): log10 forward RMS of the inputs and of every hidden layer
    separation: Decades  # (trials, 2): of the inputs and of the last hidden layer
    dead: npt.NDArray[np.bool_]
    overflowed: npt.NDArray[np.bool_]  # on the way forward or on the way back
    overflow_layer: Decades  # number of the first layer whose signal overflows, 0 for the inputs
    silent: npt.NDArray[np.bool_]  # the loss itself has no gradient

    @classmethod
    def of(cls, recording: Recording, depth: Depth) -> "NetworkTrials":
        """Ratios between the first and the last hidden layer, and the rate between them."""
        first, last = (depth.starts[0], depth.starts[-1]) if depth.starts else (0, 0)
        ends = [end + 1 for end in depth.ends]
        nothing = np.full(recording.delta.shape[0], np.nan)
        weight_gains = _difference(recording.upstream[:, first:last], recording.delta[:, first + 1 : last + 1])
        forward = recording.forward_rms
        dead, silent = np.isneginf(recording.delta[:, first]), np.isneginf(recording.upstream[:, -1])
        return cls(
            depth_ratio=_difference(recording.delta[:, first], recording.delta[:, last]) if ends else nothing,
            forward_ratio=_difference(forward[:, ends[-1]], forward[:, ends[0]]) if ends else nothing,
            reach=_difference(recording.delta[:, first], recording.upstream[:, -1]),
            slope=np.where(dead & ~silent & (len(ends) > 1), -np.inf, _slope(recording.delta[:, depth.starts])),
            weight_share=weight_gains.sum(axis=1),
            signal=forward[:, [0, *ends]],
            separation=recording.separation[:, [0, ends[-1] if ends else 0]],
            dead=dead,
            overflowed=np.logical_or(np.isnan(recording.delta).any(axis=1), ~recording.finite.all(axis=1)),
            overflow_layer=np.where(recording.finite.all(axis=1), np.nan, recording.finite.argmin(axis=1)),
            silent=silent,
        )


def alike(trials: NetworkTrials, rising: list[float], falling: list[float]) -> list[Numbers]:
    """The numbers of the trials in groups that no condition tells apart.

    Conditions are being dead or overflowed, a depth ratio of at least one of `rising`, or at most one of `falling`.
    """
    conditions = [
        trials.dead,
        trials.overflowed,
        *(trials.depth_ratio >= edge for edge in rising),
        *(trials.depth_ratio <= edge for edge in falling),
    ]
    codes = (1 << np.arange(len(conditions))) @ np.array(conditions, np.intp)
    return [np.flatnonzero(codes == code) for code in np.unique(codes)]


def together(groups: list[Numbers]) -> Numbers:
    """The trials of all groups in their order."""
    return np.sort(np.concatenate(groups))


def median_trial(trials: NetworkTrials, agreeing: Numbers) -> int:
    """The median one of the trials numbered `agreeing` by its depth ratio; unknown ones come last.

    Of an even number the farther one from 0, so that what is said of it is no less than the median.
    """
    ratios = trials.depth_ratio[agreeing]
    known = ratios[~np.isnan(ratios)]
    side = -1.0 if known.size and np.median(known) < 0.0 else 1.0
    order = np.argsort(side * ratios, kind="stable")  # NaN last
    return int(agreeing[order[order.size // 2]])


@dataclass(frozen=True)
class Evidence:
    """What the trials that agree on a label have in common: the judgement is explained by these."""

    depth_ratio: float | None  # of their median trial, as are the shares of it and the rate
    weight_share: float | None
    slope: float | None
    forward_ratio: float | None  # medians, here and below
    signal: list[float]
    separation: tuple[float | None, float | None]
    overflowed: bool  # whether the median trial does, here and below
    silent: bool
    overflow_layer: float | None
    overflows: int  # how many


def evidence_of(trials: NetworkTrials, agreeing: Numbers, typical: int) -> Evidence:
    """The evidence of the trials numbered `agreeing`, of which `typical` is the median one."""
    return Evidence(
        depth_ratio=_known(trials.depth_ratio[typical]),
        weight_share=_known(trials.weight_share[typical]),
        slope=_known(trials.slope[typical]),
        forward_ratio=_known(_median(trials.forward_ratio[agreeing])),
        signal=[_median(column) for column in trials.signal[agreeing].T],
        separation=(_known(_median(trials.separation[agreeing, 0])), _known(_median(trials.separation[agreeing, 1]))),
        overflow_layer=_known(_median(trials.overflow_layer[agreeing])),
        overflowed=bool(trials.overflowed[typical]),
        silent=bool(trials.silent[typical]),
        overflows=int(trials.overflowed[agreeing].sum()),
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
    found = spread_fields(np.concatenate(list(fields.values()), axis=1))
    derivatives = _derivative_fields(recording.derivatives)
    zero_trials = np.isneginf(delta).sum(axis=0).tolist()
    non_finite_trials = (~np.logical_and.accumulate(recording.finite, axis=1)[:, 1:]).sum(axis=0).tolist()
    return [
        LayerStatistics.model_validate(
            {
                **vars(shape),
                **{name: found[field * len(shapes) + position] for field, name in enumerate(fields)},
                **derivatives[position],
                "zero_trials": zero_trials[position],
                "non_finite_trials": non_finite_trials[position],
                "histograms": histograms.get(position),
            }
        )
        for position, shape in enumerate(shapes)
    ]


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


def _median(column: Decades) -> float:
    """The upper median of (trials,) with −inf counted and NaN left out; NaN where nothing is left."""
    known = np.sort(column[~np.isnan(column)])
    return float(known[known.size // 2]) if known.size else float("nan")


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _weights(shape: LayerShape) -> int:
    return max(1, shape.parameters - shape.shape[-1])


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
        return [_known(value) for value in summary(known, axis=0).tolist()]
