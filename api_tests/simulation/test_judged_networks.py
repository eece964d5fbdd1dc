"""The judgement on whole networks: total, with the right cause, rate and flags."""

from math import log10, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_tests.networks import Json, report, stack
from api_tests.simulation.test_reasons import around
from service.nn.activations.smooth import Sigmoid
from service.nn.policies import Sgd
from service.simulation.accumulator import Accumulator
from service.simulation.causes import NetworkFacts
from service.simulation.first_trial import FirstTrial
from service.simulation.plan import plan
from service.simulation.reasons import explain
from service.simulation.spec import SimulationSpec
from service.simulation.spreads import layer_statistics
from service.simulation.statistics import Measurements, NetworkTrials
from service.simulation.verdict import judge, verdict_of
from service.simulation.vocabulary import Cause, Flag, Label, Tendency
from service.theory.gaussian import moments

ANY_NUMBER = st.floats(allow_nan=True, allow_infinity=True) | st.floats(-400, 400)

STACK = [{"kind": "dense", "units": 2, "activation": {"kind": "tanh"}}]
BLOCKS = [{"kind": "residual", "layers": [{"kind": "layer_norm"}, *STACK]}, {"kind": "layer_norm"}]
ACTIVATIONS = [{"kind": "activation", "activation": {"kind": "relu"}}]


@settings(max_examples=100, deadline=None)
@given(st.data(), st.integers(1, 6), st.integers(1, 4), st.sampled_from([STACK, BLOCKS, ACTIVATIONS]))
def test_the_judge_is_total(data: st.DataObject, trials: int, times: int, layers: list[Json]) -> None:
    network = {"features": 2, "layers": [{"kind": "repeat", "times": times, "layers": layers}]}
    made = plan(SimulationSpec.model_validate({"network": network}))
    found = Accumulator.empty(range(trials), len(made.nodes))
    magnitudes = [found.signal, found.dy, found.dz, found.entry, found.weight_gradient, found.weights]
    arrays = [*(one.sums for one in magnitudes), found.spread, found.derivatives.mean, found.derivatives.dead]
    for array in arrays:
        numbers = st.lists(ANY_NUMBER, min_size=array.size, max_size=array.size)
        array[:] = np.array(data.draw(numbers)).reshape(array.shape)
    booleans = st.lists(st.booleans(), min_size=found.finite.size, max_size=found.finite.size)
    found.finite[:] = np.array(data.draw(booleans)).reshape(found.finite.shape)
    random = data.draw(st.booleans())
    with np.errstate(all="ignore"):
        measured = Measurements.of(found, made)
        statistics = layer_statistics(measured, made, 0.0, FirstTrial([]))
        facts = NetworkFacts(len(made.depth.gradients), 0.5, random, True, -307.0, frozenset({1}))
        decided = judge(NetworkTrials.of(measured, made), statistics, Sgd(), facts)
        verdict = verdict_of(decided, explain(decided, around()))
    assert verdict.reasons
    assert 0 < verdict.confidence <= 1
    assert "inf" not in verdict.model_dump_json().lower()


def biased(depth: int, bias: float) -> Json:
    """Layers of tanh whose biases push them to one side."""
    network = stack(depth, 64, "tanh")
    network["layers"][0]["layers"][0]["bias"] = {"kind": "constant", "value": bias}
    return network


CAUSES: list[tuple[str, Json, Label, Cause | None]] = [
    ("relu_glorot", stack(30, 64, "relu"), Label.VANISHING, Cause.GAIN),
    ("relu_large", stack(30, 64, "relu", {"kind": "variance_scaling", "scale": 4.0}), Label.EXPLODING, Cause.GAIN),
    ("sigmoid", stack(10, 64, "sigmoid"), Label.VANISHING, Cause.SMALL_SLOPE),
    ("tanh_flat", biased(10, 2.0), Label.VANISHING, Cause.SATURATION),
    ("torch_relu", stack(20, 64, "relu", {"kind": "variance_scaling", "scale": 1 / 3}), Label.VANISHING, Cause.GAIN),
    ("torch_gelu", stack(20, 64, "gelu", {"kind": "variance_scaling", "scale": 1 / 3}), Label.VANISHING, Cause.GAIN),
    ("underflow", stack(9, 4, "relu", {"kind": "constant", "value": 1e-60}), Label.DEAD, Cause.UNDERFLOW),
    ("tanh_chaos", stack(30, 64, "tanh", {"kind": "variance_scaling", "scale": 9.0}), Label.EXPLODING, Cause.CHAOS),
    ("stanh_collapse", stack(20, 128, "stanh"), Label.DEAD, Cause.SIGNAL_COLLAPSE),
    ("zeros", stack(4, 16, "tanh", "zeros"), Label.DEAD, Cause.ZERO_WEIGHTS),
    ("dead_relu", stack(20, 2, "relu"), Label.DEAD, Cause.DEAD_UNITS),
    ("overflow", stack(9, 4, "linear", {"kind": "constant", "value": 1e60}), Label.EXPLODING, Cause.FORWARD_OVERFLOW),
    ("healthy", stack(20, 128, "relu", "he_normal"), Label.STABLE, None),
]


