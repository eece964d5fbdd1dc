"""The engine and all that comes behind it: from a specification to its report, quantiles, verdict, theory and all."""

import os
from collections.abc import Callable

import numpy as np

from benchmarks.contestants.norms import Norms
from benchmarks.shapes import Layers, Shape
from service.processes.system import keep_freed_memory
from service.simulation.simulate import simulate
from service.simulation.spec import SimulationSpec

PROCESSORS = len(os.sched_getaffinity(0))

keep_freed_memory()  # as in every process that simulates


def prepare(shape: Shape | Layers, precision: str) -> Callable[[], Norms]:
    """The simulation, to be run as often as one likes."""
    spec = SimulationSpec.model_validate(shape.spec(precision))

    def run() -> Norms:
        layers = simulate(spec, PROCESSORS).layers
        weighted = [layer for layer in layers if layer.log10_weight_norm.count]
        hidden = weighted if isinstance(shape, Shape) else [layer for layer in layers if layer.boundary]
        spreads = [
            *(layer.log10_delta_norm for layer in hidden),
            *(layer.log10_weight_gradient_norm for layer in weighted),
        ]
        return Norms(
            np.array([spread.mean for spread in spreads], np.float64),
            np.array([spread.std for spread in spreads], np.float64),
        )

    return run
