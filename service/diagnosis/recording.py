"""What is kept of every trial: a few numbers for each layer, in decades."""

from dataclasses import dataclass
from math import isfinite

import numpy as np
import numpy.typing as npt

from service.diagnosis.measures import (
    Decades,
    Signal,
    log10_matrix_norm,
    log10_norm,
    log10_rms,
    log10_separation,
)

DERIVATIVE_TRIALS = 8
"""The distribution of φ' is measured in this many trials; it hardly differs between them."""
SATURATED_BELOW = 0.01
"""A unit is saturated where |φ'| is below this share of its supremum."""


@dataclass(frozen=True)
class Derivatives:
    """φ' over units and samples, each (trials, layers) for the first few trials."""

    mean: Decades
    mean_square: Decades
    low: Decades
    high: Decades
    saturated: Decades
    dead: Decades

    @classmethod
    def empty(cls, trials: int, layers: int) -> "Derivatives":
        """Nothing measured yet."""
        return cls(*(_empty(trials, layers) for _ in range(6)))

    def measure(self, rows: slice, layer: int, derivative: Signal, largest_slope: float) -> None:
        """Enter what the trials `rows` show at layer `layer` (from 0)."""
        size = np.abs(derivative)
        self.mean[rows, layer] = derivative.mean(axis=(-2, -1), dtype=np.float64)
        self.mean_square[rows, layer] = np.square(derivative).mean(axis=(-2, -1), dtype=np.float64)
        self.low[rows, layer] = derivative.min(axis=(-2, -1))
        self.high[rows, layer] = derivative.max(axis=(-2, -1))
        if isfinite(largest_slope):
            self.saturated[rows, layer] = (size < SATURATED_BELOW * largest_slope).mean(axis=(-2, -1))
        self.dead[rows, layer] = (size == 0.0).all(axis=-2).mean(axis=-1)


@dataclass(frozen=True)
class Recording:
    """Every trial at every layer: (trials, layers), and (trials, layers + 1) for the signal, inputs first."""

    forward_rms: Decades
    separation: Decades
    finite: npt.NDArray[np.bool_]
    upstream: Decades  # of ∂e/∂h
    delta: Decades  # of ∂e/∂z
    weight_gradient: Decades
    weight_norm: Decades
    derivatives: Derivatives

    @classmethod
    def empty(cls, trials: int, layers: int) -> "Recording":
        """Nothing measured yet."""
        return cls(
            forward_rms=_empty(trials, layers + 1),
            separation=_empty(trials, layers + 1),
            finite=np.ones((trials, layers + 1), dtype=np.bool_),
            upstream=_empty(trials, layers),
            delta=_empty(trials, layers),
            weight_gradient=_empty(trials, layers),
            weight_norm=_empty(trials, layers),
            derivatives=Derivatives.empty(min(trials, DERIVATIVE_TRIALS), layers),
        )

    def measure_signal(self, trials: range, position: int, before: Signal, signal: Signal) -> None:
        """Enter the inputs (position 0), or what comes out of layer `position` (from 1) and what was `before` φ."""
        rows = slice(trials.start, trials.stop)
        decades = log10_rms(signal)
        self.forward_rms[rows, position] = decades
        self.separation[rows, position] = log10_separation(signal)
        self.finite[rows, position] = ~np.isnan(decades) & np.isfinite(before).all(axis=(-2, -1))

    def measure_gradient(
        self, trials: range, layer: int, upstream: tuple[Signal, Decades], delta: tuple[Signal, Decades]
    ) -> None:
        """Enter ∂e/∂h and ∂e/∂z of layer `layer` (from 0), each as values of order one and their scale in decades."""
        rows = slice(trials.start, trials.stop)
        self.upstream[rows, layer] = log10_norm(upstream[0]) + upstream[1]
        self.delta[rows, layer] = log10_norm(delta[0]) + delta[1]

    def measure_weights(
        self, trials: range, layer: int, weights: Signal, gradient: Signal, gradient_decades: Decades
    ) -> None:
        """Enter the weights of layer `layer` (from 0) and their gradient, of order one with its scale in decades."""
        rows = slice(trials.start, trials.stop)
        self.weight_norm[rows, layer] = log10_matrix_norm(weights)
        self.weight_gradient[rows, layer] = log10_matrix_norm(gradient) + gradient_decades

    def measure_derivative(self, trials: range, layer: int, derivative: Signal, largest_slope: float) -> None:
        """Enter φ' of layer `layer` (from 0) for those of the first few trials that are among `trials`."""
        stop = min(trials.stop, DERIVATIVE_TRIALS)
        if trials.start < stop:
            rows = slice(trials.start, stop)
            self.derivatives.measure(rows, layer, derivative[: stop - trials.start], largest_slope)


def _empty(trials: int, columns: int) -> Decades:
    return np.full((trials, columns), np.nan)
