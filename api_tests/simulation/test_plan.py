"""What a plan decides: where hidden layers are measured, which random numbers each tensor gets, what a report holds."""

from typing import Any
from zlib import crc32

import numpy as np
import pytest

from api_tests.networks import Json, report
from service.core.errors import GradientsTooLarge, Incompatible
from service.simulation.drawing import draw
from service.simulation.plan import Plan, plan
from service.simulation.spec import SimulationSpec
from service.simulation.vocabulary import Flag

DENSE = {"kind": "dense", "units": 4}
TANH = {"kind": "activation", "activation": {"kind": "tanh"}}
NORM = {"kind": "layer_norm"}
SKIP = {"kind": "residual", "layers": [DENSE]}
LIGHT = {"kind": "residual", "layers": [NORM]}
DEEP = {"kind": "parallel", "merge": "add", "branches": [{}, {"layers": [NORM, SKIP]}]}


def planned(layers: list[Json], features: int = 4, **fields: Any) -> Plan:
    return plan(SimulationSpec.model_validate({"network": {"features": features, "layers": layers}, **fields}))


@pytest.mark.parametrize(
    ("layers", "gradients", "signals"),
    [
        # a plain stack: gradients where a layer begins, signals behind what follows it
        ([DENSE], [], []),
        ([DENSE, TANH], [], []),
        ([DENSE, DENSE], [0], [0]),
        ([DENSE, DENSE, DENSE], [0, 1], [0, 1]),
        ([DENSE, TANH, DENSE, TANH, TANH, DENSE, TANH], [0, 2], [1, 4]),
        ([TANH, DENSE, DENSE, DENSE], [1, 2], [1, 2]),
        ([TANH, TANH, TANH], [0, 1], [0, 1]),  # nothing opens: every node counts
        ([TANH], [], []),
        # elsewhere both behind what follows it
        ([DENSE, NORM, DENSE, NORM, TANH, DENSE], [1, 4], [1, 4]),
        ([NORM, DENSE, DENSE, DENSE], [1, 2], [1, 2]),
        ([DENSE, DENSE, NORM], [0], [0]),
        ([NORM, NORM, NORM], [0, 1], [0, 1]),
        ([NORM], [], []),
        # a block opens where a node inside it does, and is one layer however many are inside; those inside precede it
        ([SKIP, DENSE], [1], [1]),
        ([SKIP, SKIP, DENSE], [1, 3], [1, 3]),
        ([DENSE, LIGHT, DENSE, DENSE], [2, 3], [2, 3]),
        ([DEEP, DENSE, DENSE], [3, 4], [3, 4]),
        ([LIGHT, LIGHT, NORM], [1, 3], [1, 3]),
        # behind a block is right behind it: what follows stands between it and the next one
        ([DENSE, TANH, SKIP, TANH, DENSE], [1, 3], [1, 3]),
        ([SKIP, NORM, SKIP, NORM, DENSE], [1, 4], [1, 4]),
    ],
)
def test_where_the_hidden_layers_are_measured(layers: list[Json], gradients: list[int], signals: list[int]) -> None:
    made = planned(layers)
    assert (made.depth.gradients, made.depth.signals) == (gradients, signals)
    assert [shape.index - 1 for shape in made.shapes() if shape.boundary] == gradients
    assert report({"features": 4, "layers": layers}, trials=1).verdict.sum_inverse_width == 0.25 * len(gradients)


ACCOUNTS = [
    # of a plain stack: the next layer's weights, and the derivative of this one
    ([DENSE, TANH, DENSE], ["weights derivative"] * 3),
    # elsewhere all that the next node is; the last has no step
    ([DENSE, NORM, DENSE, DENSE], ["normalisation", "weights derivative", "weights derivative", ""]),
    ([DENSE, TANH, NORM], ["derivative", "normalisation", ""]),
    # inside a block the node itself
    ([SKIP, SKIP, DENSE], ["weights derivative", "skip", "weights derivative", "weights derivative", ""]),
    ([DENSE, DEEP, DENSE], ["skip", "normalisation", "weights derivative", "skip", "weights derivative", ""]),
]


@pytest.mark.parametrize(("layers", "accounts"), ACCOUNTS)
def test_the_accounts_of_a_step_are_what_stands_in_its_way_and_add_up_to_it(
    layers: list[Json], accounts: list[str]
) -> None:
    made = report({"features": 4, "layers": layers}, trials=1)
    for found, expected in zip(made.layers, accounts, strict=True):
        booked = {name: share for name, share in found.log10_gain if share is not None}
        assert " ".join(booked) == expected
        total = sum(share.median for share in booked.values())
        assert total == pytest.approx(found.log10_backward_gain.median, abs=1e-12)


