"""PyTorch's autograd as an oracle: what the two passes report is what it finds for the same numbers."""

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from api_tests.nn.autograd import Truth, differentiated, parameters_of
from api_tests.nn.given_layers import Json, asked, dense, repeated, standalone
from api_tests.nn.variants import every, named, variants
from api_tests.simulation.random_trees import printed, tree
from service.core.kinds import members
from service.nn.activations import Activation
from service.nn.activations.smooth import Linear, Sigmoid, Softmax, Tanh
from service.nn.data import Data, InputData
from service.nn.initializers import Initializer
from service.nn.losses import CrossEntropy, Loss, SquaredError
from service.nn.randomness import Randomness
from service.simulation.plan import Plan, plan
from service.simulation.results import LayerStatistics, SimulationReport
from service.simulation.simulate import Drawn, draw, simulate
from service.simulation.spec import SimulationSpec

Numbers = npt.NDArray[np.float64]
Network = tuple[int, int, list[Json]]  # features, outputs, layers

ACTIVATIONS: list[Activation] = every(Activation)
HIDDEN = [one for one in ACTIVATIONS if not one.only_output]
LOSSES: list[Loss] = every(Loss)
KINKED = {one.kind_name() for one in HIDDEN if len(one.kinks)}
RELATIVE, DECADES, UNDERFLOW = 1e-10, 1e-9, 1e-200
TREES, TREES_AT_ONCE = 300, 25


def drawn(spec: SimulationSpec) -> Drawn:
    """What the engine draws in trial 0."""
    return draw(plan(spec), range(1))


def truth_of(spec: SimulationSpec) -> list[Truth]:
    return differentiated(spec, drawn(spec))


def assert_gradients(report: SimulationReport, truth: list[Truth]) -> None:
    assert report.gradients is not None
    assert [one.path for one in report.gradients] == [one.path for one in truth]
    for ours, theirs in zip(report.gradients, truth, strict=True):
        others = {one.name: one.array for one in ours.parameters}
        found = {"delta": ours.delta, "derivative": ours.derivative}
        expected = {"delta": theirs.delta, "derivative": theirs.derivative, **theirs.parameters}
        assert {name for name, one in (found | others).items() if one is not None} == {
            name for name, one in expected.items() if one is not None
        }
        for name, one in expected.items():
            if one is not None:
                values = np.array((found | others)[name])
                assert values.shape == one.shape
                error = np.linalg.norm(values - one)
                assert error <= RELATIVE * np.linalg.norm(one) + 1e-200, f"{name} at {ours.path}"


def assert_agreement(spec: SimulationSpec) -> None:
    report, truth = simulate(spec), truth_of(spec)
    assert_gradients(report, truth)
    assert_statistics(report, truth, plan(spec))


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


def decades(norm: Any) -> float | None:
    """None of zero."""
    return float(np.log10(norm)) if norm > 0.0 else None


def rms(values: Numbers) -> float:
    return float(np.sqrt(np.square(values).mean()))


def norm_of_samples(of_mean_loss: Numbers) -> float:
    """Root mean square over samples of the norm of ∂e_i/∂…, from the gradient of the mean of all e_i."""
    samples = of_mean_loss.shape[0]
    return float(np.sqrt(np.square(samples * of_mean_loss).sum() / samples))


def ratio(ahead: Numbers, behind: Numbers) -> float | None:
    """In decades; None where one of them is zero."""
    below = norm_of_samples(behind)
    return decades(norm_of_samples(ahead) / below) if below > 0.0 else None


def angular_spread(h: Numbers) -> float | None:
    sizes = np.linalg.norm(h, axis=1)
    directions = h[sizes > 0.0] / sizes[sizes > 0.0, None]
    if len(directions) < 2:
        return None
    return decades(np.sqrt(np.square(directions - directions.mean(axis=0)).sum(axis=1).mean()))


def assert_statistics(report: SimulationReport, truth: list[Truth], made: Plan) -> None:
    """Every number of every node: of the report on one trial, of a network that is planned so."""
    plain = made.depth.plain
    for one, ours, theirs in zip(made.nodes, report.layers, truth, strict=True):
        expected = {
            "log10_delta_norm": decades(norm_of_samples(theirs.delta if plain and not one.inside else theirs.upstream)),
            "log10_forward_rms": decades(rms(theirs.h)),
            "log10_angular_spread": angular_spread(theirs.h),
            **_of_weights(theirs),
        }
        assert_decades(ours, expected)
        assert_derivative(ours, theirs)
        if one.inside:
            assert_step(ours, *across(theirs, ours.kind))
    last = made.depth.top[-1]
    for row, following in pairwise(made.depth.top):
        behind = report.layers[following].kind
        assert_step(
            report.layers[row],
            *(_plain(truth[row], truth[following], behind) if plain else across(truth[following], behind)),
        )
    assert_step(report.layers[last], *(_plain(truth[last], None, "dense") if plain else (0.0, {})))


