"""What is measured while trials pass: sums of squares for each trial and node. Nothing is measured anywhere else."""

from collections.abc import Callable, Collection
from functools import reduce
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from service.core.arrays import (
    WELL_CONDITIONED,
    Array,
    Float64Array,
    Squares,
    angular_spread,
    angular_spread_carefully,
    innermost,
    log10_spread_of_steps,
    plain_squares,
    squares,
    squares_by_sample,
    stacked,
    summed_directions,
    well_known,
)
from service.nn.layers.base import Built, Saved, shaped
from service.nn.scaled import Exponents, Scaled
from service.simulation.accumulator import Accumulator
from service.simulation.first_trial import FirstTrial
from service.simulation.precision import Truth

_LEAST_SHARE_LEFT = 1e-4
"""A squared norm is known from products of samples if at least this share is left of what it could be."""

_MOST_WAITING = 64
"""Signals of one shape are entered together, as many as these."""
_MOST_WAITING_BYTES = 1 << 19
"""Of φ' in the first few trials of some layers, which is copied for that."""
_SEQUENCE = 2
"""Axes of one sample of a sequence: steps and features."""


class _Waiting(NamedTuple):
    """A signal that is not entered yet, and what was before φ, (trials, samples, features) each."""

    place: int
    before: Array
    signal: Array
    by_sample: Array  # sums of squares, (trials, samples)
    directions: Array  # their sum over the samples, (trials, features)
    sums: Array  # of squares of what was before φ, (trials,), where that is another


class MeasuringProbe:
    """Looks on while a chunk of trials passes, and measures into the rows `trials` of an accumulator."""

    def __init__(
        self,
        into: Accumulator,
        trials: slice,
        largest_slopes: Float64Array,
        along_trials: bool = False,
        first: FirstTrial | None = None,
    ) -> None:
        self._into = into
        self._trials = trials
        self._largest_slopes = largest_slopes  # the supremum of |φ'|, (plans, nodes)
        self._along_trials = along_trials  # whether the trials are the innermost axis of signals in memory
        self._first = first
        self._few = into.derivatives.first(trials, len(largest_slopes))  # of each plan, whose φ' is measured
        self._waiting: list[_Waiting] = []
        self._slopes: list[tuple[int, Array]] = []  # φ' of those trials that wait, by rows
        self.truth: Truth | None = None  # where signals are stored in a format of 16 bits

    def arranged(self, signal: Array) -> Array:
        """`signal`, (trials, samples, features), with its axes in the order in memory that is worked in."""
        return innermost(signal) if self._along_trials else signal

    def stored(self, values: Array, exponent: Exponents | None = None) -> Array:
        """Signals, of any shape, as their format of 16 bits stores them, where they have one; gradients as they are."""
        return values if self.truth is None or exponent is not None else self.truth.stored(values)

    def inputs(self, x: Array) -> None:
        """The inputs, (trials, samples, features); a single feature has no direction, so its values are compared."""
        self._signal(0, x, x)
        if x.shape[-1] == 1 < x.shape[-2]:
            self.settle()
            self._into.spread[self._trials, 0] = x.max(axis=(-2, -1)) > x.min(axis=(-2, -1))

    def output(self, at: Built, z: Array, h: Array) -> None:
        """What comes out of a node, (trials, samples, features), and what its activation was given."""
        self._signal(at.row + 1, z, h)
        if len(at.out) == _SEQUENCE and at.out[0] > 1:
            self.note(at, "log10_token_spread", log10_spread_of_steps(h, at.out))

    def gradient(self, at: Built, dy: Scaled, dz: Scaled, derivative: Array | None) -> None:
        """∂e/∂h and ∂e/∂z, and φ'(z), (trials, samples, features), where there is an activation."""
        self._into.dy.enter(self._trials, at.row, dy.squares())
        self._into.dz.enter(self._trials, at.row, dz.squares())
        if derivative is not None:
            self._derivative(at.row, derivative)
        if self._first is not None:
            self._first.gradient(at.row, dz, derivative)
        if self.truth is not None:
            self.truth.gradient(at, dy, dz)

    def parameters(self, at: Built, saved: Saved, dz: Scaled, gradient: Callable[[str], Array]) -> None:
        """The gradients of a leaf's parameters, (trials, *shape), summed over samples, before the scale of `dz`."""
        if weights := at.weights:
            self._into.weights.enter(self._trials, at.row, _joint_squares(weights.values()))
            found = _gradient_squares(at, saved, dz, gradient)
            self._into.weight_gradient.enter(self._trials, at.row, Squares(found.sums, found.exponents + dz.exponents))
        if self._first is not None:
            self._first.parameters(at.row, at.trained, dz, gradient)
        if self.truth is not None:
            self.truth.parameters(at, dz, gradient)

    def entry(self, at: Built, dx: Scaled) -> None:
        """∂e/∂x of the first node of a chain inside a block."""
        self._into.entry.enter(self._trials, at.row, dx.squares())

    def note(self, at: Built, name: str, values: Float64Array) -> None:
        """What a node has to say besides, `values` of shape (trials or 1, …)."""
        kept = self._into.notes.setdefault(
            (at.row, name), np.full((self._into.finite.shape[0], *values.shape[1:]), np.nan)
        )
        kept[self._trials] = values

    def settle(self) -> None:
        """Enter what waits: what takes a call for each layer has been done, and the rest is done for all at once.

        Signals are kept until then, as they are for the way back.
        """
        if self._waiting:
            self._enter_signals()
        if self._slopes:
            rows, waiting = [row for row, _ in self._slopes], [few for _, few in self._slopes]
            slopes = waiting[0][None] if len(waiting) == 1 else np.stack(waiting)
            plans = len(self._largest_slopes)
            trials = slice(plans * self._few.start, plans * self._few.stop)
            self._into.derivatives.enter(trials, rows, slopes, self._largest_slopes[:, rows])
            self._slopes = []

    def _derivative(self, row: int, derivative: Array) -> None:
        """Enter φ', (trials, samples, features), of the first few trials, at once or when others are."""
        if not self._few:
            return
        plans, few = len(self._largest_slopes), derivative
        if len(few) == 1 or plans == 1:
            few = few[: len(self._few)].copy(order="C")
        else:
            few = few.reshape(plans, -1, *few.shape[1:])[:, : len(self._few)].reshape(-1, *derivative.shape[1:])
            few = np.ascontiguousarray(few)
        if self._slopes and few.shape != self._slopes[0][1].shape:
            self.settle()
        self._slopes.append((row, few))
        if len(self._slopes) * few.nbytes >= _MOST_WAITING_BYTES:
            self.settle()

    def _enter_signals(self) -> None:
        places = [one.place for one in self._waiting]
        by_sample, directions = (
            stacked(list(each))
            for each in zip(*((one.by_sample, one.directions) for one in self._waiting), strict=True)
        )
        sums = np.add.reduce(by_sample, axis=-1).astype(np.float64, copy=False)  # (signals, trials)
        exact = self._waiting[0].signal.shape[-1] == 1
        spread = angular_spread(directions, by_sample.shape[-1], exact)
        before = np.stack([sums[k] if one.before is one.signal else one.sums for k, one in enumerate(self._waiting)])
        self._into.signal.sums[self._trials, places] = sums.T
        self._into.spread[self._trials, places] = spread.T
        known = well_known(sums, by_sample.dtype) & np.isfinite(before) & (exact | (spread >= WELL_CONDITIONED))
        for k in np.flatnonzero(~known.all(axis=-1)):
            self._signal_carefully(places[k], ~known[k], self._waiting[k].before, self._waiting[k].signal)
        self._waiting = []

    def _signal(self, place: int, before: Array, signal: Array) -> None:
        """Enter a signal and what was before φ, (trials, samples, features) each, at once or when others are."""
        if self._waiting and (signal.shape != self._waiting[0].signal.shape or len(self._waiting) == _MOST_WAITING):
            self.settle()
        by_sample = squares_by_sample(signal)
        sums = by_sample if before is signal else plain_squares(before)
        self._waiting.append(_Waiting(place, before, signal, by_sample, summed_directions(signal, by_sample), sums))

    def _signal_carefully(self, place: int, suspect: npt.NDArray[np.bool_], before: Array, signal: Array) -> None:
        """Enter the trials that are `suspect`, (trials or 1,), whatever the size of (trials, samples, features)."""
        count = self._trials.stop - self._trials.start
        suspect = np.broadcast_to(suspect, count)
        trials = self._trials.start + np.flatnonzero(suspect)
        before, signal = (np.broadcast_to(one, (count, *one.shape[1:]))[suspect] for one in (before, signal))
        found = squares(signal)
        self._into.signal.enter(trials, place, found)
        self._into.spread[trials, place] = angular_spread_carefully(signal)
        finite = np.logical_and.reduce(np.isfinite(before), axis=(-2, -1))
        self._into.finite[trials, place] = np.isfinite(found.sums) & finite


