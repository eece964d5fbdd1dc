"""Steps of training against those of PyTorch, or of HIPS autograd and the optimisers' own formulas where it is not."""

import importlib.util
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from api_tests.nn.autograd import differentiated
from api_tests.nn.node_cases import Json, network
from service.core.arrays import Shape
from service.nn.layers.base import Chain
from service.nn.optimizers import AdamOptimizer, Optimizer, SgdOptimizer
from service.simulation.descent import Place, Trained, loss_of, remasked, slope, unmasked
from service.simulation.drawing import Drawn, draw
from service.simulation.plan import Plan, plan
from service.simulation.spec import SimulationSpec

Numbers = npt.NDArray[np.float64]

STEPS = 20
TANH: Json = {"kind": "tanh"}
DENSE: Json = {"kind": "dense", "units": 4, "activation": TANH}
LAST: Json = {"kind": "dense", "units": 2}
CONVOLUTION: Json = {"kind": "convolution", "filters": 3, "size": [3, 3], "padding": "same", "activation": TANH}
NETWORKS: dict[str, tuple[Shape, list[Json]]] = {
    "dense": ((4,), [DENSE, {**DENSE, "activation": {"kind": "stanh"}}, LAST]),
    "convolution": ((5, 4, 2), [CONVOLUTION, {"kind": "pooling", "size": [2, 2]}, {"kind": "flatten"}, LAST]),
    "lstm": ((5, 3), [{"kind": "recurrent", "cell": "lstm", "units": 3}, LAST]),
    "gru": ((5, 3), [{"kind": "recurrent", "cell": "gru", "units": 3, "direction": "both"}, LAST]),
    "norms": ((4,), [DENSE, {"kind": "batch_norm"}, DENSE, {"kind": "layer_norm"}, LAST]),
    "residual": ((4,), [DENSE, {"kind": "residual", "layers": [{"kind": "rms_norm"}, DENSE]}, LAST]),
    "attention": ((3, 4), [{"kind": "transformer_block", "heads": 2, "mlp_units": 5}, {"kind": "flatten"}, LAST]),
    "slopes": ((4,), [DENSE, {"kind": "prelu"}, LAST]),
    "positions": ((3, 4), [{"kind": "position_embedding"}, {"kind": "flatten"}, LAST]),
    "tokens": ((6, -9), [{"kind": "embedding", "units": 3}, {"kind": "flatten"}, LAST]),
}
OPTIMIZERS: dict[str, tuple[Optimizer, float]] = {
    "sgd": (SgdOptimizer(), 0.05),
    "momentum": (SgdOptimizer(momentum=0.9), 0.01),
    "adam": (AdamOptimizer(), 0.01),
    "adam with its own numbers": (AdamOptimizer(beta1=0.5, beta2=0.9, epsilon=1e-4), 0.02),
}


def planned(shape: Shape, layers: list[Json], **fields: Any) -> Plan:
    body = {"network": network(shape, *layers), "data": {"samples": 6}, "trials": 3, "seed": 4, **fields}
    return plan(SimulationSpec.model_validate(body))


def parameters_of(chain: Chain) -> dict[Place, Numbers]:
    found = {(one.row, name): one.named[name] for one in chain.nodes for name in one.trained}
    for one in chain.nodes:
        for inner in one.chains:
            found |= parameters_of(inner)
    return found


def with_parameters(chain: Chain, given: dict[Place, Numbers]) -> Chain:
    """The chain with other numbers for the parameters in `given`, of one trial."""
    return Chain(
        [
            replace(
                one,
                arrays=[given.get((one.row, name), array) for name, array in one.named.items()],
                chains=[with_parameters(inner, given) for inner in one.chains],
            )
            for one in chain.nodes
        ]
    )


class Textbook:
    """The optimisers as their papers have them, one parameter at a time, changed in place."""

    def __init__(self, optimizer: Optimizer, rate: float, parameters: Sequence[Numbers]) -> None:
        self.of, self.rate, self.parameters = optimizer, rate, parameters
        self.first, self.second = ([np.zeros_like(one) for one in parameters] for _ in range(2))
        self.steps = 0

    def step(self, gradients: Sequence[Numbers]) -> None:
        self.steps += 1
        for at, (w, g) in enumerate(zip(self.parameters, gradients, strict=True)):
            if isinstance(self.of, SgdOptimizer):
                self.first[at] = self.of.momentum * self.first[at] + g
                w[...] = w - self.rate * self.first[at]
            elif isinstance(self.of, AdamOptimizer):
                one, two = self.of.beta1, self.of.beta2
                self.first[at] = one * self.first[at] + (1.0 - one) * g
                self.second[at] = two * self.second[at] + (1.0 - two) * g**2
                mean, square = self.first[at] / (1.0 - one**self.steps), self.second[at] / (1.0 - two**self.steps)
                w[...] = w - self.rate * mean / (np.sqrt(square) + self.of.epsilon)


class Torch:
    """PyTorch's optimisers over the same numbers, which they change in place."""

    def __init__(self, optimizer: Optimizer, rate: float, parameters: Sequence[Numbers]) -> None:
        import torch  # noqa: PLC0415 - only where it is installed

        self.tensors = [torch.from_numpy(one).requires_grad_() for one in parameters]
        if isinstance(optimizer, SgdOptimizer):
            self.own: Any = torch.optim.SGD(self.tensors, lr=rate, momentum=optimizer.momentum)
        elif isinstance(optimizer, AdamOptimizer):
            betas = optimizer.beta1, optimizer.beta2
            self.own = torch.optim.Adam(self.tensors, lr=rate, betas=betas, eps=optimizer.epsilon)

    def step(self, gradients: Sequence[Numbers]) -> None:
        import torch  # noqa: PLC0415 - only where it is installed

        for tensor, gradient in zip(self.tensors, gradients, strict=True):
            tensor.grad = torch.from_numpy(gradient.copy())
        self.own.step()


