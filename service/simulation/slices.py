"""Networks that are one but for their activations: each of these is applied to the trials of its own networks."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

import numpy as np

from service.core.arrays import Array
from service.nn.activations import Activation
from service.nn.layers import Node


def nodes_together(nodes: Sequence[Node]) -> Node:
    """The same node of several networks as one node for the trials of all, of which each has as many."""
    first = nodes[0]
    changed = {
        name: _together([getattr(one, name) for one in nodes]) for name, value in first if isinstance(value, Activation)
    }
    bent = {name: one for name, one in changed.items() if isinstance(one, Sliced)}
    return first.model_copy(update=bent) if bent else first


def _together(activations: Sequence[Activation]) -> Activation:
    """One activation for all networks."""
    runs = [(one, len(list(run))) for one, run in groupby(activations)]
    return runs[0][0] if len(runs) == 1 else Sliced.model_construct(kind="sliced", runs=runs)


class Sliced(Activation):
    """Several activations, each of so many networks; their trials are the leading axis of every array."""

    kind: str
    runs: list[tuple[Activation, int]]

    def f(self, x: Array) -> Array:
        """φ(x), (trials, …), by the activation of each trial."""
        return self._joined(lambda one, z: one.f(z), x)

    def df(self, x: Array, y: Array) -> Array:
        """The derivative at `x`, (trials, …), by the activation of each trial."""
        return self._joined(lambda one, *of: one.df(*of), x, y)

    def vjp(self, derivative: Array, y: Array, dy: Array) -> Array:
        """The gradient with respect to what goes in, (trials, …), by the activation of each trial."""
        return self._joined(lambda one, *of: one.vjp(*of), derivative, y, dy)

    def _joined(self, what: Callable[..., Array], *arrays: Array) -> Array:
        """What every activation makes of its trials of the arrays, (trials, …) each, put end to end."""
        return np.concatenate([what(one, *parts) for one, parts in self._parts(arrays)])

    def _parts(self, arrays: Sequence[Array]) -> Iterator[tuple[Activation, list[Array]]]:
        """The activations, each with its trials of the arrays, (trials, …) each."""
        start, each = 0, len(arrays[0]) // sum(networks for _, networks in self.runs)
        for one, networks in self.runs:
            end = start + networks * each
            yield one, [array[start:end] for array in arrays]
            start = end
