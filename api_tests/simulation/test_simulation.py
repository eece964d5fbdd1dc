"""The simulation against closed forms and its own laws: chunks, precision, scale, overflow."""

import warnings
from math import log10
from typing import Any

import numpy as np
import pytest

from api_tests.networks import Json, report, stack
from service.core.errors import ShapeMismatch
from service.simulation import estimate
from service.simulation.estimate import Regime
from service.simulation.plan import plan
from service.simulation.results import SimulationReport
from service.simulation.spec import SimulationSpec
from service.simulation.vocabulary import Cause, Flag, Label


def assert_close(one: Any, other: Any, tolerance: float) -> None:
    """Whether two trees of JSON are the same but for the rounding of numbers."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for name, value in one.items():
            assert_close(value, other[name], tolerance)
    elif isinstance(one, list):
        for pair in zip(one, other, strict=True):
            assert_close(*pair, tolerance)
    elif isinstance(one, float):
        assert other == pytest.approx(one, rel=tolerance, abs=tolerance)
    else:
        assert one == other


def without_time(made: SimulationReport) -> str:
    return made.model_copy(update={"elapsed_seconds": 0.0}).model_dump_json()


@pytest.mark.parametrize("gain", [0.5, 1.0, 2.0, 1.1])
@pytest.mark.parametrize("hidden", [2, 7, 50])
def test_an_orthogonal_linear_network_has_the_depth_ratio_of_its_gain(gain: float, hidden: int) -> None:
    made = report(stack(hidden, 16, "linear", {"kind": "orthogonal", "gain": gain}), trials=4)
    ratio = made.verdict.depth_ratio
    assert ratio.median == pytest.approx((hidden - 1) * log10(gain), abs=1e-12)
    assert ratio.std == pytest.approx(0.0, abs=1e-12)
    assert made.verdict.gain_per_layer.median == pytest.approx(gain, rel=1e-12)


@pytest.mark.parametrize("activation", ["tanh", "relu", "stanh", "exu", "gelu", "sigmoid"])
def test_the_shares_of_weights_and_derivative_add_up_to_the_gain(activation: str) -> None:
    for layer in report(stack(6, 24, activation), trials=1).layers:
        shares = [layer.log10_gain.weights.median, layer.log10_gain.derivative.median]
        assert None not in shares
        assert layer.log10_backward_gain.median == pytest.approx(sum(s for s in shares if s is not None), abs=1e-12)


def test_the_gains_add_up_to_the_end_to_end_ratio() -> None:
    made = report(stack(9, 24, "tanh"), trials=1)
    gains = [layer.log10_backward_gain.median or 0.0 for layer in made.layers]
    assert made.verdict.end_to_end_ratio.median == pytest.approx(sum(gains), abs=1e-12)


def test_a_constant_factor_of_the_loss_leaves_every_ratio_unchanged_to_the_bit() -> None:
    network = stack(5, 12, "tanh")
    network["layers"][-1]["units"] = 3
    squared, mean = (report(network, loss={"kind": kind}) for kind in ("squared_error", "mean_squared_error"))
    assert squared.verdict.depth_ratio == mean.verdict.depth_ratio
    assert squared.verdict.end_to_end_ratio == mean.verdict.end_to_end_ratio
    for one, other in zip(squared.layers, mean.layers, strict=True):
        assert one.log10_backward_gain == other.log10_backward_gain
        assert other.log10_delta_norm.median == pytest.approx((one.log10_delta_norm.median or 0) - log10(3), abs=1e-12)


@pytest.mark.parametrize("data", [{"samples": 16}, {"samples": 256}, {"targets": {"kind": "gaussian", "std": 1e6}}])
def test_batch_size_and_target_scale_move_the_depth_ratio_only_within_its_spread(data: Json) -> None:
    network = stack(10, 64, "tanh")
    plain, changed = report(network).verdict.depth_ratio, report(network, data=data).verdict.depth_ratio
    assert plain.std is not None
    assert abs((plain.median or 0) - (changed.median or 0)) < 2 * plain.std


def test_a_thousand_sigmoid_layers_are_hundreds_of_decades_not_zero() -> None:
    made = report(stack(1000, 32, "sigmoid"), trials=2)
    assert made.verdict.depth_ratio.median == pytest.approx(-630, abs=15)
    assert made.verdict.label is Label.VANISHING
    assert made.layers[0].zero_trials == 0


@pytest.mark.parametrize(("units", "along_trials"), [(3, True), (3, False), (31, False), (64, False)])
@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("activation", ["tanh", {"kind": "expression", "formula": "z tanh(z)"}, "relu", "gelu"])
def test_chunks_do_not_change_a_byte(
    activation: str | Json, precision: str, units: int, along_trials: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, asked = stack(4, units, activation), {"trials": 111, "data": {"samples": 7}, "include": ["gradients"]}
    asked["precision"] = precision
    reports = set()
    for together in (4, 37, 111, *([] if along_trials else [1])):
        monkeypatch.setattr(estimate, "regime", lambda *_, together=together: Regime(together, along_trials))
        reports.add(without_time(report(network, **asked)))
    assert len(reports) == 1


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", {"kind": "expression", "formula": "z tanh(z)"}])
@pytest.mark.parametrize("loss", ["squared_error", "cross_entropy"])
@pytest.mark.parametrize("inputs", [{"kind": "gaussian"}, {"kind": "explicit", "values": [[0.5, -1.0, 2.0]] * 2}])
def test_both_regimes_find_the_same_numbers(
    activation: str | Json, loss: str, inputs: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = stack(4, 3, activation)
    network["layers"][-1] = {"kind": "dense", "units": 3, "activation": {"kind": "softmax"}}
    network["layers"].insert(1, {"kind": "dense", "units": 3, "weights": {"kind": "identity"}})
    found = []
    for along_trials in (True, False):
        monkeypatch.setattr(estimate, "regime", lambda *_, along_trials=along_trials: Regime(70, along_trials))
        made = report(network, trials=70, loss={"kind": loss}, data={"inputs": inputs}, include=["gradients"])
        found.append(made.model_dump(exclude={"elapsed_seconds"}))
    assert_close(*found, tolerance=1e-10)


def test_tiny_networks_of_many_trials_run_along_the_trials() -> None:
    for units, trials, along_trials in ((2, 100, True), (2, 10, False), (5, 100, False)):
        spec = SimulationSpec.model_validate({"network": stack(2, units), "trials": trials})
        assert estimate.cost(plan(spec)).regime.along_trials is along_trials


def test_the_first_trials_do_not_depend_on_how_many_follow() -> None:
    network = stack(5, 16, "relu")
    few, many = (report(network, trials=trials, include=["gradients"]) for trials in (2, 40))
    assert few.gradients == many.gradients


def test_both_precisions_simulate_the_same_network() -> None:
    network = stack(20, 48, "tanh")
    double, single = (report(network, precision=precision) for precision in ("float64", "float32"))
    for one, other in zip(double.layers, single.layers, strict=True):
        assert one.log10_weight_norm.median == pytest.approx(other.log10_weight_norm.median, abs=1e-6)
        assert one.log10_delta_norm.median == pytest.approx(other.log10_delta_norm.median, abs=1e-3)


def test_an_edit_of_one_layer_leaves_the_draws_of_the_others_alone() -> None:
    plain, edited = stack(3, 8, "relu"), stack(3, 8, "relu")
    edited["layers"][-1] = {"kind": "dense", "units": 1, "weights": {"kind": "he_uniform"}}
    one, other = report(plain), report(edited)
    assert [layer.log10_weight_norm for layer in one.layers[:-1]] == [
        layer.log10_weight_norm for layer in other.layers[:-1]
    ]
    assert one.layers[-2].log10_forward_rms == other.layers[-2].log10_forward_rms


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_forward_overflow_is_found_at_its_layer_without_a_warning(precision: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = report(stack(12, 8, "linear", {"kind": "constant", "value": 1e30}), precision=precision, trials=3)
    first = next(layer for layer in made.layers if layer.non_finite_trials)
    assert first.index == {"float32": 2, "float64": 10}[precision]  # 8·1e30 per layer: beyond 3.4e38, beyond 1.8e308
    assert first.non_finite_trials == 3
    assert (made.verdict.label, made.verdict.cause) == (Label.EXPLODING, Cause.FORWARD_OVERFLOW)
    assert made.verdict.depth_ratio.count == 0


def test_every_number_is_finite_or_null_whatever_the_network() -> None:
    wild = [
        stack(6, 4, "stanh", {"kind": "normal", "std": 1e90}),
        stack(6, 4, "exu", {"kind": "normal", "std": 1e-90}),
        stack(6, 4, "softplus", "zeros"),
        stack(40, 4, "stanh"),
    ]
    for network in wild:
        for precision in ("float32", "float64"):
            made = report(network, precision=precision, include=["gradients", "histograms"], trials=9)
            text = made.model_dump_json().lower()
            assert "nan" not in text.replace("tanh", "")
            assert "inf" not in text.replace('"info"', "")


def test_one_random_batch_is_enough_where_everything_is_given() -> None:
    layers = [{"kind": "dense", "units": 1, "weights": {"kind": "explicit", "values": [[2.0], [3.0]]}}]
    data = {"inputs": {"kind": "explicit", "values": [[1, 1]]}, "targets": {"kind": "explicit", "values": [[0]]}}
    made = report({"features": 2, "layers": layers}, data=data, trials=500, include=["gradients"])
    assert made.verdict.depth_ratio.count == 0
    assert made.layers[0].log10_delta_norm.count == 1
    assert made.gradients is not None
    assert made.gradients[0].parameters[0].array.tolist() == [[10.0], [10.0]]
    assert made.gradients[0].delta == [[10.0]]


def test_an_activation_that_stands_alone_makes_the_same_network() -> None:
    inside = stack(4, 10, "tanh")
    outside = stack(4, 10, "linear")
    outside["layers"][0]["layers"].append({"kind": "activation", "activation": {"kind": "tanh"}})
    one, other = report(inside), report(outside)
    assert (len(one.layers), len(other.layers)) == (5, 9)
    assert other.verdict == one.verdict
    assert [layer.log10_forward_rms for layer in other.layers[1::2]] == [
        layer.log10_forward_rms for layer in one.layers[:-1]
    ]


def test_histograms_count_every_weight_and_every_derivative() -> None:
    made = report(stack(2, 8, "relu"), include=["histograms"], data={"samples": 10})
    histograms = made.layers[0].histograms
    assert histograms is not None
    assert sum(histograms.derivative.counts) == 80
    assert histograms.log10_weight_gradient is not None
    assert sum(histograms.log10_weight_gradient.counts) + histograms.log10_weight_gradient.zeros == 64
    assert made.layers[0].log10_weight_gradient_norm.median is not None


def test_identical_units_are_flagged() -> None:
    assert Flag.SYMMETRIC_UNITS in report(stack(3, 4, "tanh", {"kind": "constant", "value": 0.3})).verdict.flags
    assert Flag.SYMMETRIC_UNITS not in report(stack(3, 4, "tanh")).verdict.flags


def test_the_weight_gradient_per_weight_is_its_norm_divided_by_the_root_of_their_number() -> None:
    layer = report(stack(2, 9, "tanh")).layers[1]
    norm, rms = layer.log10_weight_gradient_norm.median, layer.log10_weight_gradient_rms.median
    assert norm is not None
    assert rms == pytest.approx(norm - np.log10(9), abs=1e-12)


def test_a_gradient_that_overflows_behind_a_finite_signal_is_an_explosion_too() -> None:
    layers = [{"kind": "dense", "units": 1, "weights": {"kind": "constant", "value": 1}}] * 3
    data = {
        "inputs": {"kind": "explicit", "values": [[3e38], [1.0]]},
        "targets": {"kind": "explicit", "values": [[0], [0]]},
    }
    verdict = report({"features": 1, "layers": layers}, data=data, precision="float32").verdict
    assert (verdict.label, verdict.cause) == (Label.EXPLODING, None)
    assert "on its way back" in verdict.reasons[0]


def test_an_overflow_that_the_activation_hides_is_found() -> None:
    growing = {"kind": "dense", "units": 1, "weights": {"kind": "constant", "value": 1e100}}
    layers = [growing, growing, growing, {**growing, "activation": {"kind": "tanh"}}, {"kind": "dense", "units": 1}]
    made = report({"features": 1, "layers": layers}, trials=2)
    assert [layer.non_finite_trials for layer in made.layers] == [0, 0, 0, 2, 2]
    assert made.verdict.label is Label.DEAD  # saturated to the last bit: no delta at all


def test_tiny_weights_are_not_called_zero() -> None:
    verdict = report(stack(3, 8, "linear", {"kind": "normal", "std": 1e-50})).verdict
    assert (verdict.label, verdict.cause) == (Label.VANISHING, Cause.GAIN)
    assert verdict.depth_ratio.median == pytest.approx(-99, abs=1.5)


@pytest.mark.parametrize(
    ("layer", "form"),
    [
        ({"kind": "dense", "units": 1, "weights": [1.0, 2.0]}, "[48, 1]: 48 lists of 1 number"),
        ({"kind": "dense", "units": 2, "bias": [1.0]}, "[2]: a list of 2 numbers"),
        (
            {"kind": "convolution", "filters": 2, "size": [3, 3], "weights": [1.0] * 54},
            '[3, 3, 3, 2]: 54 numbers in one list, the last axis running fastest, beside "shape": [3, 3, 3, 2]',
        ),
    ],
)
def test_values_of_another_shape_are_answered_with_the_right_one_as_it_is_written(layer: Json, form: str) -> None:
    given = {name: {"kind": "explicit", "values": layer[name]} for name in layer.keys() & {"weights", "bias"}}
    image = {"kind": "image", "height": 4, "width": 4, "channels": 3}
    layers = [*([{"kind": "flatten"}] if layer["kind"] == "dense" else []), layer | given]
    with pytest.raises(ShapeMismatch) as refusal:
        report({"input": image, "layers": layers}, trials=1)
    assert refusal.value.sentence.endswith(f"here the network needs {form}.")


def test_a_kernel_is_given_by_its_numbers_and_its_shape() -> None:
    numbers = np.random.default_rng(1).normal(size=(3, 2, 2))
    kernel = {"kind": "explicit", "values": numbers.ravel().tolist(), "shape": [3, 2, 2]}
    convolution = {"kind": "convolution", "filters": 2, "size": [3], "weights": kernel}
    dense = {"kind": "dense", "units": 2, "weights": {"kind": "explicit", "values": numbers.reshape(6, 2).tolist()}}
    inputs = {"kind": "explicit", "values": [[0.5, -1.0, 2.0, 0.25, 3.0, -0.5]]}
    target = {"kind": "explicit", "values": [[1.0, -1.0]]}
    made = [
        report({**shape, "layers": [layer]}, data={"inputs": inputs, "targets": target}, include=["gradients"])
        for shape, layer in (
            ({"input": {"kind": "sequence", "steps": 3, "features": 2}}, convolution),
            ({"features": 6}, dense),
        )
    ]
    found = [one.gradients[0].parameters[0] for one in made if one.gradients]
    assert [one.shape for one in found] == [[3, 2, 2], [6, 2]]
    assert found[0].values == pytest.approx(found[1].values, rel=1e-12)
