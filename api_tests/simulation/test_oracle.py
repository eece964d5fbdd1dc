"""PyTorch's autograd as an oracle: what the two passes report is what it finds for the same numbers."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from api_tests.nn.autograd import Unwritten, parameters_of
from api_tests.nn.given_layers import Json, asked, dense, repeated, standalone
from api_tests.nn.node_cases import TOKENS, cases, network
from api_tests.nn.variants import every, named, variants
from api_tests.simulation.by_autograd import (
    DECADES,
    assert_agreement,
    assert_gradients,
    assert_statistics,
    decades,
    drawn,
    norm_of_samples,
    ratio,
    rms,
    truth_of,
)
from api_tests.simulation.random_trees import printed, tree
from service.core.arrays import Shape
from service.core.kinds import members
from service.nn.activations import Activation
from service.nn.activations.smooth import Linear, Sigmoid, Softmax, Tanh
from service.nn.data import Data, InputData
from service.nn.initializers import Initializer
from service.nn.losses import CrossEntropy, Loss, SquaredError
from service.nn.randomness import Randomness
from service.simulation.plan import plan
from service.simulation.simulate import simulate
from service.simulation.spec import SimulationSpec

Numbers = npt.NDArray[np.float64]
Network = tuple[int, int, list[Json]]  # features, outputs, layers

ACTIVATIONS: list[Activation] = every(Activation)
HIDDEN = [one for one in ACTIVATIONS if not one.only_output]
LOSSES: list[Loss] = every(Loss)
TREES, TREES_AT_ONCE = 500, 25


def output_for(loss: Loss) -> Activation:
    """An output activation that goes with the loss."""
    return Softmax() if loss == CrossEntropy() else Sigmoid() if loss.probability else Linear()


def posted(layers: list[Json], loss: Loss, features: int, outputs: int, samples: int = 6) -> SimulationSpec:
    """A specification in which every number is given."""
    targets = loss.natural_targets(outputs).draw((samples, outputs), Randomness(9, range(1)).tensor(1))[0]
    inputs = np.random.default_rng(5).normal(size=(samples, features))
    values = {"inputs": inputs, "targets": targets.astype(np.float64)}
    return SimulationSpec.model_validate(
        {
            "network": {"features": features, "layers": layers},
            "loss": asked(loss),
            "data": {name: {"kind": "explicit", "values": array.tolist()} for name, array in values.items()},
            "include": ["gradients"],
        }
    )


def titled(given: Any) -> str:
    """A short name for a case of the table."""
    if isinstance(given, tuple):
        return "x".join(map(str, given))
    return "-".join(f"{name}={value}" for name, value in given.items()).replace(" ", "")[:90]


@pytest.mark.parametrize(("shape", "layer"), [*cases()], ids=titled)
@pytest.mark.parametrize("seed", [1, 2])
def test_every_layer_with_every_field_has_the_gradients_of_autograd(shape: Shape, layer: Json, seed: int) -> None:
    """Behind a layer with weights, of tokens apart, so that its inputs have a gradient that shows."""
    before = [] if shape == TOKENS else [{"kind": "dense", "units": shape[-1], "bias": {"kind": "normal"}}]
    behind = {"kind": "dense", "units": 2, "activation": {"kind": "tanh"}}
    last = [] if "softmax" in str(layer) else [behind]  # which stands at the end alone
    spec = {"network": network(shape, *before, layer, *last), "data": {"samples": 4}, "include": ["gradients"]}
    try:
        assert_agreement(SimulationSpec.model_validate({**spec, "trials": 1, "seed": seed}))
    except Unwritten as kind:
        pytest.skip(f"{kind} is not written for this autograd")


@pytest.mark.parametrize("first", range(0, TREES, TREES_AT_ONCE))
def test_random_trees_have_the_gradients_and_the_statistics_of_autograd(first: int) -> None:
    for seed in range(first, first + TREES_AT_ONCE):
        spec = tree(seed, include=["gradients"])
        report, truth = simulate(spec), truth_of(spec)
        try:
            assert_gradients(report, truth)
            assert_statistics(report, truth, plan(spec))
        except AssertionError as error:
            raise AssertionError(f"{error}\n{printed(spec)}") from error


@pytest.mark.parametrize("activation", HIDDEN, ids=named)
def test_every_hidden_activation_has_the_gradients_and_the_ratios_of_autograd(activation: Activation) -> None:
    rng = np.random.default_rng(8)
    scale = 1.2 if activation.kind != "exponential" else 0.2  # of e^z of e^z nothing is left in double precision
    layers = [*(dense(rng, 6, 6, activation, scale) for _ in range(5)), dense(rng, 6, 2, Sigmoid())]
    spec = posted(layers, SquaredError(), 6, 2)
    assert_agreement(spec)
    *hidden, last = truth_of(spec)
    verdict = simulate(spec).verdict
    deltas = np.array([decades(norm_of_samples(layer.delta)) for layer in hidden])
    slope = np.polyfit(-np.arange(5.0), deltas, 1)[0]
    forward = np.log10(rms(hidden[-1].h) / rms(hidden[0].h))
    assert verdict.depth_ratio.median == pytest.approx(deltas[0] - deltas[-1], abs=DECADES)
    assert verdict.forward_ratio.median == pytest.approx(forward, abs=DECADES)
    assert verdict.end_to_end_ratio.median == pytest.approx(ratio(hidden[0].delta, last.upstream), abs=DECADES)
    assert verdict.gain_per_layer.median == pytest.approx(10.0**slope, rel=1e-9)


@pytest.mark.parametrize("loss", LOSSES, ids=named)
def test_every_output_activation_below_every_loss_it_goes_with_has_the_gradients_of_autograd(loss: Loss) -> None:
    fitting = [one for one in ACTIVATIONS if one.probability or not loss.probability]
    assert fitting
    for activation in fitting:
        rng = np.random.default_rng(2)
        layers = [dense(rng, 4, 6, Tanh()), dense(rng, 6, 3, activation, 0.7)]
        try:
            assert_agreement(posted(layers, loss, 4, 3))
        except AssertionError as error:
            raise AssertionError(f"{named(activation)}: {error}") from error


def architectures() -> dict[str, Network]:
    rng = np.random.default_rng(3)

    def tanh(fan_in: int, units: int) -> Json:
        return dense(rng, fan_in, units, Tanh())

    def linear(fan_in: int, units: int) -> Json:
        return dense(rng, fan_in, units, Linear())

    bend, squash = standalone(Tanh()), standalone(Sigmoid())
    inner = repeated(3, tanh(4, 4), squash)
    return {
        "one layer": (3, 2, [tanh(3, 2)]),
        "no weights at all": (3, 3, [bend, squash]),
        "a single path": (1, 1, [tanh(1, 1) for _ in range(4)]),
        "widening and narrowing": (2, 1, [tanh(2, 9), tanh(9, 3), tanh(3, 30), tanh(30, 1)]),
        "deep": (6, 6, [dense(rng, 6, 6, Sigmoid()) for _ in range(24)]),
        "repeated": (4, 2, [repeated(7, tanh(4, 4)), linear(4, 2)]),
        "activations apart": (3, 3, [bend, linear(3, 5), squash, tanh(5, 3)]),
        "activations apart at the end": (3, 4, [linear(3, 4), bend, squash]),
        "nested": (4, 4, [repeated(2, inner, linear(4, 4)), bend]),
    }


@pytest.mark.parametrize("samples", [1, 17])
@pytest.mark.parametrize("network", architectures().values(), ids=architectures())
def test_every_architecture_has_the_gradients_of_autograd(network: Network, samples: int) -> None:
    features, outputs, layers = network
    assert_agreement(posted(layers, SquaredError(), features, outputs, samples))


def assert_agreement_of_draws(spec: Json) -> None:
    checked = SimulationSpec.model_validate({**spec, "trials": 3, "seed": 21, "include": ["gradients"]})
    assert_gradients(simulate(checked), truth_of(checked))


def test_no_two_tensors_of_a_network_are_made_of_the_same_random_numbers() -> None:
    uniform = {"kind": "uniform", "low": 0.0, "high": 1.0}
    norm = {"kind": "layer_norm", "gain": uniform, "shift": uniform}
    layer = repeated(3, norm, {"kind": "dense", "units": 1, "weights": uniform, "bias": uniform})
    spec = {
        "network": {"features": 1, "layers": [layer]},
        "data": {"samples": 1, "inputs": uniform, "targets": uniform},
    }
    found = drawn(SimulationSpec.model_validate(spec))
    own = [array for one in parameters_of(found.chain) for _, array in one]
    assert np.unique([one.item() for one in (*own, found.inputs, found.targets)]).size == len(own) + 2 == 14


@pytest.mark.parametrize("kind", members(Initializer), ids=lambda kind: kind.kind_name())
def test_weights_and_biases_from_every_initializer_have_the_gradients_of_autograd(kind: type[Initializer]) -> None:
    initializer = variants(kind)[0]
    features, units = initializer.shape_of_values() or (12, 3)
    own = {"weights": asked(initializer), "activation": {"kind": "tanh"}}
    layers = [{"kind": "dense", "units": units, "bias": {"kind": "normal"}, **own}]
    if not initializer.shape_of_values():
        layers += [repeated(2, {"kind": "dense", "units": units, **own, "bias": asked(initializer)})]
    layers += [{"kind": "dense", "units": 2}]
    assert_agreement_of_draws({"network": {"features": features, "layers": layers}})


@pytest.mark.parametrize("data", every(Data), ids=named)
def test_inputs_and_targets_of_every_kind_have_the_gradients_of_autograd(data: Data) -> None:
    if data.kind == "token_indices":
        embedded = [{"kind": "embedding", "units": 3}, {"kind": "recurrent", "cell": "rnn", "units": 2}]
        assert_agreement_of_draws({"network": network((5, -7), *embedded), "data": {"inputs": asked(data)}})
        return
    width = (data.shape_of_values() or (0, 3))[1]
    layers = [{"kind": "dense", "units": 5, "activation": {"kind": "tanh"}}, {"kind": "dense", "units": width}]
    plain = {"features": width, "layers": layers}
    assert_agreement_of_draws({"network": plain, "data": {"targets": asked(data)}})
    if isinstance(data, InputData):
        assert_agreement_of_draws({"network": plain, "data": {"inputs": asked(data)}})
