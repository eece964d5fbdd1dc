"""A plan and its random numbers → built layers, inputs and targets of a chunk of trials."""

from dataclasses import dataclass

import numpy as np

from service.core.arrays import Array, innermost
from service.nn.layers.base import BuiltLayer
from service.nn.randomness import Randomness
from service.simulation.plan import Plan

_INPUTS, _TARGETS = 0, 1


@dataclass(frozen=True)
class Chunk:
    """Some trials of one network: its layers and its batch."""

    layers: list[BuiltLayer]
    inputs: Array  # (trials, samples, features)
    targets: Array  # (trials, samples, outputs)
    along_trials: bool  # whether the trials are the innermost axis of its signals in memory

    def arranged(self, signal: Array) -> Array:
        """`signal` with its axes in that order in memory."""
        return innermost(signal) if self.along_trials else signal


def compile_chunk(plan: Plan, trials: range, along_trials: bool) -> Chunk:
    """The trials `trials` of `plan`.

    Weights of the n-th layer that has any are tensor 2n, its bias is 2n + 1; so an activation that stands alone
    leaves the draws as they are.
    """
    dtype = np.dtype(plan.spec.precision.value)
    randomness = Randomness(plan.spec.seed, trials, dtype)
    layers = [
        planned.layer.build(
            planned.features, randomness.tensor(2 * planned.tensors), randomness.tensor(2 * planned.tensors + 1), dtype
        )
        for planned in plan.layers
    ]
    inputs = plan.spec.data.inputs.draw((plan.samples, plan.spec.network.features), randomness.tensor(_INPUTS))
    targets = plan.targets.draw((plan.samples, plan.outputs), randomness.tensor(_TARGETS))
    inputs, targets = (values.astype(dtype, copy=False) for values in (inputs, targets))
    return Chunk(layers, inputs, targets, along_trials)
