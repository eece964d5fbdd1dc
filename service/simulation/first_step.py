"""What the first step of training does, at every rate of a grid at once: to the loss, and to the hidden units."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from service.core.arrays import Array, Float64Array
from service.nn.activations.smooth import Linear
from service.nn.layers.base import Built, shaped
from service.nn.losses import Loss
from service.nn.optimizers import AdamOptimizer, Optimizer, SgdOptimizer
from service.simulation.descent import SilentProbe, Trained, slope
from service.simulation.drawing import Drawn, draw
from service.simulation.plan import Plan
from service.simulation.results import FirstStep, StepRate
from service.simulation.spec import Precision
from service.simulation.statistics import finite_or_none
from service.simulation.vocabulary import Optimiser

_HALF_DECADES = 9
_LARGEST_EXPONENTS = (0.0, -4.5, -9.0)
"""Of the rates that are tried together; the smaller ones where the loss rises at all before, as on raw data it does."""
_MOST_OPERATIONS = 4e9
"""By the estimate, a tenth to a fifth of a second."""
_MOST_BYTES = 320 << 20
"""As much as trials that are simulated together take, where the simulation takes less."""
_TOGETHER_BYTES = 8 << 20
"""So many rates are tried together as take no more than this."""
_FORWARD = 1 / 3
"""Of the operations of both passes, their measurements included."""
_OPERATIONS_PER_WEIGHT = 20.0
"""To move a weight takes as long as so many operations of a matrix product."""
_OPERATIONS_PER_LAYER = 4e6
"""What the calls of NumPy take beside, in all passes."""
_COPIES = 1 + _HALF_DECADES
_BYTES = 8
_COPIES_OF_WEIGHTS = 7
"""Of the first trial: drawn, where the step begins, its gradient, its direction, what the optimiser remembers."""
_FAR = 20.0
"""At a distance from 0 that no smooth slope is exactly 0 at, but that many steps go beyond."""
_OPTIMIZERS: dict[Optimiser, Optimizer] = {Optimiser.SGD: SgdOptimizer(), Optimiser.ADAM: AdamOptimizer()}


def first_step_cost(made: Plan, size: int, trial: int) -> tuple[float, int, bool]:
    """Operations and bytes at most, and whether it is tried, beside a simulation of so many bytes.

    `trial` is how many bytes both passes of one trial take in double precision.
    """
    largest, rates = max(_MOST_BYTES, size), min(_HALF_DECADES, _together(made))
    taken = trial + _COPIES_OF_WEIGHTS * _BYTES * made.parameters + rates * _size(made)
    needed = _operations(made)
    allowed = needed <= _MOST_OPERATIONS and taken <= largest
    return min(needed, _MOST_OPERATIONS), min(taken, largest), allowed


def first_step(made: Plan, tried: bool) -> FirstStep:
    """The first step of the first trial, in double precision; without its rates where it is too expensive."""
    kind = Optimiser(made.spec.policy.kind)
    optimizer = _OPTIMIZERS[kind]
    if not tried:
        return FirstStep(
            optimiser=kind,
            usual_rate=optimizer.usual_rate,
            rates=[],
            dead_before=None,
            largest_stable_rate=None,
            left_out=f"The first step would take about {_operations(made):.2g} operations; it is tried up to "
            f"{_MOST_OPERATIONS:.2g}, and up to {_MOST_BYTES >> 20} MiB.",
        )
    exact = replace(made, spec=made.spec.model_copy(update={"precision": Precision.FLOAT64}))
    with np.errstate(all="ignore"):
        dead_before, rates = _tried(exact, optimizer)
    return FirstStep(
        optimiser=kind,
        usual_rate=optimizer.usual_rate,
        rates=rates,
        dead_before=dead_before,
        largest_stable_rate=_largest_stable(rates),
        left_out=None,
    )


def lowers(rates: Sequence[StepRate]) -> bool:
    """Whether one of these rates lowers the loss."""
    return any(one.loss_ratio is not None and one.loss_ratio < 1.0 for one in rates)


def _largest_stable(rates: Sequence[StepRate]) -> float | None:
    """The largest rate up to which the loss never rises, of rates in their order; None where it falls at none."""
    stable = list(_stable(rates))
    return stable[-1].rate if lowers(stable) else None


def _stable(rates: Sequence[StepRate]) -> Iterator[StepRate]:
    for one in rates:
        if one.loss_ratio is None or one.loss_ratio > 1.0:
            return
        yield one


def _tried(made: Plan, optimizer: Optimizer) -> tuple[float | None, list[StepRate]]:
    """The share of units that are dead in the first trial, and what a step does to it at every rate."""
    network, loss, found = draw(made, range(1)), made.spec.loss, list[StepRate]()
    before = slope(network, loss)
    along = {}
    for place, gradient in before.gradients.items():  # a first step is the rate times what it is at a rate of 1
        rate, state = np.ones([1] * gradient.ndim), [np.zeros(gradient.shape)] * optimizer.remembered
        along[place], _ = optimizer.step(gradient, rate, state, 1)
    start = Trained(network, dict.fromkeys(along, ()))
    still = not any(direction.any() for direction in along.values())
    for exponent in _LARGEST_EXPONENTS[: 1 if still else None]:
        tried = np.power(10.0, exponent - 0.5 * np.arange(_HALF_DECADES, dtype=np.float64)[::-1])
        after = list[StepRate]()
        for rates in np.array_split(tried, -(-_HALF_DECADES // _together(made))):
            found_at = _after(start.stepped(along, SgdOptimizer(), rates).network, loss)
            losses, dead = np.broadcast_to(found_at, (2, len(rates)))  # without weights all rates are one
            after += [_step_rate(*one) for one in zip(rates, losses / before.loss[0], dead, strict=True)]
        found = after + found
        if lowers(found):
            break
    some = any(one.dead_fraction for one in found)
    return (float(_after(network, loss)[1][0]) if some else found[0].dead_fraction), found


def _step_rate(rate: float, loss_ratio: float, dead: float) -> StepRate:
    return StepRate(rate=float(rate), loss_ratio=finite_or_none(loss_ratio), dead_fraction=finite_or_none(dead))


class _DeadUnits(SilentProbe):
    """A probe that counts hidden units, and those whose φ' is exactly 0 on every sample, of every trial."""

    def __init__(self, last: Built) -> None:
        self._last = last
        self.units = 0
        self.dead: Array | float = 0.0

    def output(self, at: Built, z: Array, h: Array) -> None:
        """Count the units of a node, (trials, samples, features), where it has an activation that bends."""
        activation = at.node.output_activation
        if activation is None or isinstance(activation, Linear) or at is self._last:
            return
        self.units += z.shape[-1]
        far = np.array([-_FAR, _FAR])
        if activation.df(far, activation.f(far)).all() and z.min() > -_FAR and z.max() < _FAR:
            return
        slopes = activation.df(shaped(z, at.out), shaped(h, at.out)).reshape(z.shape)
        self.dead = self.dead + (slopes == 0.0).all(axis=-2).sum(axis=-1)


