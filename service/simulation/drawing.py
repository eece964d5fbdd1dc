"""A plan → its drawn network: the parameters and the batch of some trials, and what the loss says of a prediction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from service.core.arrays import Array, Shape
from service.nn.activations import Activation
from service.nn.data import Data
from service.nn.layers.base import Built, Chain, Parameter, shaped
from service.nn.losses import Loss
from service.nn.randomness import Randomness, RememberedRandomness, Stream
from service.nn.scaled import Scaled
from service.nn.shapes import TokensShape
from service.simulation.plan import Plan
from service.simulation.slices import nodes_together
from service.simulation.spec import Precision
from service.simulation.tree import PlannedNode

_T = TypeVar("_T")

INPUTS, _TARGETS = 0, 1
"""The places of inputs and targets in the random numbers."""


@dataclass(frozen=True)
class Drawn:
    """Some trials of one network: its nodes and its batch."""

    chain: Chain
    inputs: Array  # (trials, samples, features)
    targets: Array  # (trials, samples, positions · outputs)
    out: Shape  # of one sample of the prediction


def draw(made: Plan, trials: range) -> Drawn:
    """The parameters and the batch of the trials `trials` of a plan."""
    return draw_together([made], trials)


def draw_together(plans: Sequence[Plan], trials: range) -> Drawn:
    """The same trials of several plans of one shape as one network, those of each plan behind those before it."""
    made, precision = plans[0], plans[0].spec.precision
    randomness = randomness_of(plans, trials)
    chain = _chain([one.top for one in plans], randomness, made.samples, precision)
    inputs, targets = (joined(drawn, trials) for drawn in _batches(plans, randomness))
    indices = isinstance(made.spec.network.input, TokensShape)  # which are no numbers to be rounded
    inputs = inputs.astype(precision.computed, copy=False) if indices else precision.kept(inputs)
    targets = targets.reshape(-1, made.samples, made.positions * made.outputs)
    return Drawn(chain, inputs, precision.kept(targets), made.top[-1].out)


def randomness_of(plans: Sequence[Plan], trials: range) -> list[Randomness]:
    """The random numbers of these trials of every plan, of one precision; plans of one seed have one."""
    kind = Randomness if len(plans) == 1 else RememberedRandomness
    computed = plans[0].spec.precision.computed
    found = {seed: kind(seed, trials, computed) for seed in {one.spec.seed for one in plans}}
    return [found[one.spec.seed] for one in plans]


def joined(arrays: Sequence[Array], trials: Sequence[int]) -> Array:
    """Arrays (trials, …), or (1, …) where all trials have the same, end to end; (1, …) where all arrays are one."""
    if len(arrays) == 1 or (len(arrays[0]) == 1 < len(trials) and all(one is arrays[0] for one in arrays)):
        return arrays[0]
    whole = np.concatenate(arrays)
    if len(whole) > len(arrays) or len(trials) == 1:
        return whole
    first = whole[:1]
    return first if (whole == first).all() else np.repeat(whole, len(trials), axis=0)


def draw_batch(made: Plan, randomness: Randomness) -> tuple[Array, Array]:
    """Inputs, (trials or 1, samples, features), and targets, (trials or 1, samples · positions, outputs)."""
    (inputs,), (targets,) = _batches([made], [randomness])
    return inputs, targets


def draw_targets(made: Plan, randomness: Randomness) -> Array:
    """The targets alone, (trials or 1, samples · positions, outputs)."""
    if type(made.targets).of_inputs is not Data.of_inputs:
        return draw_batch(made, randomness)[1]
    return made.targets.draw((made.samples * made.positions, made.outputs), randomness.tensor(_TARGETS))


def _batches(plans: Sequence[Plan], randomness: Sequence[Randomness]) -> tuple[list[Array], list[Array]]:
    """The inputs and the targets of every plan."""
    made, given = plans[0], [one.spec.inputs() for one in plans]
    size, shape = (made.samples, made.spec.network.size), (made.samples * made.positions, made.outputs)

    def inputs_of(number: int) -> Array:
        return given[number].draw(size, randomness[number].tensor(INPUTS))

    def targets_of(number: int) -> Array:
        return plans[number].targets.of_inputs(inputs[number], shape, randomness[number].tensor(_TARGETS))

    inputs = _each(list(zip(randomness, given, strict=True)), inputs_of)
    seen = map(id, inputs) if type(made.targets).of_inputs is not Data.of_inputs else [0] * len(plans)
    return inputs, _each(list(zip(randomness, [one.targets for one in plans], seen, strict=True)), targets_of)


def _chain(
    planned: Sequence[Sequence[PlannedNode]], randomness: Sequence[Randomness], samples: int, precision: Precision
) -> Chain:
    """The nodes of a chain of every plan as one chain."""
    return Chain([_built(ones, randomness, samples, precision) for ones in zip(*planned, strict=True)])


def _built(ones: Sequence[PlannedNode], randomness: Sequence[Randomness], samples: int, precision: Precision) -> Built:
    """The same node of every plan as one node."""
    one, trials, arrays = ones[0], randomness[0].trials, []
    for number in range(len(one.parameters)):
        rules = [(its, each.parameters[number].initializer) for each, its in zip(ones, randomness, strict=True)]
        parts = _each(rules, partial(_drawn, ones, randomness, number, samples))
        arrays.append(precision.kept(joined(parts, trials)))
    chains = [
        _chain(inner, randomness, samples, precision) for inner in zip(*(its.chains for its in ones), strict=True)
    ]
    node = one.node if len(ones) == 1 else nodes_together([its.node for its in ones])
    return Built(node, one.row, one.shape, one.out, one.parameters, arrays, chains)


def _drawn(
    ones: Sequence[PlannedNode], randomness: Sequence[Randomness], parameter: int, samples: int, number: int
) -> Array:
    """A parameter of the node of a plan, by the numbers of both."""
    one, its = ones[number], randomness[number]
    return drawn(
        one.parameters[parameter], samples * one.batch, [its.tensor(place) for place in one.tensors[parameter]]
    )


def _each(rules: Sequence[tuple[Any, ...]], draw: Callable[[int], _T]) -> list[_T]:
    """What is drawn by each of some rules, by its number; neighbours that are equal are drawn once."""
    found: list[_T] = []
    for number, rule in enumerate(rules):
        found.append(found[-1] if number and rule == rules[number - 1] else draw(number))
    return found


def drawn(parameter: Parameter, samples: int, streams: Sequence[Stream]) -> Array:
    """A parameter of every trial, (trials or 1, *shape), each of its parts from a stream of its own."""
    shape, initializer = parameter.matrix_shape(samples), parameter.initializer
    parts = [initializer.draw(shape, parameter.fan_in, parameter.fan_out, stream) for stream in streams]
    whole = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)
    return whole.reshape(whole.shape[0], *parameter.drawn_shape(samples))


def changed(chain: Chain, arrays: Callable[[Built], Sequence[Array]]) -> Chain:
    """The chain with other arrays, (trials, …), in its nodes, and in all that is inside them."""
    return Chain(
        [
            Built(
                one.node,
                one.row,
                one.shape,
                one.out,
                one.parameters,
                arrays(one),
                [changed(inner, arrays) for inner in one.chains],
            )
            for one in chain.nodes
        ]
    )


@dataclass(frozen=True)
class LossGradient(Scaled):
    """The gradient of a loss with respect to the prediction, the loss's constant factor left out.

    Behind the output activation some losses have a simpler gradient than by the chain rule.
    """

    loss: Loss
    targets: Array  # (trials, samples, positions · outputs)
    unit: float = 1.0  # what the loss is multiplied by

    def before(self, activation: Activation, derivative: Array, y: Array) -> tuple[Array, npt.NDArray[np.integer[Any]]]:
        """∂e/∂z and its exponent, as for any gradient, but by the loss's own formula where it has one."""
        if not self.loss.fused:
            return super().before(activation, derivative, y)
        targets = shaped(self.targets, y.shape[2:])
        delta = self.loss.output_delta(activation, derivative, y, targets)
        return delta if self.unit == 1.0 else delta * self.unit, np.zeros_like(self.exponent)
