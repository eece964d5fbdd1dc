"""Random trees of nodes against finite differences of their loss; autograd's word on such trees is in `test_oracle`."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from api_tests.nn.given_layers import Json
from api_tests.simulation.random_trees import DEEPEST, entries, printed, tree
from service.core.kinds import members
from service.nn.layers import Node
from service.nn.layers.base import Built, Chain, Saved
from service.nn.layers.parallel import Merge, Parallel
from service.nn.losses import Loss
from service.nn.scaled import Scaled
from service.simulation.plan import plan
from service.simulation.simulate import Drawn, draw
from service.simulation.spec import SimulationSpec

Numbers = npt.NDArray[np.float64]

SEEDS, AT_ONCE = 325, 25
STEPS = 4.0 ** -np.arange(3, 10)
RELATIVE = 1e-7
ROUNDING = 3e-12  # of the loss: a difference over a step of 1e-3 knows no more
APART = 1e-2  # the least distance between the branches of a maximum: steps do not go from one to the other


def distances(chain: Chain, tape: list[Saved]) -> Iterator[float]:
    """Between the largest and the second largest of the branches of every maximum."""
    for one, (saved, _, _) in zip(chain.nodes, tape, strict=True):
        tapes = saved[1] if isinstance(one.node, Parallel) else saved
        for inner, its_tape in zip(one.chains, tapes if one.chains else (), strict=True):
            yield from distances(inner, its_tape)
        if isinstance(one.node, Parallel) and one.node.merge is Merge.MAXIMUM and len(one.chains) > 1:
            ranked = np.sort(np.stack(saved[0]), axis=0)
            yield float((ranked[-1] - ranked[-2]).min())


@dataclass
class Looking:
    """A probe that keeps the gradients of parameters by row and name."""

    found: dict[tuple[int, str], Numbers] = field(default_factory=dict)

    def stored(self, values: Numbers, exponent: Any = None) -> Numbers:
        return values

    def arranged(self, signal: Numbers) -> Numbers:
        return signal

    def output(self, at: Built, z: Numbers, h: Numbers) -> None: ...

    def gradient(self, at: Built, dy: Scaled, dz: Scaled, derivative: Numbers | None) -> None: ...

    def parameters(self, at: Built, saved: Saved, dz: Scaled, gradient: Callable[[str], Numbers]) -> None:
        self.found |= {(at.row, name): gradient(name) * np.ldexp(1.0, dz.exponent) for name in at.trained}

    def entry(self, at: Built, dx: Scaled) -> None: ...


@dataclass(frozen=True)
class Case:
    """A network whose arrays can be replaced: its loss is a function of each."""

    spec: SimulationSpec
    network: Drawn

    def gradients(self) -> tuple[Numbers, dict[tuple[int, str], Numbers]]:
        """Of the loss with respect to the inputs and to every parameter, by the backward pass."""
        loss, probe = self.spec.loss, Looking()
        prediction, tape = self.network.chain.forward(self.network.inputs, probe)
        dy = loss.factor(prediction.shape[-1]) * loss.gradient(prediction, self.network.targets)
        dx = self.network.chain.backward(tape, Scaled.of(dy, np.zeros((1, 1, 1), np.int64)), probe)
        return dx.values * np.ldexp(1.0, dx.exponent), probe.found

    def loss_at(self, inputs: Numbers) -> Numbers:
        """Summed over the samples, (trials,), for some inputs."""
        return self._loss(self.network.chain, inputs)

    def loss_with(self, row: int, name: str, array: Numbers) -> Numbers:
        """The same where one array of the node at `row` is replaced."""
        return self._loss(replaced(self.network.chain, row, name, array), self.network.inputs)

    def _loss(self, chain: Chain, inputs: Numbers) -> Numbers:
        prediction, _ = chain.forward(inputs, Looking())
        found: Numbers = self.spec.loss.value(prediction, self.network.targets).sum(axis=-1)
        return found

    def assert_gradient(self, what: str, of: Callable[[Numbers], Numbers], at: Numbers, gradient: Numbers) -> None:
        error = np.linalg.norm(differences(of, at[0]) - gradient.reshape(at[0].shape))
        allowed = RELATIVE * np.linalg.norm(gradient) + ROUNDING * max(1.0, abs(self.loss_at(self.network.inputs)[0]))
        assert error <= allowed, f"{what} is off by {error}, more than {allowed}; {printed(self.spec)}"


def smooth_cases(seeds: range) -> Iterator[Case]:
    """Random trees, but for those with a kink close by."""
    for seed in seeds:
        spec = tree(seed, smooth=True)
        network = draw(plan(spec), range(1))
        _, tape = network.chain.forward(network.inputs, Looking())
        if min(distances(network.chain, tape), default=np.inf) > APART:
            yield Case(spec, network)


def nodes(chain: Chain) -> Iterator[Built]:
    """Every node of the tree."""
    for one in chain.nodes:
        yield one
        for inner in one.chains:
            yield from nodes(inner)


def replaced(chain: Chain, row: int, name: str, array: Numbers) -> Chain:
    """The same nodes, but for one array of the node at `row`."""
    return Chain([_replaced(one, row, name, array) for one in chain.nodes])


def _replaced(one: Built, row: int, name: str, array: Numbers) -> Built:
    own = dict(zip(one.trained, one.arrays, strict=True)) | ({name: array} if one.row == row else {})
    return replace(one, arrays=[*own.values()], chains=[replaced(inner, row, name, array) for inner in one.chains])


def differences(of: Callable[[Numbers], Numbers], at: Numbers) -> Numbers:
    """The gradient of `of` at every entry: all steps are trials of one pass.

    Central differences, extrapolated to no step at all (Richardson 1911); of the table of extrapolations the entry
    that agrees best with those it is made of (Ridders 1982).
    """
    steps = np.multiply.outer([1.0, -1.0], STEPS)[..., None, None, None] * np.eye(at.size).reshape(-1, *at.shape)
    moved = np.broadcast_to(of((at + steps).reshape(-1, *at.shape)), 2 * STEPS.size * at.size)
    above, below = moved.reshape(2, STEPS.size, at.size)
    column = (above - below) / (2.0 * STEPS[:, None])
    rounding = np.finfo(np.float64).eps * np.abs(moved).max() / STEPS
    best, error = column[-1], np.full(at.size, np.inf)
    for order in range(1, STEPS.size):
        finer = column[1:] + (column[1:] - column[:-1]) / (16.0**order - 1.0)
        doubts = np.maximum(np.abs(finer - column[1:]), np.abs(finer - column[:-1])) + rounding[order:, None]
        for found, doubt in zip(finer, doubts, strict=True):
            best, error = np.where(doubt < error, found, best), np.minimum(doubt, error)
        column = finer
    return best.reshape(at.shape)


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_gradients_of_inputs_and_parameters_are_those_of_finite_differences(first: int) -> None:
    for case in smooth_cases(range(first, first + AT_ONCE)):
        of_inputs, of_parameters = case.gradients()
        case.assert_gradient("inputs", case.loss_at, case.network.inputs, of_inputs)
        for one in nodes(case.network.chain):
            for name, array in zip(one.trained, one.arrays, strict=True):
                of = partial(case.loss_with, one.row, name)
                case.assert_gradient(f"{name} of node {one.row}", of, array, of_parameters[one.row, name])


def test_enough_of_the_random_trees_have_no_kink_close_by() -> None:
    assert sum(1 for _ in smooth_cases(range(SEEDS))) >= 300


def test_the_random_trees_reach_every_kind_of_node_and_every_option() -> None:
    specs = [tree(seed) for seed in range(300)]
    written = [entry for one in specs for entry in entries(one.network.model_dump(mode="json")["layers"])]
    assert {level for level, _ in written} == set(range(DEEPEST + 1))
    assert {one["kind"] for _, one in written} == {kind.kind_name() for kind in members(Node)}
    for kind in ("dense", "layer_norm", "residual", "parallel"):
        assert_reached(kind, [one for _, one in written if one["kind"] == kind])
    assert {one.loss.kind_name() for one in specs} == {kind.kind_name() for kind in members(Loss)}


def assert_reached(kind: str, reached: list[Json]) -> None:
    """Every field of the kind has its default somewhere and another value elsewhere; every choice is made."""
    seen = {name: {json.dumps(one[name], sort_keys=True) for one in reached} for name in reached[0]}
    assert all(len(values) > 1 for name, values in seen.items() if name != "kind"), kind
    if kind == "parallel":
        assert {one["merge"] for one in reached} == {merge.value for merge in Merge}
        empty = {(one["merge"], not branch["layers"]) for one in reached for branch in one["branches"]}
        assert len(empty) == 2 * len(Merge)
    if kind == "residual":
        assert {bool(one["shortcut"]) for one in reached} == {True, False}
        assert {one["branch_scale"] for one in reached} >= {0.0, 1.0, -1.0}
