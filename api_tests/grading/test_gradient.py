"""Gradients as answers, against a network of 2, 2 and 1 units that is differentiated by hand."""

from sys import float_info
from typing import Any

import numpy as np
import pytest

from api_tests.grading.judging import Json, flaws, judged
from service.core.arrays import Float64Array
from service.grading.claims.gradient import GradientClaim
from service.simulation.simulate import simulate
from service.simulation.spec import SimulationSpec

INPUTS = np.array([[0.5, -1.0], [1.5, 0.25], [-0.75, 0.8]])
TARGETS = np.array([[1.0], [-0.5], [0.25]])
W1, B1 = np.array([[0.3, -0.8], [0.7, 0.4]]), np.array([0.1, -0.2])
W2, B2 = np.array([[0.9], [-0.6]]), np.array([0.05])
SAMPLES = len(INPUTS)

HIDDEN = np.tanh(INPUTS @ W1 + B1)
OUTPUT = np.tanh(HIDDEN @ W2 + B2)
SLOPE1, SLOPE2 = 1.0 - HIDDEN**2, 1.0 - OUTPUT**2
UPSTREAM2 = 2.0 * (OUTPUT - TARGETS) / SAMPLES
DELTA2 = UPSTREAM2 * SLOPE2
UPSTREAM1 = DELTA2 @ W2.T
DELTA1 = UPSTREAM1 * SLOPE1
WEIGHTS = {1: INPUTS.T @ DELTA1, 2: HIDDEN.T @ DELTA2}
BIAS = {1: DELTA1.sum(axis=0), 2: DELTA2.sum(axis=0)}
DELTA = {1: DELTA1, 2: DELTA2}
DERIVATIVE = {1: SLOPE1, 2: SLOPE2}


def dense(weights: Float64Array, bias: Float64Array) -> Json:
    return {
        "kind": "dense",
        "units": weights.shape[1],
        "activation": {"kind": "tanh"},
        "weights": {"kind": "explicit", "values": weights.tolist()},
        "bias": {"kind": "explicit", "values": bias.tolist()},
    }


GRADIENT: Json = {
    "kind": "gradient",
    "simulation": {
        "network": {"features": 2, "layers": [dense(W1, B1), dense(W2, B2)]},
        "data": {
            "inputs": {"kind": "explicit", "values": INPUTS.tolist()},
            "targets": {"kind": "explicit", "values": TARGETS.tolist()},
        },
    },
}
QUANTITIES = [("weights", WEIGHTS), ("bias", BIAS), ("delta", DELTA), ("derivative", DERIVATIVE)]


def answer(matrices: dict[int, Float64Array], **changed: Float64Array) -> Json:
    return {str(number): changed.get(f"layer_{number}", matrix).tolist() for number, matrix in matrices.items()}


@pytest.mark.parametrize(("quantity", "right"), QUANTITIES)
def test_the_gradient_by_hand_is_right_for_all_layers_and_for_each(
    quantity: str, right: dict[int, Float64Array]
) -> None:
    claim = {**GRADIENT, "quantity": quantity, "relative_tolerance": 1e-9}
    check = judged(claim, answer(right), simulate)
    assert (check.status, check.code, check.method) == ("correct", "same_gradient", "simulation")
    assert len(check.evidence) == 1
    for number, matrix in right.items():
        assert judged({**claim, "layer": number}, matrix.tolist(), simulate).status == "correct"


SLIPS = [
    ("weights", 1, WEIGHTS[1].T, "transposed"),
    ("weights", 2, WEIGHTS[2].T, "transposed"),
    ("weights", 1, -WEIGHTS[1], "differs_by_sign"),
    ("weights", 2, WEIGHTS[2] / 2, "factor_two"),
    ("weights", 1, WEIGHTS[1] * 2, "factor_two_too_many"),
    ("weights", 1, WEIGHTS[1] * SAMPLES, "mean_missing"),
    ("weights", 1, WEIGHTS[1] * SAMPLES / 2, "mean_and_two"),
    ("weights", 1, WEIGHTS[1] + 0.01, "different"),
    ("weights", 1, WEIGHTS[1][:1], "wrong_shape"),
    ("bias", 1, -BIAS[1], "differs_by_sign"),
    ("bias", 1, BIAS[1] * SAMPLES, "mean_missing"),
    ("delta", 1, UPSTREAM1, "derivative_missing"),
    ("delta", 2, UPSTREAM2, "derivative_missing"),
    ("delta", 1, DELTA1.T, "transposed"),
    ("delta", 2, DELTA2 / 2, "factor_two"),
    ("derivative", 1, HIDDEN, "different"),
]


