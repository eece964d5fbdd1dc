"""What is kept of every trial: a few numbers for each layer, in decades."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from service.diagnosis.measures import Decades

DERIVATIVE_TRIALS = 8
"""The distribution of φ' is measured in this many trials; it hardly differs between them."""


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


def _empty(trials: int, columns: int) -> Decades:
    return np.full((trials, columns), np.nan)