def reference(made: Plan, optimizer: Optimizer, rate: float) -> dict[Place, Numbers]:
    """The parameters of the first trial after all steps, by other programs' gradients and steps."""
    drawn = draw(made, range(1))
    found = {place: np.array(one[:1], np.float64) for place, one in parameters_of(drawn.chain).items()}
    stepping = (Textbook if importlib.util.find_spec("torch") is None else Torch)(optimizer, rate, [*found.values()])
    for _ in range(STEPS):
        now = replace(drawn, chain=with_parameters(drawn.chain, found))
        truth = {node.row: one.parameters for node, one in zip(made.nodes, differentiated(made.spec, now), strict=True)}
        stepping.step([truth[row][name].reshape(one.shape) for (row, name), one in found.items()])
    return found


@pytest.mark.parametrize("named", OPTIMIZERS)
@pytest.mark.parametrize("kind", NETWORKS)
def test_twenty_steps_end_where_another_program_ends(kind: str, named: str) -> None:
    """To 1e-8 of the largest parameter, in double precision; of trials and rates beside one another the first."""
    optimizer, rate = OPTIMIZERS[named]
    made = planned(*NETWORKS[kind])
    at = Trained.start(draw(made, range(3)), optimizer, 2)
    rates = np.repeat([rate, 0.3 * rate], 3)
    for _ in range(STEPS):
        at = at.stepped(slope(at.network, made.spec.loss).gradients, optimizer, rates)
    ours, theirs = parameters_of(at.network.chain), reference(made, optimizer, rate)
    assert ours.keys() == theirs.keys()
    for place, expected in theirs.items():
        error = np.abs(ours[place][:1] - expected).max()
        assert error <= 1e-8 * max(1.0, np.abs(expected).max()), (place, error)


def test_every_row_is_what_it_is_alone() -> None:
    """A trial at a rate knows nothing of the others; the trials of all rates begin alike."""
    made, optimizer = planned(*NETWORKS["norms"]), AdamOptimizer()

    def trained(trials: range, rates: list[float]) -> dict[Place, Numbers]:
        at = Trained.start(draw(made, trials), optimizer, len(rates))
        for _ in range(5):
            found = slope(at.network, made.spec.loss)
            at = at.stepped(found.gradients, optimizer, np.repeat(rates, len(trials)))
        return parameters_of(at.network.chain)

    whole, alone = trained(range(3), [0.1, 0.01]), trained(range(2, 3), [0.01])
    for place, one in alone.items():
        assert whole[place][5:] == pytest.approx(one, rel=1e-12, abs=1e-14), place


def test_a_step_leaves_what_it_came_from_as_it_was() -> None:
    made, optimizer = planned(*NETWORKS["dense"]), SgdOptimizer(momentum=0.9)
    before = Trained.start(draw(made, range(3)), optimizer)
    kept = {place: one.copy() for place, one in parameters_of(before.network.chain).items()}
    found = slope(before.network, made.spec.loss)
    after = before.stepped(found.gradients, optimizer, np.full(3, 0.1))
    assert all((kept[place] == one).all() for place, one in parameters_of(before.network.chain).items())
    assert (loss_of(after.network, made.spec.loss) < found.loss).all()
    assert (after.steps, before.steps) == (1, 0)


def test_a_parameter_that_all_trials_share_is_each_trials_own_from_the_first_step_on() -> None:
    """Zeros are drawn once for all trials; a bias moves apart all the same."""
    made = planned((4,), [{**DENSE, "weights": {"kind": "constant", "value": 0.3}}, LAST])
    at = Trained.start(draw(made, range(3)), SgdOptimizer())
    moved = at.stepped(slope(at.network, made.spec.loss).gradients, SgdOptimizer(), np.full(3, 0.1))
    weights = parameters_of(moved.network.chain)[0, "weights"]
    assert weights.shape == (3, 4, 4)
    assert not np.array_equal(weights[0], weights[1])


def masks(network: Drawn) -> Numbers:
    return np.array(network.chain.nodes[1].named["mask"])


def test_masks_are_new_in_every_step_the_same_at_every_rate_and_those_of_the_seed() -> None:
    made = planned((4,), [DENSE, {"kind": "dropout", "rate": 0.5}, LAST])
    at = Trained.start(draw(made, range(3)), SgdOptimizer(), 2).network
    first, second, again = (masks(remasked(at, made, range(3), step)) for step in (1, 2, 1))
    assert (first == again).all()
    assert (first[:3] == first[3:]).all()
    assert (first != second).any()
    assert set(np.unique(first)) == {0.0, 2.0}
    alone = Trained.start(draw(made, range(1, 2)), SgdOptimizer()).network
    assert (masks(remasked(alone, made, range(1, 2), 1))[0] == first[1]).all()
    assert masks(unmasked(at)).tolist() == [[[1.0]]]


def test_a_gradient_that_no_number_holds_is_an_outcome() -> None:
    """Weights of 1e100 overflow on the way; losses are infinite or NaN, and nothing is raised."""
    made = planned((4,), [{**DENSE, "activation": {"kind": "relu"}, "weights": {"kind": "normal", "std": 1e100}}] * 4)
    at = Trained.start(draw(made, range(3)), AdamOptimizer())
    for _ in range(3):
        found = slope(at.network, made.spec.loss)
        at = at.stepped(found.gradients, AdamOptimizer(), np.full(3, 0.1))
    assert not np.isfinite(found.loss).any()