SENTENCES = {
    "transposed": "It is transposed: a row for each input, a column for each unit.",
    "differs_by_sign": "It has the wrong sign.",
    "factor_two": "A factor 2 is missing: the derivative of a square has one.",
    "factor_two_too_many": "There is a factor 2 too many.",
    "mean_missing": "It is the sum over the samples, not their mean: 1/N is missing.",
    "mean_and_two": "Both 1/N and the factor 2 of the square are missing.",
    "different": "The entries differ from the right ones.",
    "wrong_shape": "The matrix has another shape: {} by {} is right.".format(*WEIGHTS[1].shape),
    "derivative_missing": "The activation's derivative is missing: δ is φ'(z) times what comes back.",
}


@pytest.mark.parametrize(("quantity", "layer", "given", "code"), SLIPS)
def test_every_slip_is_named(quantity: str, layer: int, given: Float64Array, code: str) -> None:
    check = judged({**GRADIENT, "quantity": quantity, "layer": layer}, given.tolist(), simulate)
    assert (check.status, check.code, check.points) == ("incorrect", code, 0.0)
    assert check.message == SENTENCES[code]


def test_the_first_layer_from_the_output_back_is_the_one_that_is_named() -> None:
    both = answer(WEIGHTS, layer_1=-WEIGHTS[1], layer_2=WEIGHTS[2] / 2)
    first = answer(WEIGHTS, layer_1=-WEIGHTS[1])
    checks = [judged(GRADIENT, given, simulate) for given in (both, first)]
    assert [check.code for check in checks] == ["factor_two", "differs_by_sign"]
    assert "layer 2 " in checks[0].message
    assert "layer 1 " in checks[1].message


@pytest.mark.parametrize(("tolerance", "status"), [(1e-2, "correct"), (1e-4, "incorrect")])
def test_entries_may_be_rounded_as_far_as_the_teacher_allows(tolerance: float, status: str) -> None:
    rounded = np.round(WEIGHTS[1], 3) + 1e-3 * np.abs(WEIGHTS[1]).max()
    claim = {**GRADIENT, "layer": 1, "relative_tolerance": tolerance}
    assert judged(claim, rounded.tolist(), simulate).status == status


UNREADABLE = [
    ("weights", None, {"1": WEIGHTS[1].tolist()}),
    ("weights", None, {"1": [[1]], "2": [[1]], "3": [[1]]}),
    ("weights", None, [[1.0]]),
    ("weights", 3, [[1.0]]),
    ("weights", 1, [[1.0], [1.0, 2.0]]),
    ("weights", 1, [["1.0"]]),
    ("weights", 1, [[True]]),
    ("weights", 1, [[1.0, "1.0"]]),
    ("weights", 1, [[1.0], 1.0]),
    ("weights", 1, [[]]),
    ("weights", 1, []),
    ("weights", 1, 5),
    ("weights", 1, "[[1]]"),
]


@pytest.mark.parametrize(("quantity", "layer", "given"), UNREADABLE, ids=str)
def test_what_is_no_matrix_for_each_layer_is_unreadable(quantity: str, layer: int | None, given: Any) -> None:
    check = judged({**GRADIENT, "quantity": quantity, "layer": layer}, given, simulate)
    assert (check.status, check.code) == ("invalid", "unreadable")


def test_a_number_beyond_all_doubles_does_not_end_the_grading() -> None:
    check = judged({**GRADIENT, "layer": 2}, [[10**400], [1]], simulate)
    assert check.status in ("invalid", "incorrect")


def test_the_largest_number_of_all_is_read_like_any_other() -> None:
    check = judged({**GRADIENT, "layer": 2}, [[float_info.max], [1]], simulate)
    assert (check.status, check.code) == ("incorrect", "different")


@pytest.mark.parametrize("quantity", ["weights", "backward_factor"])
def test_a_gradient_that_overflows_leaves_it_to_a_person(quantity: str) -> None:
    weights = {"kind": "explicit", "values": [[1e100]]}
    huge = {"kind": "dense", "units": 1, "activation": {"kind": "silu"}, "weights": weights}
    network = {"features": 1, "layers": [huge] * 5}
    data = {"inputs": {"kind": "explicit", "values": [[1.0]]}, "targets": {"kind": "explicit", "values": [[0.0]]}}
    claim = {"kind": "gradient", "quantity": quantity, "layer": 5, "simulation": {"network": network, "data": data}}
    check = judged(claim, [[1.0]], simulate)
    assert (check.status, check.code) == ("undecided", "overflow")


