"""The engine: from a specification to what is measured of every trial, the norms that the rivals compute among it."""

import os
from collections.abc import Callable

import numpy as np

from benchmarks.contestants.norms import Norms
from benchmarks.shapes import Layers, Shape
from service.processes.system import keep_freed_memory
from service.simulation.measure import measure
from service.simulation.plan import plan
from service.simulation.spec import SimulationSpec

PROCESSORS = len(os.sched_getaffinity(0))

keep_freed_memory()  # as in every process that simulates


def prepare(shape: Shape | Layers, precision: str) -> Callable[[], Norms]:
    """The simulation, to be run as often as one likes."""
    spec = SimulationSpec.model_validate(shape.spec(precision))
    made = plan(spec)
    weighted = [node.row for node in made.nodes if node.weights]
    hidden = weighted if isinstance(shape, Shape) else made.depth.gradients

    def run() -> Norms:
        found = measure(made, PROCESSORS).measurements
        decades = np.concatenate([found.delta[:, hidden], found.weight_gradient[:, weighted]], axis=1)
        decades += np.log10(made.loss_factor)
        return Norms(decades.mean(axis=0), decades.std(axis=0))

    return run
