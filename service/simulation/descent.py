"""Steps of gradient descent: the mean loss of a drawn network, its gradients at true scale, the network one step on.

A network is trained along its leading axis: every trial, and every learning rate beside it, is a network of its own.
Nothing is changed in place: a step makes a new chain with new arrays.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from service.core.arrays import Array, Float64Array
from service.nn.layers.base import Built, Chain, Saved, flat, shaped
from service.nn.losses import Loss
from service.nn.optimizers import Optimizer, State
from service.nn.scaled import Exponents, Scaled
from service.simulation.drawing import Drawn, LossGradient, changed, drawn, joined, randomness_of
from service.simulation.plan import Plan
from service.simulation.tree import PlannedNode

Place = tuple[int, str]
"""A trained parameter: the row of its node, and its name."""
_STEPS = 72
"""Bits: the places of a step's random numbers lie so far behind those of the network."""


@dataclass(frozen=True)
class Slope:
    """What both passes through a drawn network say of its loss."""

    loss: Float64Array  # the mean over samples and positions, (trials,)
    prediction: Array  # (trials, samples, positions · outputs)
    gradients: Mapping[Place, Array]  # of the mean loss, (trials, *shape) each


@dataclass(frozen=True)
class Trained:
    """A network on its way, and what its optimiser remembers of each parameter."""

    network: Drawn
    states: Mapping[Place, State]
    steps: int = 0

    @classmethod
    def start(cls, network: Drawn, optimizer: Optimizer, copies: int = 1) -> "Trained":
        """Before the first step: so many copies of all trials, one behind the other, such as one for each rate.

        Trial t of copy c is row c·trials + t; a parameter or a batch that all trials share has a row for each, too.
        """
        trials = max([len(one) for one in [*_arrays(network.chain), network.inputs, network.targets]])

        def tiled(array: Array) -> Array:  # (trials or 1, …) as (rows, …)
            whole = np.broadcast_to(array, (trials, *array.shape[1:]))
            return np.tile(whole, (copies, *[1] * (whole.ndim - 1)))

        chain = changed(network.chain, lambda one: [tiled(array) for array in one.arrays])
        wide = replace(network, chain=chain, inputs=tiled(network.inputs), targets=tiled(network.targets))
        remembered = range(optimizer.remembered)
        states = {place: tuple(np.zeros_like(one) for _ in remembered) for place, one in _trained(chain).items()}
        return cls(wide, states)

    def stepped(self, gradients: Mapping[Place, Array], optimizer: Optimizer, rates: Float64Array) -> "Trained":
        """One step further, at a rate for every row, (rows,)."""
        number, states = self.steps + 1, dict(self.states)

        def moved(one: Built) -> list[Array]:
            named = one.named
            for name in one.trained:
                place, array = (one.row, name), named[name]
                rate = rates.astype(array.dtype).reshape(-1, *[1] * (array.ndim - 1))
                change, states[place] = optimizer.step(gradients[place], rate, states[place], number)
                named[name] = np.subtract(array, change, out=change)  # an array of its own already
            return list(named.values())

        with np.errstate(all="ignore"):  # a parameter that overflows is an outcome
            chain = changed(self.network.chain, moved)
        return Trained(replace(self.network, chain=chain), states, number)


Look = Callable[[Built, Scaled, Scaled, Array | None], None]
"""Is shown ∂e/∂h and ∂e/∂z of every node on the way back, and φ'(z), (trials, samples, features), where it has one."""


class SilentProbe:
    """A probe that lets signals and gradients be what they are, and keeps nothing."""

    def arranged(self, signal: Array) -> Array:
        """`signal` as it is, (trials, samples, features)."""
        return signal

    def stored(self, values: Array, exponent: Exponents | None = None) -> Array:
        """`values` as they are, (trials, samples, features)."""
        return values

    def output(self, at: Built, z: Array, h: Array) -> None:
        """Signals, (trials, samples, features), are not kept."""

    def gradient(self, at: Built, dy: Scaled, dz: Scaled, derivative: Array | None) -> None:
        """Nor are their gradients, (trials, samples, features)."""

    def parameters(self, at: Built, saved: Saved, dz: Scaled, gradient: Callable[[str], Array]) -> None:
        """Nor are those of parameters, (trials, *shape)."""

    def entry(self, at: Built, dx: Scaled) -> None:
        """The gradients at the entries of blocks are not kept."""

    def note(self, at: Built, name: str, values: Float64Array) -> None:
        """What a node has to say besides, (trials, …), is not kept."""


class _Gradients(SilentProbe):
    """A probe that collects the gradient of every trained parameter at true scale."""

    def __init__(self, look: Look | None = None) -> None:
        self._look = look
        self.found: dict[Place, Array] = {}

    def gradient(self, at: Built, dy: Scaled, dz: Scaled, derivative: Array | None) -> None:
        """Show them, (trials, samples, features)."""
        if self._look is not None:
            self._look(at, dy, dz, derivative)

    def parameters(self, at: Built, saved: Saved, dz: Scaled, gradient: Callable[[str], Array]) -> None:
        """Keep them, (trials, *shape) each; infinite where the precision holds no such number."""
        plain = not dz.exponents.any()
        for name in at.trained:
            values = gradient(name)
            if not plain:
                values = np.ldexp(values, dz.exponents.reshape(-1, *[1] * (values.ndim - 1)))
            self.found[at.row, name] = values


