"""Where hidden layers are when the top of a network is a block that passes no signal on unchanged."""

from typing import Any

import numpy as np
import pytest

from service.simulation.measure import measure
from service.simulation.plan import plan
from service.simulation.results import SimulationReport
from service.simulation.simulate import along_worst_branch, simulate
from service.simulation.spec import SimulationSpec
from service.simulation.statistics import NetworkTrials

Json = dict[str, Any]
VECTOR: Json = {"features": 6}
SEQUENCE: Json = {"input": {"kind": "sequence", "steps": 3, "features": 6}}
HEAD: Json = {"kind": "dense", "units": 1}


def dense(activation: str = "tanh", units: int = 12) -> Json:
    return {"kind": "dense", "units": units, "activation": {"kind": activation}}


def tower(depth: int, activation: str = "tanh") -> Json:
    return {"layers": [dense(activation) for _ in range(depth)]}


def branches(*given: Json, merge: str = "concat") -> Json:
    return {"kind": "parallel", "merge": merge, "branches": list(given)}


def spec(inputs: Json, *layers: Json) -> SimulationSpec:
    return SimulationSpec.model_validate({"network": {**inputs, "layers": list(layers)}, "trials": 4, "seed": 5})


def found(inputs: Json, *layers: Json) -> SimulationReport:
    return simulate(spec(inputs, *layers))


def boundaries(report: SimulationReport) -> list[int]:
    return [layer.index for layer in report.layers if layer.boundary]


def test_a_tower_that_vanishes_beside_a_sound_one_is_what_the_network_is_judged_by() -> None:
    report = found(VECTOR, branches(tower(10), tower(10, "sigmoid")), HEAD)
    alone = found(VECTOR, *tower(10, "sigmoid")["layers"], HEAD)
    assert report.verdict.branch == "/network/layers/0/branches/1/layers"
    assert boundaries(report) == [*range(11, 20), 21]
    assert report.verdict.label == alone.verdict.label == "vanishing"
    assert report.verdict.depth_ratio.median == pytest.approx(alone.verdict.depth_ratio.median, abs=0.7)
    assert "Measured along /network/layers/0/branches/1/layers" in report.verdict.reasons[1]


def test_the_order_of_the_branches_decides_nothing_but_the_pointer() -> None:
    report = found(VECTOR, branches(tower(10, "sigmoid"), tower(10)), HEAD)
    assert report.verdict.branch == "/network/layers/0/branches/0/layers"
    assert boundaries(report) == [*range(1, 10), 21]


@pytest.mark.parametrize("beside", [{}, {"layers": []}])
def test_a_branch_that_passes_the_signal_on_unchanged_leaves_the_block_whole(beside: Json) -> None:
    report = found(VECTOR, branches(beside, tower(4)), HEAD)
    assert report.verdict.branch is None
    assert boundaries(report) == [5]


def test_layers_on_each_step_are_hidden_layers_like_those_on_all() -> None:
    layers = [dense("sigmoid") for _ in range(6)]
    inside = found(SEQUENCE, {"kind": "each_step", "layers": layers}, HEAD)
    flat = found(SEQUENCE, *layers, HEAD)
    assert inside.verdict.branch is None
    assert boundaries(inside) == [1, 2, 3, 4, 5, 7]
    assert inside.verdict.depth_ratio.median == pytest.approx(flat.verdict.depth_ratio.median, abs=0.5)


def test_of_an_output_inside_a_block_the_last_layer_is_the_output() -> None:
    report = found(SEQUENCE, {"kind": "each_step", "layers": [dense() for _ in range(6)]})
    assert boundaries(report) == [1, 2, 3, 4, 5]


def test_of_a_later_block_the_longest_branch_counts_and_no_branch_is_named() -> None:
    report = found(VECTOR, dense(), branches(tower(2), tower(4), tower(3)), dense(), HEAD)
    assert report.verdict.branch is None
    assert boundaries(report) == [1, 4, 5, 6, 11, 12]


def test_branches_of_one_layer_have_no_hidden_layer_inside() -> None:
    report = found(VECTOR, branches(tower(1), tower(1, "sigmoid"), merge="multiply"), HEAD)
    assert boundaries(report) == [3]


@pytest.mark.parametrize("merge", ["concat", "add", "multiply", "average", "maximum"])
@pytest.mark.parametrize("behind", [[HEAD], [dense(), HEAD]], ids=["one layer behind", "two layers behind"])
def test_the_accounts_of_the_worst_branch_add_up_to_its_depth_ratio(merge: str, behind: list[Json]) -> None:
    made = plan(spec(VECTOR, branches(tower(3), tower(5, "sigmoid"), merge=merge), *behind))
    measured = measure(made).measurements
    trials = NetworkTrials.of(measured, along_worst_branch(measured, made))
    whole = np.sum(list(trials.shares.values()), axis=0)
    np.testing.assert_allclose(whole, trials.depth_ratio, rtol=1e-9, atol=1e-9)
    assert abs(np.median(trials.shares["skip"])) < 2.0 < -np.median(trials.shares["derivative"])


def test_two_dense_layers_without_a_bias_are_simulated_and_twins_are_found_among_them() -> None:
    none = {"kind": "none"}
    report = found(VECTOR, {**dense(), "bias": none}, {**dense(), "bias": none}, {**HEAD, "bias": none})
    assert "symmetric_units" not in report.verdict.flags
    same = {"kind": "constant", "value": 0.1}
    report = found(VECTOR, *({**one, "bias": none, "weights": same} for one in (dense(), dense(), HEAD)))
    assert "symmetric_units" in report.verdict.flags


STEPS: Json = {"input": {"kind": "sequence", "steps": 4, "features": 6}}
ZEROS: Json = {"kind": "zeros"}


@pytest.mark.parametrize(
    "layer",
    [
        {"kind": "recurrent", "units": 5, "cell": "rnn", "returns": "sequence", "weights": ZEROS},
        {"kind": "attention", "output_weights": ZEROS},
        {"kind": "attention", "output_weights": {"kind": "constant", "value": 0.0}},
        {"kind": "attention", "weights": ZEROS},
    ],
)
def test_one_matrix_of_zeros_that_all_signals_pass_is_why_a_gradient_is_dead(layer: Json) -> None:
    verdict = found(STEPS, dense(), layer, dense(), HEAD).verdict
    assert (verdict.label, verdict.cause) == ("dead", "zero_weights")


@pytest.mark.parametrize("fields", [{"recurrent_weights": ZEROS}, {}])
def test_a_matrix_of_zeros_that_signals_go_round_is_not(fields: Json) -> None:
    layer = {"kind": "recurrent", "units": 5, "cell": "rnn", "returns": "sequence", **fields}
    assert found(STEPS, dense(), layer, dense(), HEAD).verdict.label != "dead"
    sunk = {**dense("relu"), "bias": {"kind": "constant", "value": -1e6}}
    assert found(STEPS, dense(), layer, sunk, HEAD).verdict.cause == "dead_units"
