"""What a format of 16 bits loses of the gradients: a second way back, rounded at every place and never rescaled.

The first way back, whose gradients are brought to order one, says what every entry is in truth.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import floor, log2

import numpy as np
import numpy.typing as npt

from service.core.arrays import Array, Float64Array
from service.nn.layers.base import Built, Saved
from service.nn.scaled import Exponents, Scaled
from service.simulation.gradients import PrecisionStatistics, StoredGradients
from service.simulation.plan import Plan
from service.simulation.spec import Precision

Counts = npt.NDArray[np.int64]

_LOWEST, _HIGHEST = -200, 200
"""Powers of two beyond which entries are counted as if they were there: no format of 16 bits is that wide."""
_MANTISSA_BITS, _NOT_FINITE, _BIAS = 23, 255, 126
"""float32 has its power of two behind so many bits; this one stands for what is not finite; this one is of [1/2, 1)."""
_ROOM = 0.05
"""Below the largest number, as a power of two: what roundings on the way may add."""
_AS_GOOD = 1e-3
"""Loss scales that differ by no more than this share of all entries save as many; the smallest of them is named."""
_LARGEST_SCALE = 2.0**99


@dataclass(frozen=True)
class Lost:
    """What is lost of every trial's gradients at every node: counts of entries, (trials, nodes) each."""

    delta_underflow: Counts
    delta_overflow: Counts
    weights_underflow: Counts
    weights_overflow: Counts
    largest: Float64Array  # (trials,): log2 of the largest entry of all gradients, of the mean loss over the batch
    sizes: Counts  # (1, powers of two): of all entries of ∂e/∂z and of weights' gradients

    @classmethod
    def empty(cls, trials: int, nodes: int) -> "Lost":
        """Nothing counted yet of so many trials and nodes."""
        a, b, c, d = np.zeros((4, trials, nodes), np.int64)
        return cls(a, b, c, d, np.full(trials, -np.inf), np.zeros((1, _HIGHEST - _LOWEST + 1), np.int64))


@dataclass(frozen=True)
class Truth:
    """What the gradients of a chunk of trials are in truth: which entries are not 0, and how large they are."""

    into: Lost
    trials: slice
    made: Plan
    deltas: dict[int, npt.NDArray[np.bool_]] = field(default_factory=dict)  # by rows
    weights: dict[tuple[int, str], npt.NDArray[np.bool_]] = field(default_factory=dict)  # by rows and names

    @property
    def factor(self) -> float:
        """What ∂e/∂ prediction is multiplied by: the constant factor of the loss, and the mean over the batch."""
        return self.made.loss_factor / self.made.samples

    @property
    def unit(self) -> float:
        """What it is multiplied by where it is stored: that, and the loss scale."""
        return self.factor * self.made.spec.loss_scale

    def stored(self, values: Array) -> Array:
        """`values`, of any shape, as the format stores them."""
        return self.made.spec.precision.kept(values)

    def begin(self, gradient: Scaled) -> None:
        """∂e/∂ prediction, where it is stored."""
        self._note_largest(gradient.values * np.float32(self.factor), gradient.exponent)

    def gradient(self, at: Built, dy: Scaled, dz: Scaled) -> None:
        """∂e/∂h and ∂e/∂z of a node; ∂e/∂h of the last one is that of the prediction."""
        self.deltas[at.row] = self._counted(dz.values, dz.exponent)
        if at.row < len(self.made.nodes) - 1:
            self._note_largest(dy.values * np.float32(self.factor), dy.exponent)

    def parameters(self, at: Built, dz: Scaled, gradient: Callable[[str], Array]) -> None:
        """The gradients of a node's weights, (trials, *shape) each, before the scale of `dz`."""
        for name in at.weights:
            values = gradient(name)
            self.weights[at.row, name] = self._counted(values, _like(dz.exponent, values))

    def _counted(self, values: Array, exponent: Exponents) -> npt.NDArray[np.bool_]:
        """Which entries are a number other than 0, of the shape of `values`, after their sizes are counted."""
        scaled = values * np.float32(self.factor)
        bits = (scaled.view(np.int32) >> _MANTISSA_BITS) & _NOT_FINITE  # 0 of zeros, and of what is 2**-126 of the rest
        trials = exponent.reshape(-1)
        for power in np.unique(trials):
            counts = np.bincount(bits[trials == power].reshape(-1), minlength=_NOT_FINITE + 1)[1:_NOT_FINITE]
            places = np.clip(np.arange(counts.size) + 1 - _BIAS + power, _LOWEST, _HIGHEST) - _LOWEST
            np.add.at(self.into.sizes[0], places, counts)
        self._note_largest(scaled, exponent)
        known: npt.NDArray[np.bool_] = (bits > 0) & (bits < _NOT_FINITE)
        return known

    def _note_largest(self, scaled: Array, exponent: Exponents) -> None:
        """The largest of scaled · 2**exponent, (trials, …) and (trials, 1, …), where it is larger than any before."""
        peaks = np.abs(scaled).reshape(scaled.shape[0], -1).max(axis=-1).astype(np.float64)
        if not np.isfinite(peaks).all():
            finite = np.where(np.isfinite(scaled), np.abs(scaled), np.float32(0.0))
            peaks = finite.reshape(scaled.shape[0], -1).max(axis=-1).astype(np.float64)
        largest = self.into.largest[self.trials]
        np.maximum(largest, np.log2(peaks) + exponent.reshape(-1), out=largest)