Step = tuple[float | None, dict[str, float | None]]  # a gain, and its accounts by name


def _plain(one: Truth, following: Truth | None, kind: str) -> Step:
    """From one pre-activation to the one before it; from the prediction where nothing follows."""
    behind = one.upstream if following is None else following.delta
    return ratio(one.delta, behind), {
        {"layer_norm": "normalisation", "residual": "skip", "parallel": "skip"}.get(kind, "weights"): ratio(
            one.upstream, behind
        ),
        "derivative": ratio(one.delta, one.upstream),
    }


def across(one: Truth, kind: str) -> Step:
    """Over a whole node."""
    gain = ratio(one.entry, one.upstream)
    match kind:
        case "dense":
            return gain, {"weights": ratio(one.entry, one.delta), "derivative": ratio(one.delta, one.upstream)}
        case "layer_norm":
            return gain, {"normalisation": gain}
        case "activation":
            return gain, {"derivative": gain}
        case _:
            return gain, {"skip": gain}


def assert_step(ours: LayerStatistics, gain: float | None, accounts: dict[str, float | None]) -> None:
    assert_decades(ours, {"log10_backward_gain": gain})
    for name, booked in ours.log10_gain:
        assert (booked is None) == (name not in accounts), f"{name} at {ours.path}"
    found = {name: getattr(ours.log10_gain, name).median for name in accounts}
    assert found == pytest.approx(accounts, abs=DECADES), f"accounts at {ours.path}"


def _of_weights(theirs: Truth) -> dict[str, float | None]:
    gradient = theirs.parameters.get("weights")
    norm, by_entry = (None, None) if gradient is None else (np.linalg.norm(gradient), rms(gradient))
    return {
        "log10_weight_gradient_norm": None if norm is None else decades(norm),
        "log10_weight_gradient_rms": None if by_entry is None else decades(by_entry),
    }


def assert_decades(ours: LayerStatistics, expected: dict[str, float | None]) -> None:
    for name, number in expected.items():
        if not is_rounding(name, number, -6.0):
            found = getattr(ours, name).median
            assert found == (None if number is None else pytest.approx(number, abs=DECADES)), f"{name} at {ours.path}"


def is_rounding(name: str, expected: float | None, known_from: float) -> bool:
    """Whether samples are so close together that their distance is that of their last digits."""
    return name == "log10_angular_spread" and expected is not None and expected < known_from


def assert_derivative(ours: LayerStatistics, theirs: Truth) -> None:
    found, slopes = ours.derivative, theirs.derivative
    if slopes is None:
        assert {found.mean, found.rms, found.min, found.max, ours.dead_fraction} == {None}
        return
    expected = [slopes.mean(), rms(slopes), slopes.min(), slopes.max()]
    assert [found.mean, found.rms, found.min, found.max] == pytest.approx(expected, rel=1e-10, abs=1e-12)
    assert ours.dead_fraction is not None
    assert ours.dead_fraction <= (np.abs(slopes) < UNDERFLOW).all(axis=0).mean()
    if ours.activation in KINKED:  # the slope of a smooth one is never 0, and underflows where rounding decides
        assert ours.dead_fraction == (slopes == 0.0).all(axis=0).mean()


@pytest.mark.parametrize("activation", HIDDEN, ids=named)
def test_every_hidden_activation_has_the_gradients_and_the_ratios_of_autograd(activation: Activation) -> None:
    rng = np.random.default_rng(8)
    layers = [*(dense(rng, 6, 6, activation) for _ in range(5)), dense(rng, 6, 2, Sigmoid())]
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
    own = [array for one in parameters_of(found.chain) for array in one.values()]
    assert np.unique([*own, found.inputs, found.targets]).size == len(own) + 2 == 14


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


@pytest.mark.parametrize("kind", members(Data), ids=lambda kind: kind.kind_name())
def test_inputs_and_targets_of_every_kind_have_the_gradients_of_autograd(kind: type[Data]) -> None:
    data = variants(kind)[0]
    width = (data.shape_of_values() or (0, 3))[1]
    layers = [{"kind": "dense", "units": 5, "activation": {"kind": "tanh"}}, {"kind": "dense", "units": width}]
    network = {"features": width, "layers": layers}
    assert_agreement_of_draws({"network": network, "data": {"targets": asked(data)}})
    if isinstance(data, InputData):
        assert_agreement_of_draws({"network": network, "data": {"inputs": asked(data)}})
