"""Finite differences of what nodes compute: every step is a trial of one pass."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from service.nn.layers.base import Built, Chain, Saved
from service.nn.scaled import Scaled

Numbers = npt.NDArray[np.floating[Any]]

STEPS = 4.0 ** -np.arange(3, 10)


@dataclass
class Looking:
    """A probe that keeps the gradients of parameters by row and name, and what nodes note."""

    found: dict[tuple[int, str], Numbers] = field(default_factory=dict)
    notes: dict[tuple[int, str], Numbers] = field(default_factory=dict)

    def stored(self, values: Numbers, exponent: Any = None) -> Numbers:
        return values

    def arranged(self, signal: Numbers) -> Numbers:
        return signal

    def output(self, at: Built, z: Numbers, h: Numbers) -> None: ...

    def gradient(self, at: Built, dy: Scaled, dz: Scaled, derivative: Numbers | None) -> None: ...

    def parameters(self, at: Built, saved: Saved, dz: Scaled, gradient: Callable[[str], Numbers]) -> None:
        for name in at.trained:
            values = gradient(name)
            scale = np.ldexp(1.0, dz.exponents).reshape(-1, *[1] * (values.ndim - 1))
            self.found[at.row, name] = values * scale

    def entry(self, at: Built, dx: Scaled) -> None: ...

    def note(self, at: Built, name: str, values: Numbers) -> None:
        self.notes[at.row, name] = values


def every_built(one: Built) -> Iterator[Built]:
    """The node and all that is inside it."""
    yield one
    for chain in one.chains:
        for inner in chain.nodes:
            yield from every_built(inner)


def of_trial(one: Built, trial: int) -> Built:
    """The node as it is in one trial, its arrays (1, *shape)."""
    arrays = [array[trial : trial + 1] if array.shape[0] > 1 else array for array in one.arrays]
    return replace(
        one, arrays=arrays, chains=[Chain([of_trial(inner, trial) for inner in chain.nodes]) for chain in one.chains]
    )


def with_array(one: Built, row: int, name: str, array: Numbers) -> Built:
    """The same node, but for one array of the node at `row`, which is it or in it."""
    own = one.named | ({name: array} if one.row == row else {})
    return replace(one, arrays=[*own.values()], chains=[replaced(inner, row, name, array) for inner in one.chains])


def replaced(chain: Chain, row: int, name: str, array: Numbers) -> Chain:
    """The same nodes, but for one array of the node at `row`."""
    return Chain([with_array(one, row, name, array) for one in chain.nodes])


def differences(
    of: Callable[[Numbers], Numbers], at: Numbers, steps: Numbers = STEPS, directions: Numbers | None = None
) -> Numbers:
    """The gradient of `of`, from (trials, *shape) to (trials,), at `at`, which is one trial's: in every entry.

    Or its slopes in some directions, (directions, *shape). Central differences, extrapolated to no step at all
    (Richardson 1911); of the table of extrapolations the one that agrees best with its neighbours (Ridders 1982).
    """
    ways = np.eye(at.size).reshape(-1, *at.shape) if directions is None else directions
    moves = np.multiply.outer(np.multiply.outer([1.0, -1.0], steps), ways).reshape(-1, *at.shape)
    moved = np.broadcast_to(of(at + moves), 2 * steps.size * len(ways))
    above, below = moved.reshape(2, steps.size, -1)
    column = (above - below) / (2.0 * steps[:, None])
    rounding = np.finfo(np.float64).eps * np.abs(moved).max() / steps
    best, error = column[-1], np.full(len(ways), np.inf)
    for order in range(1, steps.size):
        finer = column[1:] + (column[1:] - column[:-1]) / (16.0**order - 1.0)
        doubts = np.maximum(np.abs(finer - column[1:]), np.abs(finer - column[:-1])) + rounding[order:, None]
        for found, doubt in zip(finer, doubts, strict=True):
            best, error = np.where(doubt < error, found, best), np.minimum(doubt, error)
        column = finer
    return best.reshape(at.shape) if directions is None else best
