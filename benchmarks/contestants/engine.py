"""The engine: from a specification to what is measured of every trial, the norms that the rivals compute among it."""

import os
from collections.abc import Callable

import numpy as np

from benchmarks.contestants.norms import Norms
from benchmarks.shapes import Shape
from service.processes.system import keep_freed_memory
from service.simulation.plan import plan
from service.simulation.simulate import measure
from service.simulation.spec import SimulationSpec

PROCESSORS = len(os.sched_getaffinity(0))

keep_freed_memory()  # as in every process that simulates


def prepare(shape: Shape, precision: str) -> Callable[[], Norms]:
    """The simulation, to be run as often as one likes."""
    spec = SimulationSpec.model_validate(shape.spec(precision))
    made = plan(spec)

    def run() -> Norms:
        recording, _ = measure(made, PROCESSORS)
        decades = np.stack([recording.delta, recording.weight_gradient])  # (2, trials, layers)
        decades += np.log10(spec.loss.factor(made.outputs))
        return Norms(decades.mean(axis=1), decades.std(axis=1))

    return run