@pytest.mark.parametrize(("network", "label", "cause"), [case[1:] for case in CAUSES], ids=[case[0] for case in CAUSES])
def test_the_cause_of_a_network(network: Json, label: Label, cause: Cause | None) -> None:
    verdict = report(network).verdict
    assert (verdict.label, verdict.cause) == (label, cause)


def test_inputs_that_become_one_are_said_although_the_gradient_is_stable() -> None:
    verdict = report(stack(80, 64, "relu", "he_normal")).verdict
    assert (verdict.label, verdict.cause) == (Label.STABLE, Cause.INPUT_COLLAPSE)
    assert Flag.INPUT_COLLAPSE in verdict.flags
    harmless = report(biased(6, 1.0), policy={"kind": "adam"}).verdict  # it is at −1.5, and Adam learns it
    assert (harmless.label, harmless.cause, harmless.flags) == (Label.STABLE, None, [])


def test_a_loss_without_a_gradient_is_called_that() -> None:
    data = {"targets": {"kind": "explicit", "values": [[0.0]]}, "samples": 1}
    verdict = report(stack(3, 4, "tanh", "zeros"), data=data).verdict
    assert (verdict.label, verdict.cause) == (Label.DEAD, None)
    assert "loss itself" in verdict.reasons[0]


@pytest.mark.parametrize("seed", range(3))
def test_two_sigmoid_layers_are_stable_and_prone_to_vanish(seed: int) -> None:
    verdict = report(stack(2, 128, "sigmoid"), seed=seed, trials=64).verdict
    gain = sqrt(moments(Sigmoid(), 1.0).slope)  # of the first step from inputs N(0, 1); 0.236 in the limit
    assert (verdict.label, verdict.tendency) == (Label.STABLE, Tendency.VANISHING)
    assert verdict.gain_per_layer.median == pytest.approx(gain, rel=0.06)
    assert verdict.depth_budget == pytest.approx(-2.5 / log10(gain), rel=0.05)
    assert verdict.gain_per_layer_interval is not None
    assert verdict.gain_per_layer_interval.high < 1


def test_exu_is_stable_and_in_the_strict_sense_prone_to_explode() -> None:
    verdict = report(stack(40, 64, "exu"), trials=32).verdict
    assert (verdict.label, verdict.tendency) == (Label.STABLE, Tendency.EXPLODING)
    assert verdict.gain_per_layer.median == pytest.approx(1.0347, abs=0.01)


@pytest.mark.parametrize("hidden", [0, 1])
def test_without_depth_there_is_nothing_to_judge(hidden: int) -> None:
    network = {
        "features": 3,
        "layers": [{"kind": "dense", "units": 3, "activation": {"kind": "sigmoid"}}] * (hidden + 1),
    }
    verdict = report(network).verdict
    assert verdict.label is Label.STABLE
    assert "no depth" in verdict.reasons[0]
    assert verdict.gain_per_layer.count == 0


def test_a_narrow_network_depends_on_its_seed_and_says_so() -> None:
    verdict = report(stack(10, 6, "leaky_relu", "he_normal"), trials=64).verdict
    assert verdict.seed_dependent
    assert Flag.TOO_DEEP_FOR_WIDTH in verdict.flags
    assert any("seed decides" in reason for reason in verdict.reasons)
    assert verdict.sum_inverse_width == pytest.approx(10 / 6)


def test_badly_scaled_targets_are_a_flag_and_not_an_explosion() -> None:
    verdict = report(stack(5, 64, "relu", "he_normal"), data={"targets": {"kind": "gaussian", "std": 1e9}}).verdict
    assert verdict.label is Label.STABLE
    assert {Flag.HUGE_GRADIENT, Flag.LARGE_UPDATE} <= set(verdict.flags)


def test_one_hidden_layer_that_dies_has_no_rate() -> None:
    network = {
        "features": 2,
        "layers": [
            {"kind": "dense", "units": 2, "activation": {"kind": "relu"}, "bias": {"kind": "constant", "value": -1e3}},
            {"kind": "dense", "units": 1},
        ],
    }
    verdict = report(network, trials=3).verdict
    assert (verdict.label, verdict.cause) == (Label.DEAD, Cause.DEAD_UNITS)
    assert verdict.gain_per_layer.count == 0