def of_one_sample(quantity: str = "backward_factor", samples: int = 1) -> Json:
    data = {
        "inputs": {"kind": "explicit", "values": INPUTS[:samples].tolist()},
        "targets": {"kind": "explicit", "values": TARGETS[:samples].tolist()},
    }
    return {**GRADIENT, "quantity": quantity, "simulation": {**GRADIENT["simulation"], "data": data}}


def test_the_factors_of_the_textbook_lead_from_delta_to_delta() -> None:
    factors = {1: W1 * SLOPE1[0], 2: W2 * SLOPE2[0]}
    assert judged(of_one_sample(), answer(factors), simulate=simulate).code == "same_gradient"
    assert judged(of_one_sample(), answer(factors, layer_1=W1), simulate=simulate).code == "different"
    assert judged({**of_one_sample(), "layer": 1}, factors[1].T.tolist(), simulate=simulate).code == "transposed"


def test_a_factor_of_several_samples_or_of_weights_that_are_drawn_is_a_flaw() -> None:
    drawn = of_one_sample()
    drawn["simulation"]["network"] = {"features": 2, "layers": [{"kind": "dense", "units": 1}]}
    for claim in ({**GRADIENT, "quantity": "backward_factor"}, of_one_sample(samples=2), drawn):
        made = GradientClaim.model_validate({"id": "a", **claim})
        assert [pointer for pointer, _ in made.flaws()] == ["/quantity"]


def test_a_factor_is_asked_of_every_layer_whose_own_weights_are_explicit() -> None:
    mixed = of_one_sample()
    mixed["simulation"] = {**mixed["simulation"], "network": {"features": 2, "layers": [dense(W1, B1), D]}}
    mixed["simulation"]["data"] = {"inputs": mixed["simulation"]["data"]["inputs"]}
    asked = {layer: [pointer for pointer, _ in flaws({**mixed, "layer": layer})] for layer in (None, 1, 2)}
    assert asked == {None: ["/quantity"], 1: [], 2: ["/quantity"]}


def test_a_layer_of_a_single_weight_has_a_matrix() -> None:
    network = {"features": 1, "layers": [{"kind": "dense", "units": 1}, ACTIVATION]}
    claim = {"kind": "gradient", "simulation": {"network": network}}
    assert flaws({**claim, "layer": 1}) == []
    assert flaws({**claim, "layer": 2}) == [("/layer", "Layer 2 has no such matrix; layers with weights are 1.")]


def test_a_layer_inside_a_block_is_asked_for_by_its_number() -> None:
    block = {"kind": "residual", "layers": [dense(W1, B1)]}
    network = {"features": 2, "layers": [block, dense(W2, B2)]}
    claim = {**GRADIENT, "simulation": {**GRADIENT["simulation"], "network": network}, "relative_tolerance": 1e-9}
    output = np.tanh((INPUTS + HIDDEN) @ W2 + B2)
    behind = 2.0 * (output - TARGETS) / SAMPLES * (1.0 - output**2)
    delta = behind @ W2.T * SLOPE1
    inner = {"weights": INPUTS.T @ delta, "bias": delta.sum(axis=0), "delta": delta, "derivative": SLOPE1}
    for quantity, right in inner.items():
        check = judged({**claim, "quantity": quantity, "layer": 1}, right.tolist(), simulate)
        assert (check.status, check.code) == ("correct", "same_gradient")
    weights = {**claim, "layer": 1}
    assert judged(weights, inner["weights"].T.tolist(), simulate).code == "transposed"
    assert judged(weights, (INPUTS.T @ DELTA1).tolist(), simulate).code == "different", "without the way around"
    assert judged({**claim, "layer": 2}, [[1.0]], simulate).code == "unreadable", "a sum has no weights"
    both = {"1": inner["weights"].tolist(), "3": ((INPUTS + HIDDEN).T @ behind).tolist()}
    assert judged(claim, both, simulate).code == "same_gradient"


