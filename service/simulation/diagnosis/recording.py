"""What is kept of every trial: a few numbers for each layer, in decades."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from service.simulation.diagnosis.measures import Decades

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
        return cls(*np.full((6, trials, layers), np.nan))


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