def _after(network: Drawn, loss: Loss) -> tuple[Float64Array, Float64Array]:
    """The mean loss of every trial, and the share of its hidden units that are dead, NaN without any; (trials,)."""
    probe, x = _DeadUnits(network.chain.nodes[-1]), network.inputs
    for one in network.chain.nodes:
        x, _ = one.node.forward(one, x, probe)
    values = loss.value(shaped(x, network.out), shaped(network.targets, network.out))
    losses: Float64Array = values.reshape(len(values), -1).mean(axis=-1)
    return losses, np.broadcast_to(probe.dead / probe.units if probe.units else np.nan, losses.shape)


def _operations(made: Plan) -> float:
    """Both passes of one trial, a step and one more pass forward at every rate, by the estimate's measure."""
    both = made.samples * sum(node.operations for node in made.nodes)
    calls = sum(node.shape[0] if node.node.step_by_step else 1 for node in made.nodes)
    moved = _OPERATIONS_PER_WEIGHT * made.parameters * _COPIES
    return both * (1.0 + _FORWARD * _COPIES) + moved + _OPERATIONS_PER_LAYER * calls


def _size(made: Plan) -> int:
    """Bytes of the network at one rate, and of what its largest layer works on."""
    return _BYTES * (2 * made.parameters + 4 * made.samples * made.widest)


def _together(made: Plan) -> int:
    """How many rates are tried together."""
    return max(1, _TOGETHER_BYTES // _size(made))
