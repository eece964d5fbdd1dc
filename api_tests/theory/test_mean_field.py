"""Mean field theory against the literature's numbers and the simulation."""

import json
from math import log10, sqrt
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest

from api_tests.networks import Json, report, stack
from api_tests.nn.variants import every, named
from service.core.strict_json import loads
from service.nn.data import ClassLabels, Data, TeacherData, TokenDistribution, TokenIndexData
from service.nn.initializers import Initializer
from service.nn.initializers.matrices import Sparse
from service.nn.randomness import Randomness
from service.simulation.plan import plan
from service.simulation.simulate import theory_of
from service.simulation.spec import SimulationSpec

CASES = json.loads((Path(__file__).resolve().parents[2] / "benchmarks" / "verdict_cases.json").read_text("utf-8"))
OF_NINE_TOKENS = [TokenIndexData(distribution=one, vocabulary=9) for one in TokenDistribution]
LABELLED = [case for case in CASES if "depth_ratio_theory" in case["expect"]]
ALONE: list[Json] = [{"kind": "activation", "activation": {"kind": "tanh"}}]
WITH_AN_ACTIVATION: Json = {
    "features": 2,
    "layers": [{"kind": "dense", "units": 2}, {"kind": "activation", "activation": {"kind": "relu"}}],
}


@pytest.mark.parametrize(
    ("activation", "sigma_b", "sigma_w"), [("tanh", 0.2, 1.3041), ("erf", 0.2, 1.1528), ("softsign", 0.2, 1.7296)]
)
def test_networks_at_the_critical_points_of_the_literature_neither_grow_nor_shrink(
    activation: str, sigma_b: float, sigma_w: float
) -> None:
    network = stack(200, 100, activation, {"kind": "variance_scaling", "scale": sigma_w**2})
    network["layers"][0]["layers"][0]["bias"] = {"kind": "normal", "std": sigma_b}
    gains = predicted({"network": network}).log10_backward_gain
    assert gains[-1] == pytest.approx(0.0, abs=1e-4)


def predicted(spec: Json) -> Any:
    return theory_of(plan(SimulationSpec.model_validate(loads(json.dumps(spec).encode()))), None)


@pytest.mark.parametrize("case", LABELLED, ids=lambda case: case["id"])
def test_the_prediction_is_the_labelled_theory(case: Json) -> None:
    assert predicted(case["spec"]).depth_ratio == pytest.approx(case["expect"]["depth_ratio_theory"], abs=0.01)


def test_the_simulation_is_where_theory_says() -> None:
    small = [case["spec"] for case in LABELLED if case["id"] in {"A8", "B8", "D2", "D7", "I3", "L1", "B9", "I1", "D4"}]
    differences = [report(**spec).theory.difference for spec in small]
    assert len(differences) == 9
    assert None not in differences
    assert median(abs(difference) for difference in differences if difference is not None) < 0.06


def test_the_difference_is_what_was_measured_less_what_was_predicted() -> None:
    """In narrow layers log ‖·‖ is smaller than half the log of its mean square: the measured ratio is the lower one."""
    found = report(stack(8, 4, "tanh", "glorot_normal"), trials=64)
    theory, measured = found.theory, found.verdict.depth_ratio.median
    assert theory.difference == pytest.approx(measured - theory.depth_ratio, abs=1e-12)
    assert theory.difference < -0.1


def test_a_layer_of_zeros_behind_a_live_one_has_no_gradient_to_predict() -> None:
    network = stack(3, 4, "tanh")
    dead = {**network["layers"][0]["layers"][0], "weights": {"kind": "zeros"}, "bias": {"kind": "normal", "std": 1}}
    network["layers"].insert(1, dead)
    theory = report(network).theory
    assert theory.depth_ratio is None
    assert "predicted gradient is zero" in str(theory.reason)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (stack(1, 4, "tanh"), "fewer than two"),
        (stack(3, 4, "tanh", "ones"), "not random"),
        (stack(3, 4, "tanh", {"kind": "normal", "mean": 1}), "not random"),
        (stack(3, 4, "tanh", "zeros"), "variance of the signal"),
        (WITH_AN_ACTIVATION, "fewer than two"),
    ],
)  # fmt: skip
def test_where_theory_does_not_apply_it_says_why(network: Json, words: str) -> None:
    theory = report(network).theory
    assert theory.depth_ratio is None
    assert theory.log10_backward_gain == []
    assert theory.reason is not None
    assert words in theory.reason


