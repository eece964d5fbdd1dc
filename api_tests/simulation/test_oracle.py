"""PyTorch's autograd as an oracle: what the two passes report is what it finds for the same numbers."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from api_tests.nn.autograd import Part, Truth, differentiated
from api_tests.nn.given_layers import Json, asked, dense, given_parts, repeated, standalone
from api_tests.nn.variants import every, named
from service.nn.activations import Activation
from service.nn.activations.smooth import Linear, Sigmoid, Softmax, Tanh
from service.nn.data import Data, InputData
from service.nn.initializers import Initializer
from service.nn.layers.base import BuiltLayer
from service.nn.losses import CrossEntropy, Loss, SquaredError
from service.nn.randomness import Randomness
from service.simulation.plan import plan
from service.simulation.results import LayerGradients, SimulationReport
from service.simulation.simulate import compile_chunk, simulate
from service.simulation.spec import SimulationSpec

Numbers = npt.NDArray[np.float64]
Network = tuple[int, int, list[Json]]  # features, outputs, layers

ACTIVATIONS: list[Activation] = every(Activation)
HIDDEN = [one for one in ACTIVATIONS if not one.only_output]
LOSSES: list[Loss] = every(Loss)
FITTING = [(loss, one) for loss in LOSSES for one in ACTIVATIONS if one.probability or not loss.probability]
RELATIVE = 1e-10


def drawn_parts(spec: SimulationSpec) -> tuple[list[Part], Numbers, Numbers]:
    """The layers, inputs and targets that the engine draws in trial 0."""
    made = plan(spec)
    chunk = compile_chunk(made, range(1), along_trials=False)
    parts = [_part(planned.path, built) for planned, built in zip(made.layers, chunk.layers, strict=True)]
    return parts, chunk.inputs[0], chunk.targets[0]


def _part(path: str, built: BuiltLayer) -> Part:
    weights, bias = built.transform.weights, built.transform.bias
    if weights is None or bias is None:
        return Part(path, built.activation, None, None)
    return Part(path, built.activation, weights[0], bias[0, 0])


def assert_gradients(report: SimulationReport, truth: list[Truth]) -> None:
    assert report.gradients is not None
    assert [one.path for one in report.gradients] == [one.path for one in truth]
    for ours, theirs in zip(report.gradients, truth, strict=True):
        for name in LayerGradients.model_fields.keys() - {"path"}:
            found, expected = getattr(ours, name), getattr(theirs, name)
            assert (found is None) == (expected is None)
            if expected is not None:
                error = np.linalg.norm(np.array(found) - expected)
                assert np.shape(found) == expected.shape
                assert error <= RELATIVE * np.linalg.norm(expected) + 1e-200, f"{name} at {ours.path}"


def output_for(loss: Loss) -> Activation:
    """An output activation that goes with the loss."""
    return Softmax() if loss == CrossEntropy() else Sigmoid() if loss.probability else Linear()


def posted(layers: list[Json], loss: Loss, features: int, outputs: int, samples: int = 6) -> Json:
    """A specification in which every number is given."""
    targets = loss.natural_targets(outputs).draw((samples, outputs), Randomness(9, range(1)).tensor(1))[0]
    inputs = np.random.default_rng(5).normal(size=(samples, features))
    values = {"inputs": inputs, "targets": targets.astype(np.float64)}
    return {
        "network": {"features": features, "layers": layers},
        "loss": asked(loss),
        "data": {name: {"kind": "explicit", "values": array.tolist()} for name, array in values.items()},
        "include": ["gradients"],
    }


def truth_of(spec: Json) -> list[Truth]:
    inputs, targets = (np.array(spec["data"][name]["values"]) for name in ("inputs", "targets"))
    loss = SimulationSpec.model_validate(spec).loss
    return differentiated(list(given_parts(spec["network"]["layers"])), inputs, targets, loss)


def assert_agreement(spec: Json) -> None:
    assert_gradients(simulate(SimulationSpec.model_validate(spec)), truth_of(spec))


@pytest.mark.parametrize("loss", LOSSES, ids=named)
@pytest.mark.parametrize("activation", HIDDEN, ids=named)
def test_every_hidden_activation_below_every_loss_has_the_gradients_of_autograd(
    activation: Activation, loss: Loss
) -> None:
    rng = np.random.default_rng(1)
    layers = [dense(rng, 5, 7, activation), dense(rng, 7, 4, activation), dense(rng, 4, 3, output_for(loss))]
    assert_agreement(posted(layers, loss, 5, 3))


@pytest.mark.parametrize(("loss", "activation"), FITTING, ids=named)
def test_every_output_activation_below_every_loss_it_goes_with_has_the_gradients_of_autograd(
    loss: Loss, activation: Activation
) -> None:
    rng = np.random.default_rng(2)
    assert_agreement(posted([dense(rng, 4, 6, Tanh()), dense(rng, 6, 3, activation, 0.7)], loss, 4, 3))


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
    parts, inputs, targets = drawn_parts(checked)
    assert_gradients(simulate(checked), differentiated(parts, inputs, targets, checked.loss))


def test_no_two_tensors_of_a_network_are_made_of_the_same_random_numbers() -> None:
    uniform = {"kind": "uniform", "low": 0.0, "high": 1.0}
    layer = repeated(3, {"kind": "dense", "units": 1, "weights": uniform, "bias": uniform})
    spec = {
        "network": {"features": 1, "layers": [layer]},
        "data": {"samples": 1, "inputs": uniform, "targets": uniform},
    }
    parts, *data = drawn_parts(SimulationSpec.model_validate(spec))
    assert np.unique([*(part.weights for part in parts), *(part.bias[None] for part in parts), *data]).size == 8


@pytest.mark.parametrize("initializer", every(Initializer), ids=named)
def test_weights_from_every_initializer_have_the_gradients_of_autograd(initializer: Initializer) -> None:
    features, units = initializer.shape_of_values() or (12, 3)
    own = {"weights": asked(initializer), "activation": {"kind": "tanh"}}
    square = {} if initializer.shape_of_values() else own
    layers = [
        {"kind": "dense", "units": units, "bias": {"kind": "normal"}, **own},
        repeated(2, {"kind": "dense", "units": units, **square}),
        {"kind": "dense", "units": 2},
    ]
    assert_agreement_of_draws({"network": {"features": features, "layers": layers}})


@pytest.mark.parametrize("initializer", [one for one in every(Initializer) if not one.shape_of_values()], ids=named)
def test_biases_from_every_initializer_have_the_gradients_of_autograd(initializer: Initializer) -> None:
    layer = {"kind": "dense", "units": 4, "bias": asked(initializer), "activation": {"kind": "sigmoid"}}
    assert_agreement_of_draws({"network": {"features": 4, "layers": [repeated(3, layer)]}})


@pytest.mark.parametrize("data", every(Data), ids=named)
def test_inputs_and_targets_of_every_kind_have_the_gradients_of_autograd(data: Data) -> None:
    width = (data.shape_of_values() or (0, 3))[1]
    layers = [{"kind": "dense", "units": 5, "activation": {"kind": "tanh"}}, {"kind": "dense", "units": width}]
    network = {"features": width, "layers": layers}
    assert_agreement_of_draws({"network": network, "data": {"targets": asked(data)}})
    if isinstance(data, InputData):
        assert_agreement_of_draws({"network": network, "data": {"inputs": asked(data)}})


def decades(norm: Any) -> float:
    return float(np.log10(norm))


def rms(values: Numbers) -> float:
    return float(np.sqrt(np.square(values).mean()))


def norm_of_samples(of_mean_loss: Numbers) -> float:
    """Root mean square over samples of the norm of ∂e_i/∂…, from the gradient of the mean of all e_i."""
    samples = of_mean_loss.shape[0]
    return float(np.sqrt(np.square(samples * of_mean_loss).sum() / samples))


def expected_statistics(layer: Truth, behind: Numbers) -> dict[str, float | None]:
    """What a report on one trial says of a layer; `behind` is ∂e/∂z of the next one, of the prediction in the last."""
    delta, upstream = norm_of_samples(layer.delta), norm_of_samples(layer.upstream)
    found = {
        "log10_forward_rms": decades(rms(layer.h)),
        "log10_separation": decades(rms(layer.h - layer.h.mean(axis=0)) / rms(layer.h)),
        "log10_delta_norm": decades(delta),
        "log10_backward_gain": decades(delta / norm_of_samples(behind)),
        "log10_weight_gain": decades(upstream / norm_of_samples(behind)),
        "log10_derivative_gain": decades(delta / upstream),
    }
    if layer.weights is None:
        return {**found, "log10_weight_gradient_norm": None, "log10_weight_gradient_rms": None}
    return {
        **found,
        "log10_weight_gradient_norm": decades(np.linalg.norm(layer.weights)),
        "log10_weight_gradient_rms": decades(rms(layer.weights)),
    }


def is_rounding(name: str, expected: float | None, known_from: float) -> bool:
    """Whether samples are so close together that their distance is that of their last digits."""
    return name == "log10_separation" and expected is not None and expected < known_from


def networks() -> dict[str, Network]:
    """Every architecture, and every activation in one."""
    rng = np.random.default_rng(4)
    bent = {
        named(one): (5, 3, [dense(rng, 5, 8, one), dense(rng, 8, 8, one), dense(rng, 8, 3, Linear())]) for one in HIDDEN
    }
    return architectures() | bent


@pytest.mark.parametrize("loss", [one for one in LOSSES if not one.probability], ids=named)
@pytest.mark.parametrize("network", networks().values(), ids=networks())
def test_the_statistics_of_one_trial_are_those_of_the_tensors_of_autograd(network: Network, loss: Loss) -> None:
    features, outputs, layers = network
    spec = posted(layers, loss, features, outputs)
    truth = truth_of(spec)
    report = simulate(SimulationSpec.model_validate(spec))
    behind = [*(layer.delta for layer in truth[1:]), truth[-1].upstream]
    for ours, theirs, following in zip(report.layers, truth, behind, strict=True):
        for name, expected in expected_statistics(theirs, following).items():
            if not is_rounding(name, expected, -6.0):
                assert getattr(ours, name).median == pytest.approx(expected, abs=1e-9), f"{name} at {ours.path}"
        assert ours.derivative.mean == pytest.approx(theirs.derivative.mean(), abs=1e-12)
        assert ours.derivative.rms == pytest.approx(rms(theirs.derivative), abs=1e-12)
        assert ours.derivative.min == pytest.approx(theirs.derivative.min(), abs=1e-12)
        assert ours.derivative.max == pytest.approx(theirs.derivative.max(), abs=1e-12)
        assert ours.dead_fraction == (theirs.derivative == 0.0).all(axis=0).mean()


@pytest.mark.parametrize("activation", HIDDEN, ids=named)
def test_ratios_of_the_network_are_those_of_the_tensors_of_autograd(activation: Activation) -> None:
    rng = np.random.default_rng(8)
    layers = [*(dense(rng, 6, 6, activation) for _ in range(5)), dense(rng, 6, 2, Sigmoid())]
    spec = posted(layers, SquaredError(), 6, 2)
    *hidden, last = truth_of(spec)
    verdict = simulate(SimulationSpec.model_validate(spec)).verdict
    deltas = np.array([decades(norm_of_samples(layer.delta)) for layer in hidden])
    slope = np.polyfit(-np.arange(5.0), deltas, 1)[0]
    assert verdict.depth_ratio.median == pytest.approx(deltas[0] - deltas[-1], abs=1e-9)
    assert verdict.forward_ratio.median == pytest.approx(decades(rms(hidden[-1].h) / rms(hidden[0].h)), abs=1e-9)
    assert verdict.reach.median == pytest.approx(deltas[0] - decades(norm_of_samples(last.upstream)), abs=1e-9)
    assert verdict.gain_per_layer.median == pytest.approx(10.0**slope, rel=1e-9)


@pytest.mark.parametrize("loss", LOSSES, ids=named)
@pytest.mark.parametrize("activation", HIDDEN, ids=named)
def test_single_precision_finds_the_same_decades(activation: Activation, loss: Loss) -> None:
    weak = {"kind": "variance_scaling", "scale": 0.25}  # a saturated prediction has a gradient of its precision's own
    hidden = {"kind": "dense", "units": 16, "activation": asked(activation), "weights": weak}
    layers = [repeated(6, hidden), {"kind": "dense", "units": 3, "activation": asked(output_for(loss))}]
    spec = {"network": {"features": 8, "layers": layers}, "loss": asked(loss), "trials": 4}
    single, double = (
        simulate(SimulationSpec.model_validate({**spec, "precision": one})).layers for one in ("float32", "float64")
    )
    for ours, theirs in zip(single, double, strict=True):
        for name in (one for one in type(ours).model_fields if one.startswith("log10_")):
            expected = getattr(theirs, name).median
            if not is_rounding(name, expected, -3.5):
                assert getattr(ours, name).median == pytest.approx(expected, abs=1e-3), f"{name} at {ours.path}"
