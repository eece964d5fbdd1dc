"""What is counted while trials run: sums of squares, of which logarithms are taken once and for all at the end."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from service.diagnosis.measures import (
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
from service.diagnosis.recording import Derivatives, Recording

Numbers = npt.NDArray[Any]

SATURATED_BELOW = 0.01
"""A unit is saturated where |φ'| is below this share of its supremum."""


@dataclass(frozen=True)
class Magnitudes:
    """Sums of squares of every trial at some places of the network, sums · 4**exponents, (trials, places) each."""

    sums: Decades
    exponents: Decades

    @classmethod
    def empty(cls, trials: int, places: int) -> "Magnitudes":
        """Nothing measured yet."""
        return cls(np.full((trials, places), np.nan), np.zeros((trials, places)))

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
    def empty(cls, trials: int, layers: int) -> "Tally":
        """Nothing measured yet."""
        behind, everywhere = (trials, layers), (trials, layers + 1)
        return cls(
            signal=Magnitudes.empty(*everywhere),
            centred=Magnitudes.empty(*everywhere),
            finite=np.ones(everywhere, dtype=np.bool_),
            upstream=Magnitudes.empty(*behind),
            delta=Magnitudes.empty(*behind),
            weight_gradient=Magnitudes.empty(*behind),
            weights=Magnitudes.empty(*behind),
            derivatives=Recording.empty(*behind).derivatives,
        )

    def rows(self, rows: slice) -> list[Numbers]:
        """What was found in the trials `rows`, to be taken by another tally."""
        return [array[rows] for array in self._arrays()]

    def take(self, rows: slice, found: list[Numbers]) -> None:
        """Enter what another tally found in the trials `rows`."""
        for array, part in zip(self._arrays(), found, strict=True):
            array[rows] = part

    def _arrays(self) -> list[Numbers]:
        """Every array; the first axis of each is that of the trials."""
        places = [self.signal, self.centred, self.upstream, self.delta, self.weight_gradient, self.weights]
        return [
            self.finite,
            *vars(self.derivatives).values(),
            *(one for place in places for one in vars(place).values()),
        ]

    def measure_signals(self, rows: slice, signals: list[tuple[Signal, Signal]]) -> None:
        """Enter the inputs and what comes out of every layer, each behind what was there before φ."""
        found = np.empty((3, rows.stop - rows.start, len(signals)))
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

    def measure_derivative(self, layer: int, derivative: Signal, first: int, largest_slope: float) -> None:
        """Enter φ' of layer `layer` (from 0) in the trials from number `first` that are among the first few."""
        found = self.derivatives
        rows = slice(first, min(first + derivative.shape[0], found.mean.shape[0]))
        if rows.start >= rows.stop:
            return
        few = derivative[: rows.stop - rows.start]
        flat = few.reshape(few.shape[0], -1)
        low, high = flat.min(axis=-1), flat.max(axis=-1)
        found.low[rows, layer], found.high[rows, layer] = low, high
        found.mean[rows, layer] = flat.mean(axis=-1)
        found.mean_square[rows, layer] = plain_squares(few) / flat.shape[-1]
        smallest = _smallest_size(low, high, flat)
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


def _smallest_size(low: Signal, high: Signal, flat: Signal) -> Signal:
    """The smallest |φ'|, (trials,), from the smallest and the largest φ' where they have one sign."""
    return np.where(low >= 0.0, low, np.abs(flat).min(axis=-1) if (low < 0.0).any() else low)


def _share_below(limit: float, flat: Signal, smallest: Signal) -> Decades | float:
    return (np.abs(flat) < limit).mean(axis=-1) if (smallest < limit).any() else 0.0