def test_the_weights_of_a_convolution_are_a_matrix_with_a_row_for_each_place_and_input() -> None:
    kernel = np.array([[0.5], [-1.0], [2.0], [0.25]])  # places 2, inputs 2, filters 1
    steps = np.array([[[1.0, 2.0], [3.0, -1.0], [0.5, 1.5]]])
    windows = np.stack([steps[:, place : place + 2].reshape(1, 4) for place in range(2)], axis=1)
    error = 2.0 * (windows @ kernel) / 2
    layer = {
        "kind": "convolution",
        "filters": 1,
        "size": [2],
        "weights": {"kind": "explicit", "values": kernel.ravel().tolist(), "shape": [2, 2, 1]},
    }
    inputs = {"kind": "explicit", "values": steps.reshape(1, -1).tolist()}
    claim = {
        "kind": "gradient",
        "layer": 1,
        "simulation": {
            "network": {"input": {"kind": "sequence", "steps": 3, "features": 2}, "layers": [layer]},
            "data": {"inputs": inputs, "targets": {"kind": "explicit", "values": [[0.0, 0.0]]}},
        },
    }
    right = np.einsum("nsk,nsu->ku", windows, error)
    assert judged(claim, right.tolist(), simulate).code == "same_gradient"
    assert judged(claim, right.T.tolist(), simulate).code == "transposed"


D: Json = {"kind": "dense", "units": 2, "activation": {"kind": "tanh"}}
ACTIVATION: Json = {"kind": "activation", "activation": {"kind": "relu"}}
BLOCK: Json = {"kind": "parallel", "branches": [{"layers": [ACTIVATION]}, {"layers": []}]}
MIXED: Json = {
    "network": {"features": 2, "layers": [{"kind": "layer_norm"}, D, D, BLOCK, {"kind": "dense", "units": 1}]}
}
"""Its layers are 1 layer_norm, 2 and 3 dense, 4 the activation in the block, 5 the block, 6 dense."""


@pytest.mark.parametrize(
    ("quantity", "layer", "sentence"),
    [
        ("weights", 1, "Layer 1 has no such matrix; layers with weights are 2 to 3, 6."),
        ("weights", 5, "Layer 5 has no such matrix; layers with weights are 2 to 3, 6."),
        ("bias", 4, "Layer 4 has no such matrix; layers with a bias are 2 to 3, 6."),
        ("derivative", 5, "Layer 5 has no such matrix; layers with an activation are 2 to 4, 6."),
        ("weights", 99, "Layer 99 does not exist; layers with weights are 2 to 3, 6."),
        ("delta", 7, "Layer 7 does not exist; layers with a delta are 1 to 6."),
    ],
)
def test_a_layer_that_has_no_such_matrix_is_a_flaw(quantity: str, layer: int, sentence: str) -> None:
    claim = {"kind": "gradient", "simulation": MIXED, "quantity": quantity, "layer": layer}
    assert flaws(claim) == [("/layer", sentence)]


def test_layers_are_no_flaw_exactly_where_a_report_has_the_matrix() -> None:
    asked = SimulationSpec.model_validate({**MIXED, "include": ["gradients"], "trials": 1})
    for number, layer in enumerate(simulate(asked).gradients or [], start=1):
        for quantity in ("weights", "bias", "delta", "derivative"):
            claim = {"kind": "gradient", "simulation": MIXED, "quantity": quantity, "layer": number}
            there = quantity == "delta" or (quantity == "derivative" and layer.derivative is not None)
            assert (flaws(claim) == []) is (there or quantity in [one.name for one in layer.parameters])


def test_a_matrix_that_no_layer_has_is_a_flaw() -> None:
    network = {"network": {"features": 2, "layers": [{"kind": "activation", "activation": {"kind": "tanh"}}]}}
    claim = {"kind": "gradient", "simulation": network}
    assert flaws(claim) == [("/quantity", "No layer of this network is one with weights.")]
    assert flaws({**claim, "quantity": "derivative"}) == []


def test_a_factor_of_a_layer_that_does_not_exist_is_a_flaw() -> None:
    ((pointer, sentence),) = flaws({**of_one_sample(), "layer": 3})
    assert (pointer, sentence) == ("/layer", "Layer 3 does not exist; layers with explicit weights are 1 to 2.")
    assert flaws({**of_one_sample(), "layer": 2}) == flaws(of_one_sample()) == []


def test_many_layers_are_not_all_listed() -> None:
    pair = [{"kind": "dense", "units": 2}, {"kind": "layer_norm"}]
    for times, end in ((50, ", …."), (21, ", …."), (20, ".")):
        network = {"network": {"features": 2, "layers": [{"kind": "repeat", "times": times, "layers": pair}]}}
        ((_, sentence),) = flaws({"kind": "gradient", "simulation": network, "layer": 2})
        assert sentence.endswith(f" 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 33, 35, 37, 39{end}")
