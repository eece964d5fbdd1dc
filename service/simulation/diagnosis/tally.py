"""What is counted while trials run: sums of squares, of which logarithms are taken once and for all at the end."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from service.simulation.diagnosis.measures import (
    LOG10_2,
    Decades,
    Signal,
    Squares,
    all_finite,
    centred_squares,
    plain_squares,
    signal_squares,
    signal_squares_known,
    squares,
)
from service.simulation.diagnosis.recording import DERIVATIVE_TRIALS, Derivatives, Recording
from service.theory.bounds import SATURATED_BELOW

Numbers = npt.NDArray[Any]


@dataclass(frozen=True)
class Magnitudes:
    """Sums of squares of every trial at some places of the network, sums · 4**exponents, (trials, places) each."""

    sums: Decades
    exponents: Decades

    @classmethod
    def empty(cls, count: int, trials: int, places: int) -> list["Magnitudes"]:
        """So many of which nothing is measured yet; the trials are innermost in memory, as they are entered."""
        shape = count, places, trials
        return [
            cls(sums.T, exponents.T) for sums, exponents in zip(np.full(shape, np.nan), np.zeros(shape), strict=True)
        ]

    def enter(self, rows: slice | Numbers, place: int, found: Squares) -> None:
        """Keep what the trials `rows` show."""
        self.sums[rows, place] = found.sums
        self.exponents[rows, place] = found.exponents

    def decades(self, count: float | Decades = 1.0) -> Decades:
        """log10 of √(squares / count); −inf where all is zero, NaN where one is not finite."""
        known = np.where(np.isfinite(self.sums), self.sums, np.nan)
        with np.errstate(divide="ignore"):
            return 0.5 * np.log10(known / count) + self.exponents * LOG10_2


@dataclass(frozen=True)
class Tally:
    """Every trial at every layer; the signal at the inputs too, which come first."""

    signal: Magnitudes
    centred: Magnitudes  # less its mean over the samples
    finite: npt.NDArray[np.bool_]
    upstream: Magnitudes  # ∂e/∂h
    delta: Magnitudes  # ∂e/∂z
    weight_gradient: Magnitudes  # summed over the samples
    weights: Magnitudes
    derivatives: Derivatives

    @classmethod
    def empty(cls, trials: range, layers: int) -> "Tally":
        """Nothing measured yet of these trials."""
        signal, centred = Magnitudes.empty(2, len(trials), layers + 1)
        upstream, delta, weight_gradient, weights = Magnitudes.empty(4, len(trials), layers)
        return cls(
            signal=signal,
            centred=centred,
            finite=np.ones((len(trials), layers + 1), dtype=np.bool_),
            upstream=upstream,
            delta=delta,
            weight_gradient=weight_gradient,
            weights=weights,
            derivatives=Derivatives.empty(len(range(trials.start, min(trials.stop, DERIVATIVE_TRIALS))), layers),
        )

    @classmethod
    def joined(cls, tallies: list["Tally"]) -> "Tally":
        """The trials of all of them, one after the other."""
        joined: Tally = _joined(tallies)
        return joined

    def measure_signals(self, rows: slice, signals: list[tuple[Signal, Signal]]) -> None:
        """Enter the inputs and what comes out of every layer, each behind what was there before φ."""
        found = np.empty((3, len(signals), rows.stop - rows.start)).swapaxes(1, 2)
        for place, (before, signal) in enumerate(signals):
            found[:, :, place] = signal_squares(before, signal)
        self.signal.sums[rows], self.centred.sums[rows] = found[0], found[1]
        suspect = ~signal_squares_known(found, signals[0][1].dtype)
        for place in np.flatnonzero(suspect.any(axis=0)).tolist():
            self._measure_carefully(rows.start, suspect[:, place], place, signals[place])

    def _measure_carefully(
        self, first: int, suspect: npt.NDArray[np.bool_], place: int, signals: tuple[Signal, Signal]
    ) -> None:
        """Enter the trials from number `first` that are `suspect`, whatever their size."""
        rows = first + np.flatnonzero(suspect)
        before, signal = (np.broadcast_to(one, (suspect.size, *one.shape[1:]))[suspect] for one in signals)
        around_zero = squares(signal)
        self.signal.enter(rows, place, around_zero)
        self.centred.enter(rows, place, centred_squares(signal))
        self.finite[rows, place] = np.isfinite(around_zero.sums) & all_finite(before)

    def measure_derivative(self, rows: slice, layer: int, derivative: Signal, largest_slope: float) -> None:
        """Enter φ' of layer `layer` (from 0) in those of the trials `rows` that are among the first few."""
        found = self.derivatives
        rows = slice(rows.start, min(rows.stop, found.mean.shape[0]))
        if rows.start >= rows.stop:
            return
        few = np.ascontiguousarray(derivative[: rows.stop - rows.start])  # few trials are summed one by one
        flat = few.reshape(few.shape[0], -1)
        low, high = np.minimum.reduce(flat, axis=-1), np.maximum.reduce(flat, axis=-1)
        found.low[rows, layer], found.high[rows, layer] = low, high
        found.mean[rows, layer] = np.add.reduce(flat, axis=-1) / flat.shape[-1]
        found.mean_square[rows, layer] = plain_squares(few) / flat.shape[-1]
        smallest = low if (low >= 0.0).all() else np.fmin.reduce(np.abs(flat), axis=-1)
        limit = SATURATED_BELOW * largest_slope
        found.saturated[rows, layer] = _share_below(limit, flat, smallest) if np.isfinite(limit) else np.nan
        found.dead[rows, layer] = (few == 0.0).all(axis=-2).mean(axis=-1) if (smallest == 0.0).any() else 0.0

    def recording(self, samples: int, widths: list[int]) -> Recording:
        """Everything in decades; `widths` are those of the inputs and of every layer."""
        signal = self.signal.decades(samples * np.array(widths, np.float64))
        with np.errstate(invalid="ignore"):  # nothing is apart where there is no signal
            separation = self.centred.decades() - self.signal.decades()
        return Recording(
            forward_rms=signal,
            separation=separation,
            finite=self.finite,
            upstream=self.upstream.decades(samples),
            delta=self.delta.decades(samples),
            weight_gradient=self.weight_gradient.decades(float(samples) ** 2),
            weight_norm=self.weights.decades(),
            derivatives=self.derivatives,
        )


def _joined(parts: list[Any]) -> Any:
    """Arrays end to end; records of arrays field by field."""
    if len(parts) == 1:
        return parts[0]
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts)
    return type(parts[0])(
        *(_joined(list(field)) for field in zip(*(vars(part).values() for part in parts), strict=True))
    )


def _share_below(limit: float, flat: Signal, smallest: Signal) -> Decades | float:
    return (np.abs(flat) < limit).mean(axis=-1) if (smallest < limit).any() else 0.0