def test_activations_that_stand_alone_are_those_of_the_layers_before_them() -> None:
    together = stack(5, 16, "tanh")
    hidden, output = together["layers"]
    linear = {**hidden["layers"][0], "activation": {"kind": "linear"}}
    apart = {"features": 16, "layers": [{**hidden, "layers": [linear, *ALONE]}, output]}
    expected = predicted({"network": together}).log10_backward_gain
    assert predicted({"network": apart}).log10_backward_gain == pytest.approx(expected, abs=1e-14)


def test_an_orthogonal_network_is_predicted_to_the_last_digit() -> None:
    theory = report(stack(8, 16, "linear", {"kind": "orthogonal", "gain": 0.5}), trials=2).theory
    assert theory.depth_ratio == pytest.approx(7 * log10(0.5), abs=1e-12)
    assert theory.difference == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("initializer", every(Initializer), ids=named)
def test_the_variance_an_initializer_states_is_that_of_its_draws(initializer: Initializer) -> None:
    fan_in, fan_out = 40, 24
    stated = initializer.variance(fan_in, fan_out)
    if stated is None:
        pytest.skip("it states none")
    drawn = initializer.draw((fan_in, fan_out), fan_in, fan_out, Randomness(5, range(200)).tensor(3))
    assert np.square(drawn).mean() == pytest.approx(stated, rel=0.03)
    assert abs(drawn.mean()) <= 0.02 * sqrt(stated)


@pytest.mark.parametrize("fan_in", [1, 7, 15, 64, 101])
def test_the_variance_of_sparse_weights_counts_whole_connections(fan_in: int) -> None:
    initializer = Sparse(sparsity=0.9, std=3.0)
    drawn = initializer.draw((fan_in, 24), fan_in, 24, Randomness(5, range(3)).tensor(3))
    connections = np.count_nonzero(drawn, axis=-2)
    assert (connections == connections[0, 0]).all()
    assert initializer.variance(fan_in, 24) == pytest.approx(connections[0, 0] / fan_in * 9.0, rel=1e-12)


@pytest.mark.parametrize("data", [*every(Data), *OF_NINE_TOKENS], ids=named)
def test_the_mean_square_that_data_state_is_that_of_their_draws(data: Data) -> None:
    unsaid = 2 if isinstance(data, ClassLabels | TeacherData) else 7
    shape = data.shape_of_values() or (400, data.features() or getattr(data, "classes", None) or unsaid)
    drawn = data.draw(shape, Randomness(5, range(300)).tensor(3))
    assert np.square(drawn).mean() == pytest.approx(data.mean_square(), rel=0.03)


@pytest.mark.parametrize(
    ("precision", "layers", "known"),
    [("float64", 39, True), ("float32", 39, False), ("float32", 38, True), ("float16", 4, True), ("float16", 5, False)],
)
def test_theory_says_nothing_of_signals_that_the_precision_cannot_hold(
    precision: str, layers: int, known: bool
) -> None:
    # ReLU halves the mean square and the weights multiply it by 200: 2e76 in the 38th layer, 1.16e77 is the limit
    network = stack(layers, 16, "relu", {"kind": "variance_scaling", "scale": 200.0})
    made = plan(SimulationSpec.model_validate({"network": network, "precision": precision}))
    found = theory_of(made, None)
    assert (found.depth_ratio is not None) == known
    assert found.reason == (None if known else "The signal leaves the range of the precision at some layer.")