class StoringProbe:
    """Rounds the gradients of a second way back, and counts what is lost of them against the truth."""

    def __init__(self, truth: Truth, arranged: Callable[[Array], Array]) -> None:
        """`arranged` puts the axes of (trials, samples, features) in the order in memory of the first way back."""
        self._truth = truth
        self._arranged = arranged

    def arranged(self, signal: Array) -> Array:
        """`signal`, (trials, samples, features), with its axes in the order in memory that is worked in."""
        return self._arranged(signal)

    def stored(self, values: Array, exponent: Exponents | None = None) -> Array:
        """`values` · 2**exponent, (trials, …) and (trials, 1, …), as the format stores it, in the same scale."""
        if exponent is None or not exponent.any():
            return self._truth.stored(values)
        rounded: Array = np.ldexp(self._truth.stored(np.ldexp(values, exponent)), -exponent)
        return rounded

    def output(self, at: Built, z: Array, h: Array) -> None:
        """Nothing: the signals, (trials, samples, features), have been measured."""

    def gradient(self, at: Built, dy: Scaled, dz: Scaled, derivative: Array | None) -> None:
        """Count what is lost of ∂e/∂z, (trials, samples, features)."""
        truth, into = self._truth, self._truth.into
        known = truth.deltas.pop(at.row)
        into.delta_underflow[truth.trials, at.row] += _zeros(known, dz.values)
        into.delta_overflow[truth.trials, at.row] += _not_finite(dz.values)

    def parameters(self, at: Built, saved: Saved, dz: Scaled, gradient: Callable[[str], Array]) -> None:
        """Count what is lost of the gradients of weights, (trials, *shape)."""
        truth, into = self._truth, self._truth.into
        for name in at.weights:
            values = gradient(name)
            kept = self.stored(values, _like(dz.exponent, values))
            into.weights_underflow[truth.trials, at.row] += _zeros(truth.weights.pop((at.row, name)), kept)
            into.weights_overflow[truth.trials, at.row] += _not_finite(kept)

    def entry(self, at: Built, dx: Scaled) -> None:
        """Nothing: it has been measured."""

    def note(self, at: Built, name: str, values: Float64Array) -> None:
        """Nothing: values, (trials, …), have been noted."""


def _like(exponent: Exponents, values: Array) -> Exponents:
    """The exponents of trials, (trials, 1, 1), for `values` of any rank."""
    return exponent.reshape(-1, *[1] * (values.ndim - 1))


def _zeros(known: npt.NDArray[np.bool_], kept: Array) -> Counts:
    """How many entries are not 0 but kept as 0, (trials,)."""
    return _by_trial(known & (kept == 0.0))


def _not_finite(kept: Array) -> Counts:
    """How many entries of (trials, …) are infinite or no number, (trials,)."""
    return _by_trial(~np.isfinite(kept))


def _by_trial(where: npt.NDArray[np.bool_]) -> Counts:
    """How many of (trials, …) are true, (trials,)."""
    return np.count_nonzero(where.reshape(where.shape[0], -1), axis=-1).astype(np.int64)


def precision_of_layers(lost: Lost, made: Plan) -> list[PrecisionStatistics | None]:
    """What a report says of every node; None where what is stored is what is computed with."""
    if not made.spec.precision.is_half:
        return [None] * len(made.nodes)
    trials = lost.largest.size
    deltas = [trials * made.samples * node.features for node in made.nodes]
    weights = [trials * node.weights for node in made.nodes]
    return [
        PrecisionStatistics(
            underflow_share=float(lost.delta_underflow[:, row].sum()) / entries,
            overflow_share=float(lost.delta_overflow[:, row].sum()) / entries,
            weight_gradient_underflow_share=_share(lost.weights_underflow[:, row], weights[row]),
            weight_gradient_overflow_share=_share(lost.weights_overflow[:, row], weights[row]),
        )
        for row, entries in enumerate(deltas)
    ]


def _share(counts: Counts, entries: int) -> float | None:
    """The sum of `counts`, of any shape, over so many entries; None where there are none."""
    return float(counts.sum()) / entries if entries else None


def stored_gradients(lost: Lost, made: Plan) -> StoredGradients | None:
    """What a report says of the whole network; None where what is stored is what is computed with."""
    if not made.spec.precision.is_half:
        return None
    entries = lost.largest.size * sum(node.weights for node in made.nodes)
    return StoredGradients(
        format=made.spec.precision,
        loss_scale=made.spec.loss_scale,
        underflow_share=_share(lost.weights_underflow, entries) or 0.0,
        overflow_share=_share(lost.weights_overflow, entries) or 0.0,
        saving_loss_scale=_saving(lost, made.spec.precision, made.spec.loss_scale),
    )


def _saving(lost: Lost, precision: Precision, current: float) -> float | None:
    """The smallest power of two that saves as many entries as any without overflow; None where `current` does, too."""
    sizes, largest = lost.sizes.sum(axis=0), float(lost.largest.max())
    if not np.isfinite(largest) or not sizes.any():
        return None
    limits = precision.limits
    highest = floor(log2(limits.max) - largest - _ROOM)
    smallest = round(log2(limits.smallest_subnormal))

    def missing(power: float) -> float:
        """The share of entries that are rounded to 0 where the loss is multiplied by 2**power."""
        return float(sizes[: max(0, floor(smallest - 1 - power) - _LOWEST + 1)].sum() / sizes.sum())

    now = log2(current)
    if now <= highest and missing(now) <= missing(highest) + _AS_GOOD:
        return None
    power = highest
    while missing(power - 1) <= missing(highest) + _AS_GOOD and power > -_HIGHEST:
        power -= 1
    return min(2.0**power, _LARGEST_SCALE)