def test_a_gain_is_booked_to_the_node_that_has_it() -> None:
    twice = {"kind": "dense", "units": 4, "weights": {"kind": "orthogonal", "gain": 2.0}}
    scaled = {"kind": "residual", "layers": [{**twice, "weights": {"kind": "zeros"}}], "shortcut": [twice]}
    normed = {"kind": "layer_norm", "gain": {"kind": "zeros"}, "shift": {"kind": "ones"}}
    made = report({"features": 4, "layers": [twice, scaled, twice, twice]}, trials=1)
    gains = [found.log10_backward_gain.median for found in made.layers]
    assert gains == pytest.approx([np.log10(2.0), None, np.log10(2.0), np.log10(2.0), np.log10(2.0), 0.0])
    assert made.layers[0].log10_gain.skip.median == pytest.approx(np.log10(2.0))
    assert made.layers[3].log10_gain.weights.median == pytest.approx(np.log10(2.0))
    assert made.verdict.depth_ratio.median == pytest.approx(2.0 * np.log10(2.0))
    assert made.verdict.end_to_end_ratio.median == pytest.approx(3.0 * np.log10(2.0))
    assert report({"features": 4, "layers": [twice, normed, twice]}, trials=1).layers[0].zero_trials == 1


def other(name: str, weighted: int, order: int) -> int:
    """The number of a tensor that is neither weights nor bias, behind so many weights."""
    return ((1 + crc32(name.encode())) << 32) + (weighted << 19) + order


def test_every_tensor_has_a_number_of_its_own_by_what_it_is_and_what_is_before_it() -> None:
    made = planned([NORM, DENSE, TANH, NORM, LIGHT, SKIP, DENSE])
    assert [one.tensors for one in made.nodes] == [
        ((other("gain", 0, 0),), (other("shift", 0, 0),)),
        ((2,), (3,)),
        (),
        ((other("gain", 1, 0),), (other("shift", 1, 0),)),
        ((other("gain", 1, 1),), (other("shift", 1, 1),)),  # inside its block
        (),
        ((4,), (5,)),  # inside its block
        (),
        ((6,), (7,)),
    ]


def test_gates_that_are_drawn_one_by_one_have_a_number_each_and_the_first_that_of_all_together() -> None:
    cell = {"kind": "recurrent", "cell": "gru", "units": 2}
    network = {"input": {"kind": "sequence", "steps": 3, "features": 2}, "layers": [cell, {**cell, "gates": "each"}]}
    network["layers"][0]["returns"] = "sequence"
    together, each = plan(SimulationSpec.model_validate({"network": network})).nodes
    own = [other(f"recurrent_weights{part}", 2, 0) for part in ("", "/1", "/2")]
    assert together.tensors == ((2,), (other("recurrent_weights", 1, 0),), (3,))
    assert each.tensors == ((4, *(other(f"weights/{part}", 2, 0) for part in (1, 2))), tuple(own), (5,))


def test_a_norm_leaves_all_other_draws_as_they_are() -> None:
    normal = {"gain": {"kind": "normal"}, "shift": {"kind": "normal"}}
    dense, norm = {**DENSE, "bias": {"kind": "normal"}}, {**NORM, **normal}
    plain, normed = (
        draw(planned(layers), range(3)) for layers in ([dense, norm, dense], [norm, dense, norm, norm, dense])
    )
    before, after = plain.chain.nodes, normed.chain.nodes
    for one, same in ((before[0], after[1]), (before[1], after[2]), (before[2], after[4])):
        for array, other_array in zip(one.arrays, same.arrays, strict=True):
            np.testing.assert_array_equal(array, other_array)
    np.testing.assert_array_equal(plain.inputs, normed.inputs)
    np.testing.assert_array_equal(plain.targets, normed.targets)


def test_no_two_tensors_share_a_random_number() -> None:
    uniform = {"kind": "uniform", "low": 0.0, "high": 1.0}
    norm = {"kind": "layer_norm", "gain": uniform, "shift": uniform}
    dense = {"kind": "dense", "units": 1, "weights": uniform, "bias": uniform}
    data = {"samples": 1, "inputs": uniform, "targets": uniform}
    drawn = draw(planned([norm, dense, norm, norm, dense], features=1, data=data), range(4))
    tensors = [array for node in drawn.chain.nodes for array in node.arrays]
    numbers = np.concatenate([one.ravel() for one in (*tensors, drawn.inputs, drawn.targets)])
    assert np.unique(numbers).size == numbers.size == 12 * 4


def test_a_report_carries_a_hundred_thousand_numbers_of_gradients_and_no_more() -> None:
    data, layers = {"samples": 100}, [{"kind": "dense", "units": 100}]
    assert planned(layers, 799, data=data, include=["gradients"]).parameters == 80_000  # and twice 100·100
    with pytest.raises(GradientsTooLarge) as refusal:
        planned(layers, 800, data=data, include=["histograms", "gradients"])
    assert refusal.value.pointer == "/include/1"
    assert "100100" in refusal.value.sentence.replace(",", "").replace(" ", "")
    assert planned(layers, 800, data=data, include=["histograms"]).parameters == 80_100


EQUAL, DISTINCT = [[1.0, 1.0], [2.0, 2.0]], [[1.0, 2.0], [2.0, 2.0]]
ONWARD, APART = [[3.0, 4.0], [3.0, 4.0]], [[3.0, 4.0], [3.0, 5.0]]


