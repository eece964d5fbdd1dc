"""Faults that reports once had: the smallest network that showed each, and the law that it broke."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_tests.networks import report, stack
from api_tests.simulation.healthy_and_broken import PYTORCH, dense, large, times
from service.simulation.results import Verdict
from service.simulation.simulate import simulate
from service.simulation.spec import SimulationSpec
from service.simulation.vocabulary import Cause, Flag, Label, Severity

FAULTS = json.loads((Path(__file__).with_name("faults.json")).read_text(encoding="utf-8"))
FAST = settings(max_examples=25, deadline=None)


def judged(name: str) -> Verdict:
    return simulate(SimulationSpec.model_validate(FAULTS[name])).verdict


@pytest.mark.parametrize("name", ["tiny_while_overflowing", "sqrt_abs"])
def test_what_overflows_has_no_tiny_gradient(name: str) -> None:
    found = judged(name)
    assert (found.label, found.severity) == (Label.EXPLODING, Severity.SEVERE)
    assert Flag.TINY_GRADIENT not in found.flags


@FAST
@given(st.floats(20.0, 60.0), st.integers(1, 4), st.sampled_from(["linear", "relu", "leaky_relu"]))
def test_no_network_that_overflows_in_every_trial_has_a_tiny_gradient(
    decades: float, layers: int, activation: str
) -> None:
    weights = {"kind": "constant", "value": 10.0**decades}
    found = report(stack(layers + 2, 3, activation, weights), precision="float32", trials=1)
    if found.layers[0].non_finite_trials or found.verdict.cause is Cause.FORWARD_OVERFLOW:
        assert Flag.TINY_GRADIENT not in found.verdict.flags


@pytest.mark.parametrize("name", ["linear_saturates", "linear_net_saturates"])
def test_a_linear_network_is_small_by_its_weights(name: str) -> None:
    found = judged(name)
    assert found.label is Label.VANISHING
    assert found.cause is Cause.GAIN


@FAST
@given(
    st.floats(-20.0, 2.0),
    st.floats(-3.0, 3.0),
    st.integers(1, 6),
    st.sampled_from(["float64", "float32"]),
    st.integers(0, 2**31),
)
def test_no_linear_layer_saturates(decades: float, bias: float, layers: int, precision: str, seed: int) -> None:
    linear = dense(3, weights=large(10.0**decades), bias={"kind": "constant", "value": bias})
    network = {"features": 3, "layers": [times(layers, linear), dense(1)]}
    found = report(network, precision=precision, trials=3, seed=seed).verdict
    assert found.cause not in (Cause.SATURATION, Cause.SMALL_SLOPE)


def test_relu_as_pytorch_draws_it_is_small_by_its_weights() -> None:
    found = judged("torch_default_relu")
    assert (found.label, found.cause) == (Label.VANISHING, Cause.GAIN)


@pytest.mark.parametrize("activation", ["relu", "gelu", "leaky_relu", "silu"])
@pytest.mark.parametrize("depth", [12, 24])
def test_weights_as_pytorch_draws_them_are_no_saturation(activation: str, depth: int) -> None:
    hidden = times(depth, dense(48, activation, PYTORCH, bias=PYTORCH))
    found = report({"features": 48, "layers": [hidden, dense(1)]}, trials=6).verdict
    assert (found.label, found.cause) == (Label.VANISHING, Cause.GAIN)


def test_a_hundred_relu_layers_that_see_one_input_are_said_to() -> None:
    found = judged("collapse_missed")
    assert found.label is Label.STABLE
    assert found.cause is Cause.INPUT_COLLAPSE
    assert "but its inputs have become one" in found.reasons[0]


def test_a_sigmoid_network_that_learns_is_not_said_to_see_one_input() -> None:
    found = judged("collapse_false")
    assert found.label is Label.STABLE
    assert found.cause is None
    assert Flag.INPUT_COLLAPSE not in found.flags
    assert found.failure_risk.probability < 0.25


def test_selu_at_the_weights_that_theory_once_gave_vanishes_by_them() -> None:
    found = judged("selu_critical")
    assert (found.label, found.cause) == (Label.VANISHING, Cause.GAIN)


def _spec(**fields: Any) -> SimulationSpec:
    return SimulationSpec.model_validate({"network": stack(3, 8), "trials": 2, **fields})


@pytest.mark.parametrize(("policy", "named"), [("sgd", "gradient descent"), ("adam", "Adam")])
def test_what_is_said_of_updates_is_of_the_policys_optimiser(policy: str, named: str) -> None:
    network = stack(3, 8, weights=large(1e-4))
    found = simulate(_spec(network=network, policy={"kind": policy})).verdict
    said = [one for one in found.reasons if "would change the weights" in one]
    assert all(named in one for one in said)
    assert bool(said) == bool({Flag.SMALL_UPDATE, Flag.LARGE_UPDATE} & set(found.flags))
