"""The least that the work can take: its matrix products at the machine's peak, and its random numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.shapes import Layers, Shape
from service.nn.randomness import Randomness
from service.simulation.plan import plan
from service.simulation.spec import SimulationSpec

_SIZE = 1024
_NORMALS = 1 << 15
_ROUNDS = 5


@dataclass(frozen=True)
class Floor:
    """What one processor was seen to do at its best."""

    operations_per_second: dict[str, float]  # of matrix products, by precision
    seconds_per_normal: float
    processors: int

    @classmethod
    def measured(cls, processors: int) -> "Floor":
        """By a large product in each precision, and by as many normals as stay in the cache."""
        randomness = Randomness(0, range(1))
        normals = _best(lambda: randomness.tensor(1).normal((_NORMALS,))) / _NORMALS
        return cls({one: _peak(one) for one in ("float32", "float64")}, normals, processors)

    def seconds(self, shape: Shape | Layers, precision: str) -> float:
        """Products and normals of all trials, spread over the processors."""
        products = _operations(shape) / self.operations_per_second[precision]
        return (products + _normals(shape) * self.seconds_per_normal) / self.processors


def _operations(shape: Shape | Layers) -> float:
    """Forward and backward, and the norm of the weights' gradient by the cheaper of its two ways.

    It is that of the product xᵀ·δ, or Σ (x·xᵀ)∘(δ·δᵀ), of which one triangle is enough.
    """
    if isinstance(shape, Layers):
        made = plan(SimulationSpec.model_validate(shape.spec("float64")))
        weights = sum(one.weights * prod((one.out if len(one.shape) == 3 else one.shape)[:-1]) for one in made.nodes)
        return 6.0 * shape.trials * shape.samples * weights
    batch, units = shape.samples, shape.units
    product = 2.0 * batch * units * units
    gradient = min(product, 2.0 * batch * batch * units)
    return shape.trials * shape.hidden * (2.0 * product + gradient)


def _normals(shape: Shape | Layers) -> float:
    if isinstance(shape, Layers):
        made = plan(SimulationSpec.model_validate(shape.spec("float64")))
        return float(shape.trials * (made.parameters + shape.samples * made.spec.network.size))
    weights, data = shape.hidden * shape.units**2 + shape.units, shape.samples * (shape.units + 1)
    return float(shape.trials * (weights + data))


def _peak(precision: str) -> float:
    factor: Any = np.ones((_SIZE, _SIZE), precision)
    product = np.empty_like(factor)
    return 2.0 * _SIZE**3 / _best(lambda: np.matmul(factor, factor, out=product))


def _best(run: Callable[[], object]) -> float:
    """Seconds of the fastest of some runs."""
    seconds = []
    for _ in range(_ROUNDS):
        started = perf_counter()
        run()
        seconds.append(perf_counter() - started)
    return min(seconds)