@pytest.mark.parametrize("trials", [1, 2, 5])
def test_few_trials_of_a_critical_network_claim_no_tendency(trials: int) -> None:
    tendencies = [report(stack(10, 32, "linear"), trials=trials, seed=seed).verdict.tendency for seed in range(20)]
    assert tendencies.count(Tendency.STABLE) >= 15  # of 20, where 19 are to be expected


def test_few_trials_of_a_sigmoid_network_are_enough() -> None:
    assert report(stack(6, 64, "sigmoid"), trials=1).verdict.tendency is Tendency.VANISHING


def test_equal_units_with_different_outgoing_weights_are_not_called_one() -> None:
    network = stack(1, 4, "tanh", {"kind": "constant", "value": 0.1})
    network["layers"][1]["weights"] = {"kind": "lecun_normal"}
    assert Flag.SYMMETRIC_UNITS not in report(network).verdict.flags
    network["layers"][1]["weights"] = {"kind": "ones"}
    assert Flag.SYMMETRIC_UNITS in report(network).verdict.flags


def test_a_network_that_cannot_wander_is_not_too_deep_for_its_width() -> None:
    verdict = report(stack(20, 2, "linear", "orthogonal")).verdict
    assert Flag.TOO_DEEP_FOR_WIDTH not in verdict.flags


def test_a_gradient_of_exactly_zero_is_a_tiny_one() -> None:
    verdict = report(stack(2, 4, "linear"), data={"inputs": {"kind": "gaussian", "std": 0}}).verdict
    assert verdict.label is Label.STABLE
    assert Flag.TINY_GRADIENT in verdict.flags


def test_the_weights_are_blamed_where_it_is_them() -> None:
    network = stack(8, 32, "linear", {"kind": "normal", "std": 0.05})
    network["layers"][0]["layers"][0]["bias"] = {"kind": "ones"}
    verdict = report(network).verdict
    assert verdict.cause is Cause.GAIN
    assert any("The weights take from the gradient" in reason for reason in verdict.reasons)


@pytest.mark.parametrize("kind", ["linear", "relu", "leaky_relu", "gelu", "silu", "elu", "selu"])
@pytest.mark.parametrize("scale", [1e-3, 1 / 3, 0.5])
def test_what_has_a_steep_part_everywhere_never_saturates_by_small_weights(kind: str, scale: float) -> None:
    verdict = report(stack(20, 32, kind, {"kind": "variance_scaling", "scale": scale})).verdict
    assert verdict.cause not in (Cause.SATURATION, Cause.SMALL_SLOPE)


@pytest.mark.parametrize(("precision", "layer"), [("float32", 2), ("float64", 10)])
def test_an_overflow_is_placed_at_the_layer_where_it_begins(precision: str, layer: int) -> None:
    network = stack(12, 8, "linear", {"kind": "constant", "value": 1e30})  # 8·1e30 a layer; up to 3.4e38, up to 1.8e308
    verdict = report(network, precision=precision, trials=3).verdict
    assert f"on its way forward, typically at layer {layer}, " in verdict.reasons[0]


def test_inputs_that_overflow_are_called_that() -> None:
    data = {"inputs": {"kind": "explicit", "values": [[1e200] * 4] * 2}}
    verdict = report(stack(3, 4), precision="float32", data=data, trials=3).verdict
    assert "in its inputs already" in verdict.reasons[0]


RAY = {"inputs": {"kind": "uniform", "low": 0.0, "high": 1.0}}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("network", "data"),
    [
        ({"features": 4, "layers": [{"kind": "dense", "units": 1, "activation": {"kind": "sigmoid"}}]}, {}),
        ({"features": 1, "layers": [{"kind": "dense", "units": 8, "activation": {"kind": "relu"}}] * 3}, RAY),
    ],
)
def test_where_directions_say_nothing_no_collapse_of_inputs_is_claimed(network: Json, data: Json, seed: int) -> None:
    layers = [*network["layers"], {"kind": "dense", "units": 1}]
    verdict = report({**network, "layers": layers}, data=data, seed=seed).verdict
    assert verdict.cause is not Cause.INPUT_COLLAPSE
    assert Flag.INPUT_COLLAPSE not in verdict.flags


@pytest.mark.parametrize("kind", ["linear", "relu", "tanh", "sigmoid", "selu", "stanh"])
@pytest.mark.parametrize("scale", [1e-8, 1e-4, 1e-2])
def test_what_single_precision_cannot_hold_is_not_saturation(kind: str, scale: float) -> None:
    network = stack(40, 16, kind, {"kind": "variance_scaling", "scale": scale})
    verdict = report(network, trials=4, precision="float32").verdict
    assert verdict.label in (Label.VANISHING, Label.DEAD)
    assert verdict.cause is not Cause.SATURATION
