"""Random trees of nodes against finite differences of their loss; autograd's word on such trees is in `test_oracle`."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pytest

from api_tests.nn.differences import Looking, differences, every_built, replaced
from api_tests.nn.given_layers import Json
from api_tests.simulation.random_trees import DEEPEST, entries, printed, tree
from service.core.kinds import members
from service.nn.layers import Node
from service.nn.layers.base import Chain, Saved, flat, shaped
from service.nn.layers.parallel import Merge, Parallel
from service.nn.layers.residual import Residual
from service.nn.losses import Loss
from service.nn.scaled import Scaled
from service.simulation.drawing import Drawn, draw
from service.simulation.plan import plan
from service.simulation.spec import SimulationSpec

Numbers = npt.NDArray[np.float64]

SEEDS, AT_ONCE, DIRECTIONS = 325, 25, 2
RELATIVE = 1e-7
ROUNDING = 3e-12  # of the loss: a difference over a step of 1e-3 knows no more
APART = 1e-2  # the least distance between the branches of a maximum: steps do not go from one to the other


def distances(chain: Chain, tape: list[Saved]) -> Iterator[float]:
    """Between the largest and the second largest of the branches of every maximum."""
    for one, (saved, _, _) in zip(chain.nodes, tape, strict=True):
        tapes = saved[1] if isinstance(one.node, Parallel) else saved if isinstance(one.node, Residual) else [saved]
        for inner, its_tape in zip(one.chains, tapes if one.chains else (), strict=True):
            yield from distances(inner, its_tape)
        if isinstance(one.node, Parallel) and one.node.merge is Merge.MAXIMUM and len(one.chains) > 1:
            ranked = np.sort(np.stack(saved[0]), axis=0)
            yield float((ranked[-1] - ranked[-2]).min())


@dataclass(frozen=True)
class Case:
    """A network whose arrays can be replaced: its loss is a function of each."""

    spec: SimulationSpec
    network: Drawn

    def gradients(self) -> tuple[Numbers, dict[tuple[int, str], Numbers]]:
        """Of the loss with respect to the inputs and to every parameter, by the backward pass."""
        loss, probe = self.spec.loss, Looking()
        prediction, tape = self.network.chain.forward(self.network.inputs, probe)
        p, y = (shaped(one, self.network.out) for one in (prediction, self.network.targets))
        dy = flat(loss.factor(p.shape[-1]) * loss.gradient(p, y))
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
        p, y = (shaped(one, self.network.out) for one in (prediction, self.network.targets))
        found: Numbers = self.spec.loss.value(p, y).reshape(len(prediction), -1).sum(axis=-1)
        return found

    def assert_gradient(self, what: str, of: Callable[[Numbers], Numbers], at: Numbers, gradient: Numbers) -> None:
        """Along some random directions, in which every entry shows."""
        directions = np.random.default_rng(self.spec.seed).normal(size=(DIRECTIONS, *at.shape[1:]))
        slopes = (directions * gradient.reshape(at.shape[1:])).reshape(DIRECTIONS, -1).sum(axis=-1)
        error = np.linalg.norm(differences(of, at[0], directions=directions) - slopes)
        loss = abs(self.loss_at(self.network.inputs)[0])
        allowed = RELATIVE * np.linalg.norm(gradient) * np.sqrt(DIRECTIONS) + ROUNDING * max(1.0, loss)
        assert error <= allowed, f"{what} is off by {error}, more than {allowed}; {printed(self.spec)}"


def smooth_cases(seeds: range) -> Iterator[Case]:
    """Random trees, but for those with a kink close by."""
    for seed in seeds:
        spec = tree(seed, smooth=True)
        network = draw(plan(spec), range(1))
        _, tape = network.chain.forward(network.inputs, Looking())
        if min(distances(network.chain, tape), default=np.inf) > APART:
            yield Case(spec, network)


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_gradients_of_inputs_and_parameters_are_those_of_finite_differences(first: int) -> None:
    for case in smooth_cases(range(first, first + AT_ONCE)):
        of_inputs, of_parameters = case.gradients()
        if "token" not in case.spec.inputs().kind:  # between indices there is nothing
            case.assert_gradient("inputs", case.loss_at, case.network.inputs, of_inputs)
        for one in (inner for node in case.network.chain.nodes for inner in every_built(node)):
            for name in one.trained:
                of = partial(case.loss_with, one.row, name)
                case.assert_gradient(f"{name} of node {one.row}", of, one.named[name], of_parameters[one.row, name])


def test_enough_of_the_random_trees_have_no_kink_close_by() -> None:
    assert sum(1 for _ in smooth_cases(range(SEEDS))) >= 300


def test_the_random_trees_reach_every_kind_of_node_and_every_option() -> None:
    specs = [tree(seed) for seed in range(500)]
    written = [entry for one in specs for entry in entries(one.network.model_dump(mode="json")["layers"])]
    assert {level for level, _ in written} == set(range(DEEPEST + 1))
    for kind in members(Node):
        assert_reached(kind.kind_name(), [one for _, one in written if one["kind"] == kind.kind_name()])
    assert {one.loss.kind for one in specs} == {kind.kind_name() for kind in members(Loss)}
    assert {len(one.network.shape) for one in specs} == {1, 2, 3}


def assert_reached(kind: str, reached: list[Json]) -> None:
    """Every field of the kind has its default somewhere and another value elsewhere; every choice is made."""
    names = {name for one in reached for name in one}  # a field that is left open is not there
    seen = {name: {json.dumps(one.get(name), sort_keys=True) for one in reached} for name in names}
    constant = {name for name, values in seen.items() if len(values) == 1}
    assert constant <= {"kind", "name", "times"}, kind
    if kind == "parallel":
        assert {one["merge"] for one in reached} == {merge.value for merge in Merge}
        empty = {(one["merge"], not branch["layers"]) for one in reached for branch in one["branches"]}
        assert len(empty) == 2 * len(Merge)
    if kind == "residual":
        assert {bool(one["shortcut"]) for one in reached} == {True, False}
        assert {one["branch_scale"] for one in reached} >= {0.0, 1.0, -1.0}
