"""What is accumulated of trials: sums of squares and slopes of every node, each in arrays by trial and node.

Logarithms are taken once and for all when the last trial has passed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from service.core.arrays import LOG10_2, Array, Float64Array, Squares
from service.simulation.precision import Lost
from service.simulation.separation import Separation
from service.theory.bounds import SATURATED_BELOW

_DERIVATIVE_TRIALS = 8
"""The distribution of φ' is measured in this many trials; it hardly differs between them."""

Rows = slice | npt.NDArray[np.intp]
"""Which trials."""


@dataclass(frozen=True)
class Magnitudes:
    """Sums of squares of every trial at every node, sums · 4**exponents, (trials, nodes) each."""

    sums: Float64Array
    exponents: Float64Array

    @classmethod
    def empty(cls, count: int, trials: int, nodes: int) -> list["Magnitudes"]:
        """So many of which nothing is measured yet; the trials are innermost in memory, as they are entered."""
        shape = count, nodes, trials
        return [
            cls(sums.T, exponents.T) for sums, exponents in zip(np.full(shape, np.nan), np.zeros(shape), strict=True)
        ]

    def enter(self, trials: Rows, node: int, found: Squares) -> None:
        """Keep what those trials show, (trials,)."""
        self.sums[trials, node] = found.sums
        self.exponents[trials, node] = found.exponents

    def decades(self, count: float | Float64Array = 1.0) -> Float64Array:
        """log10 of √(squares / count), (trials, nodes); −inf where all is zero, NaN where one is not finite."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            found: Float64Array = np.log10(self.sums / count)
        found *= 0.5
        found[~np.isfinite(self.sums)] = np.nan
        return found + self.exponents * LOG10_2 if self.exponents.any() else found


@dataclass(frozen=True)
class Derivatives:
    """φ' over units and samples, each (trials, nodes) for the first few trials."""

    mean: Float64Array
    mean_square: Float64Array
    low: Float64Array
    high: Float64Array
    saturated: Float64Array
    dead: Float64Array

    @classmethod
    def empty(cls, trials: int, nodes: int) -> "Derivatives":
        """Arrays of NaN, for nothing is measured yet."""
        return cls(*np.full((6, trials, nodes), np.nan))

    def first(self, trials: slice, plans: int) -> range:
        """Which of `trials`, of so many plans in turn, are among the first few, counted within each plan."""
        first = trials.start // plans
        return range(first, max(first, min(trials.stop, self.mean.shape[0]) // plans))

    def enter(self, trials: slice, nodes: Sequence[int], few: Array, largest_slopes: Float64Array) -> None:
        """Keep φ' of some nodes, (nodes, trials or 1, samples, features), in those trials.

        `largest_slopes` are the supremum of |φ'| of every plan, (plans, nodes).
        """
        each = (trials.stop - trials.start) // len(largest_slopes)
        flat = few.reshape(*few.shape[:2], -1)
        low, high = np.minimum.reduce(flat, axis=-1), np.maximum.reduce(flat, axis=-1)
        self.low[trials, nodes], self.high[trials, nodes] = low.T, high.T
        self.mean[trials, nodes] = (np.add.reduce(flat, axis=-1) / flat.shape[-1]).T
        self.mean_square[trials, nodes] = (np.vecdot(flat, flat).astype(np.float64) / flat.shape[-1]).T
        smallest = low if (low >= 0.0).all() else np.fmin.reduce(np.abs(flat), axis=-1)
        limits = np.repeat(SATURATED_BELOW * largest_slopes.T, each, axis=1).astype(flat.dtype)  # (nodes, trials)
        saturated, dead = np.where(np.isfinite(limits), 0.0, np.nan), np.zeros(limits.shape)
        some = (smallest < limits).any(axis=1)
        if some.any():
            saturated[some] += (np.abs(flat[some]) < limits[some, :, None]).mean(axis=-1)
        some = (smallest == 0.0).any(axis=1)
        if some.any():
            dead[some] = (few[some] == 0.0).all(axis=-2).mean(axis=-1)
        self.saturated[trials, nodes], self.dead[trials, nodes] = saturated.T, dead.T


@dataclass(frozen=True)
class Accumulator:
    """Every trial at every node; the signal at the inputs too, which come first."""

    signal: Magnitudes
    spread: Float64Array  # mean square distance of the samples' directions from their mean, (trials, nodes + 1)
    finite: npt.NDArray[np.bool_]  # (trials, nodes + 1)
    dy: Magnitudes  # ∂e/∂h
    dz: Magnitudes  # ∂e/∂z
    entry: Magnitudes  # ∂e/∂x of the first nodes of chains inside blocks
    weight_gradient: Magnitudes  # summed over the samples
    weights: Magnitudes
    derivatives: Derivatives
    lost: Lost
    separation: Separation
    notes: dict[tuple[int, str], Float64Array]  # by row and name, (trials, …)

    @classmethod
    def empty(cls, trials: range, nodes: int, half: bool = False, plans: int = 1) -> "Accumulator":
        """Nothing measured yet of these trials of every plan; what is lost is counted where a format has 16 bits."""
        rows, few = plans * len(trials), plans * len(range(trials.start, min(trials.stop, _DERIVATIVE_TRIALS)))
        (signal,) = Magnitudes.empty(1, rows, nodes + 1)
        dy, dz, entry, weight_gradient, weights = Magnitudes.empty(5, rows, nodes)
        return cls(
            signal=signal,
            spread=np.full((nodes + 1, rows), np.nan).T,
            finite=np.ones((rows, nodes + 1), dtype=np.bool_),
            dy=dy,
            dz=dz,
            entry=entry,
            weight_gradient=weight_gradient,
            weights=weights,
            derivatives=Derivatives.empty(few, nodes),
            lost=Lost.empty(rows, nodes if half else 0),
            separation=Separation.empty(rows),
            notes={},
        )

    @classmethod
    def joined(cls, parts: list["Accumulator"]) -> "Accumulator":
        """The trials of all of them, one after the other."""
        return end_to_end(parts)


def end_to_end(parts: list[Any]) -> Any:
    """Arrays end to end; records of arrays field by field, and by the keys of the first."""
    if len(parts) == 1:
        return parts[0]
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts)
    if isinstance(parts[0], dict):
        return {key: end_to_end([part[key] for part in parts]) for key in parts[0]}
    return type(parts[0])(
        *(end_to_end(list(field)) for field in zip(*(vars(part).values() for part in parts), strict=True))
    )