def slope(network: Drawn, loss: Loss, look: Look | None = None) -> Slope:
    """The mean loss of every trial and its gradients; what overflows is infinite or NaN, without a warning."""
    with np.errstate(all="ignore"):
        samples, positions = network.inputs.shape[-2], int(np.prod(network.out[:-1]))
        probe, unit = _Gradients(look), loss.factor(network.out[-1]) / (positions * samples)
        prediction, tape = network.chain.forward(network.inputs, probe)
        found, wanted = shaped(prediction, network.out), shaped(network.targets, network.out)
        values = loss.value(found, wanted)
        upstream = flat(loss.gradient(found, wanted)) * prediction.dtype.type(unit)
        gradient = Scaled.of(upstream, np.zeros((len(values), 1, 1), np.int64))
        dy = LossGradient(gradient.values, gradient.exponent, gradient.sums, loss, network.targets, unit)
        network.chain.walk_back(tape, dy, probe, whole=False)
        means = values.reshape(len(values), -1).mean(axis=-1, dtype=np.float64)
    return Slope(means, prediction, probe.found)


def predicted(network: Drawn) -> Array:
    """The prediction, (trials, samples, positions · outputs), by the forward pass alone."""
    with np.errstate(all="ignore"):
        prediction, _ = network.chain.forward(network.inputs, SilentProbe())
    return prediction


def loss_of(network: Drawn, loss: Loss) -> Float64Array:
    """The mean loss of every trial, (trials,), by the forward pass alone."""
    prediction = predicted(network)
    with np.errstate(all="ignore"):
        values = loss.value(shaped(prediction, network.out), shaped(network.targets, network.out))
        found: Float64Array = values.reshape(len(values), -1).mean(axis=-1, dtype=np.float64)
    return found


def remasked(network: Drawn, made: Plan, trials: range, step: int) -> Drawn:
    """The same network with new masks where it has dropout: those of that step, whatever was drawn before.

    Its rows are copies of the trials `trials`, one copy behind the other, which all get the same masks.
    """
    copies = len(network.inputs) // len(trials)

    def tiled(mask: Array) -> Array:  # (trials, …) as (rows, …)
        return np.tile(mask, (copies, *[1] * (mask.ndim - 1)))

    return _remasked(network, [made], trials, step, tiled)


def remasked_together(network: Drawn, plans: Sequence[Plan], trials: range, step: int) -> Drawn:
    """The same for those trials of each of several plans."""
    return _remasked(network, plans, trials, step, lambda mask: mask)


def _remasked(
    network: Drawn, plans: Sequence[Plan], trials: range, step: int, spread: Callable[[Array], Array]
) -> Drawn:
    """The network with new masks, of which `spread` makes (rows, …) from (trials, …)."""
    randomness, samples = randomness_of(plans, trials), network.inputs.shape[-2]

    def masked(number: int, nodes: Sequence[PlannedNode]) -> Array:
        masks = []
        for node, its in zip(nodes, randomness, strict=True):
            streams = [its.tensor(place + (step << _STEPS)) for place in node.tensors[number]]
            masks.append(drawn(node.parameters[number], samples * node.batch, streams).astype(its.dtype))
        return spread(joined(masks, trials))

    def arrays(one: Built) -> list[Array]:
        nodes = [made.nodes[one.row] for made in plans]
        return [
            masked(number, nodes) if parameter.per_sample else array
            for number, (parameter, array) in enumerate(zip(one.parameters, one.arrays, strict=True))
        ]

    return replace(network, chain=changed(network.chain, arrays))


def unmasked(network: Drawn) -> Drawn:
    """The same network with its dropout switched off, as it is when it is used."""

    def arrays(one: Built) -> list[Array]:
        parts = zip(one.parameters, one.arrays, strict=True)
        return [array.dtype.type(1.0).reshape(1, 1, 1) if part.per_sample else array for part, array in parts]

    return replace(network, chain=changed(network.chain, arrays))


def _trained(chain: Chain) -> dict[Place, Array]:
    """Every trained parameter of a chain and of all that is inside it."""
    found = {(one.row, name): one.named[name] for one in chain.nodes for name in one.trained}
    for one in chain.nodes:
        for inner in one.chains:
            found |= _trained(inner)
    return found


def _arrays(chain: Chain) -> list[Array]:
    """All arrays of a chain and of all that is inside it."""
    inside = [array for one in chain.nodes for inner in one.chains for array in _arrays(inner)]
    return [*inside, *(array for one in chain.nodes for array in one.arrays)]