def _gradient_squares(at: Built, saved: Saved, dz: Scaled, gradient: Callable[[str], Array]) -> Squares:
    """Of the weights' gradient, (trials,), by way of products of samples where that is cheaper and exact enough."""
    pair = at.node.gram(saved, shaped(dz.values, at.out))
    if pair is None:
        return _joint_squares([gradient(name) for name in at.weights])
    sums = _squares_by_gram(*pair)
    unknown = np.isnan(sums)
    if not unknown.any():
        return Squares(sums, np.zeros(sums.shape))
    found = _joint_squares([gradient(name) for name in at.weights])
    return Squares(np.where(unknown, found.sums, sums), np.where(unknown, found.exponents, 0.0))


def _joint_squares(parts: Collection[Array]) -> Squares:
    """Of all entries of several arrays, (trials, …) each, or (1, …) where all trials have the same."""
    found = [squares(one.reshape(one.shape[0], 1, -1) if one.ndim > 3 else one) for one in parts]
    if len(found) == 1:
        return found[0]
    top = reduce(np.maximum, (one.exponents for one in found))
    return Squares(sum(np.ldexp(one.sums, 2 * (one.exponents - top).astype(np.int64)) for one in found), top)


def _squares_by_gram(of_x: Array, of_delta: Array) -> Float64Array:
    """‖xᵀ·δ‖² from x·xᵀ and δ·δᵀ, each (trials, samples, samples); NaN where too much of it cancels to be known."""
    one, other = of_x.reshape(of_x.shape[0], -1), of_delta.reshape(of_delta.shape[0], -1)
    sums = np.vecdot(one, other).astype(np.float64, copy=False)
    traces = np.trace(of_x, axis1=-2, axis2=-1) * np.trace(of_delta, axis1=-2, axis2=-1).astype(np.float64)
    return np.where(well_known(sums, of_x.dtype) & (sums > _LEAST_SHARE_LEFT * traces), sums, np.nan)
