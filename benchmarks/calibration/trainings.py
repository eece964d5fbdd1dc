"""The networks trained: gradient descent and Adam at several rates each, with this service's own steps."""

from dataclasses import replace
from time import process_time
from typing import Any

import numpy as np

from benchmarks.calibration.networks import network
from benchmarks.calibration.task import batch, explicit
from service.nn.optimizers import AdamOptimizer, Optimizer, SgdOptimizer
from service.simulation.descent import Trained, predicted, remasked, slope, unmasked
from service.simulation.drawing import Drawn, draw
from service.simulation.plan import Plan, plan
from service.simulation.spec import SimulationSpec

STEPS, SAMPLES, TESTED = 200, 16, 512
RATES: dict[str, tuple[Optimizer, list[float]]] = {
    "sgd": (SgdOptimizer(momentum=0.9), [0.003, 0.01, 0.03, 0.1, 0.3]),
    "adam": (AdamOptimizer(), [1e-3, 3e-3, 1e-2, 3e-2]),
}
"""Optimisers with the rates of which the best counts."""

Json = dict[str, Any]


def specification(family: str, seed: int, samples: int = SAMPLES, **fields: Any) -> SimulationSpec:
    """The network with that number of a family, on a batch of the task."""
    loss = {"kind": "cross_entropy_with_logits"}
    body = {"network": network(family, seed), "loss": loss, "data": explicit(samples, seed), "seed": seed, **fields}
    return SimulationSpec.model_validate(body)


def trained(family: str, seed: int) -> Json:
    """Accuracies on samples that were not trained with, by optimiser and rate."""
    started = process_time()
    made = plan(specification(family, seed, trials=1, precision="float32"))
    found = {name: _accuracies(made, seed, optimizer, rates) for name, (optimizer, rates) in RATES.items()}
    return {"family": family, "seed": seed, "accuracies": found, "seconds": round(process_time() - started, 2)}


def _accuracies(made: Plan, seed: int, optimizer: Optimizer, rates: list[float]) -> list[float]:
    """At each of the rates, of one trial: what it says of samples that it has not seen, its dropout switched off."""
    rng, loss, trials = np.random.default_rng([seed, 1]), made.spec.loss, range(1)
    at = Trained.start(draw(made, trials), optimizer, len(rates))
    speeds = np.array(rates)
    for step in range(STEPS):
        now = remasked(_with(at.network, SAMPLES, rng), made, trials, step)
        passed = slope(now, loss)
        if not np.isfinite(passed.loss).any():
            break
        at = at.stepped(passed.gradients, optimizer, speeds)
    tested = unmasked(_with(at.network, TESTED, np.random.default_rng([seed, 2])))
    said = predicted(tested)
    right = (said.argmax(axis=-1) == tested.targets.argmax(axis=-1)) & np.isfinite(said).all(axis=-1)
    return [round(float(one), 4) for one in right.mean(axis=-1)]


def _with(network: Drawn, samples: int, rng: np.random.Generator) -> Drawn:
    """The network with other samples, the same in all rows."""
    images, targets = (one[None].astype(network.inputs.dtype) for one in batch(samples, rng))
    return replace(network, inputs=images, targets=targets)