@pytest.mark.parametrize(
    ("weights", "bias", "onward", "twins"),
    [
        (EQUAL, [0.0, 0.0], ONWARD, True),
        (EQUAL, [0.5, 0.5], ONWARD, True),
        (EQUAL, [0.0, 0.5], ONWARD, False),
        (DISTINCT, [0.0, 0.0], ONWARD, False),
        ([[1.0, 1.0], [2.0, 3.0]], [0.0, 0.0], ONWARD, False),  # the same first weight
        (EQUAL, [0.0, 0.0], APART, False),
    ],
)
@pytest.mark.parametrize("between", [[], [TANH], [TANH, TANH], [NORM]], ids=len)
def test_two_units_are_one_by_their_weights_bias_and_what_they_go_to(
    weights: Any, bias: Any, onward: Any, twins: bool, between: list[Json]
) -> None:
    def dense(values: Any, shift: Any) -> Json:
        explicit = [{"kind": "explicit", "values": one} for one in (values, shift)]
        return {"kind": "dense", "units": 2, "weights": explicit[0], "bias": explicit[1]}

    layers = [dense(weights, bias), *between, dense(onward, [0.0, 1.0])]
    inside = [{"kind": "residual", "layers": layers}]
    for made in (layers, inside):
        flags = report({"features": 2, "layers": made}, trials=1).verdict.flags
        assert (Flag.SYMMETRIC_UNITS in flags) == (twins and NORM not in between)


def test_an_overflow_inside_one_branch_is_none_of_the_branch_beside_it() -> None:
    huge = {"kind": "dense", "units": 4, "weights": {"kind": "constant", "value": 1e100}}
    branches = [
        {"layers": [huge, huge, huge, huge, {"kind": "activation", "activation": {"kind": "sigmoid"}}]},
        {"layers": [DENSE]},
    ]
    layers = [DENSE, {"kind": "parallel", "merge": "add", "branches": branches}, DENSE]
    found = {one.path: one.non_finite_trials for one in report({"features": 4, "layers": layers}, trials=3).layers}
    assert found == {
        "/network/layers/0": 0,
        "/network/layers/1/branches/0/layers/0": 0,
        "/network/layers/1/branches/0/layers/1": 0,
        "/network/layers/1/branches/0/layers/2": 0,
        "/network/layers/1/branches/0/layers/3": 3,
        "/network/layers/1/branches/0/layers/4": 3,
        "/network/layers/1/branches/1/layers/0": 0,
        "/network/layers/1": 3,
        "/network/layers/2": 3,
    }


def test_an_overflow_in_a_branch_is_none_of_the_other_and_one_of_what_follows_though_a_maximum_hides_it() -> None:
    falling, growing = ({**DENSE, "weights": {"kind": "constant", "value": value}} for value in (-1e30, 1e30))
    block = {"kind": "parallel", "merge": "maximum", "branches": [{"layers": [falling, growing]}, {"layers": [TANH]}]}
    data = {"inputs": {"kind": "uniform", "low": 0.5}}
    made = report({"features": 4, "layers": [TANH, block, DENSE]}, data=data, trials=3, precision="float32")
    paths = [found.path.removeprefix("/network/layers") for found in made.layers if found.non_finite_trials == 3]
    assert paths == ["/1/branches/0/layers/1", "/1", "/2"]
    assert made.layers[4].log10_forward_rms.count == 3
    assert made.layers[1].zero_trials == 3  # the branch that the maximum takes nothing of is the worse one
    assert made.verdict.label == "dead"


def test_a_block_of_bert_base_has_the_parameters_of_its_encoder_layer_written_out_or_not() -> None:
    series = {"kind": "sequence", "steps": 512, "features": 768}
    gelu = {"kind": "gelu"}
    mlp = [{"kind": "dense", "units": 3072, "activation": gelu}, {"kind": "dense", "units": 768}]
    residuals = [{"kind": "residual", "layers": layers} for layers in ([{"kind": "attention", "heads": 12}], mlp)]
    block = {"kind": "transformer_block", "heads": 12, "mlp_units": 3072, "activation": gelu, "norm_first": False}
    for layers in ([block], [residuals[0], NORM, residuals[1], NORM]):
        network = {"input": series, "layers": layers, "defaults": "bert"}
        made = plan(SimulationSpec.model_validate({"network": network}))
        assert made.parameters == 4 * (768**2 + 768) + 2 * 768 * 3072 + 3072 + 768 + 4 * 768 == 7_087_872


@pytest.mark.parametrize("what", ["inputs", "targets"])
def test_there_are_as_many_means_as_features(what: str) -> None:
    network = {"features": 3, "layers": [{"kind": "dense", "units": 3}]}
    given = {"kind": "per_feature", "means": [0.0, 1.0], "stds": [1.0, 1.0]}
    with pytest.raises(Incompatible, match=f"2 means and 3 features of {what}") as refusal:
        plan(SimulationSpec.model_validate({"network": network, "data": {what: given}}))
    assert refusal.value.pointer == f"/data/{what}/means"
