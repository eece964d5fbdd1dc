"""Laws of layers in networks: whose draws are whose, and which networks are the same one."""

from collections.abc import Iterator
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from api_tests.nn.given_layers import Json
from api_tests.nn.node_cases import network
from api_tests.simulation.random_trees import printed, tree
from service.core.arrays import Shape
from service.nn.layers.base import Chain
from service.simulation.drawing import draw
from service.simulation.plan import plan
from service.simulation.simulate import simulate
from service.simulation.spec import SimulationSpec

Numbers = npt.NDArray[np.floating[Any]]

NORMAL, TANH = {"kind": "normal", "std": 0.5}, {"kind": "tanh"}
SEQUENCE, IMAGE = (6, 4), (4, 6, 2)
WITHOUT_WEIGHTS: list[Json] = [
    *({"kind": kind, "shift": NORMAL, "gain": NORMAL} for kind in ("layer_norm", "batch_norm")),
    {"kind": "rms_norm", "gain": NORMAL},
    {"kind": "group_norm", "groups": 1},
    {"kind": "dropout", "rate": 0.5},
    {"kind": "scale", "factor": 2.0},
    {"kind": "prelu", "slope": NORMAL},
    {"kind": "activation", "activation": TANH},
]


def specified(shape: Shape, *layers: Json, **fields: Any) -> SimulationSpec:
    given = {"network": network(shape, *layers), "trials": 3, "data": {"samples": 4}, "include": ["gradients"]}
    return SimulationSpec.model_validate({**given, **fields})


def weights_of(chain: Chain) -> Iterator[Numbers]:
    """Every weight matrix in the order of the nodes, (trials, *shape)."""
    for one in chain.nodes:
        for inner in one.chains:
            yield from weights_of(inner)
        yield from one.weights.values()


def arrays_of(chain: Chain) -> Iterator[Numbers]:
    """Everything that is drawn."""
    for one in chain.nodes:
        for inner in one.chains:
            yield from arrays_of(inner)
        yield from one.arrays


# Draws


@pytest.mark.parametrize("seed", range(0, 300, 6))
def test_a_norm_a_mask_a_scale_a_pool_and_a_block_around_a_part_leave_the_draws_of_all_weights_alone(seed: int) -> None:
    rng, plain = np.random.default_rng(seed), tree(seed).model_dump(mode="json", exclude_unset=True)
    layers = plain["network"]["layers"]
    first = int("tokens" in str(plain["network"].get("input")))  # indices go into an embedding and nowhere else
    cut = int(rng.integers(first, len(layers) + 1 - first)) if len(layers) > first else first
    inserted = WITHOUT_WEIGHTS[rng.integers(len(WITHOUT_WEIGHTS))]
    of_chain = {**plain["network"], "layers": layers[:cut]}
    shape = plan(SimulationSpec.model_validate({"network": of_chain})).top[-1].out if cut else (1,)
    pool = [{"kind": "pooling", "size": [1], "mode": "average"}] if len(shape) > 1 else []
    expected = list(weights_of(draw(plan(tree(seed)), range(2)).chain))
    for changed in (
        [*layers[:cut], inserted, *pool, *layers[cut:]],
        [*layers[:cut], {"kind": "residual", "layers": [inserted]}, *layers[cut:]],
        [{"kind": "parallel", "branches": [{"layers": layers[:cut]}]}, inserted, *layers[cut:]],
        [{"kind": "repeat", "times": 1, "layers": layers[: cut or 1]}, *layers[cut or 1 :]],
    ):
        spec = SimulationSpec.model_validate(
            {**plain, "loss": {"kind": "squared_error"}, "network": of_chain | {"layers": changed}}
        )
        found = list(weights_of(draw(plan(spec), range(2)).chain))
        assert len(found) == len(expected)
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_array_equal(ours, theirs, printed(spec))


@pytest.mark.parametrize("seed", range(0, 300, 6))
def test_a_trial_is_the_same_in_whatever_chunk_it_is_drawn(seed: int) -> None:
    made = plan(tree(seed, trials=7))
    whole, part = (list(arrays_of(draw(made, trials).chain)) for trials in (range(7), range(3, 5)))
    for ours, theirs in zip(part, whole, strict=True):
        np.testing.assert_array_equal(ours, theirs[3:5] if theirs.shape[0] > 1 else theirs)


def test_every_sample_of_every_trial_has_a_mask_of_its_own_which_keeps_the_mean() -> None:
    made = plan(
        specified((50,), {"kind": "dropout", "rate": 0.3}, {"kind": "dropout", "rate": 0.3}, data={"samples": 40})
    )
    masks = list(arrays_of(draw(made, range(20)).chain))
    assert [mask.shape for mask in masks] == [(20, 40, 50)] * 2
    rows = np.concatenate([mask.reshape(-1, 50) for mask in masks])
    assert len(np.unique(rows, axis=0)) == len(rows)
    assert set(np.unique(rows)) == {0.0, 1.0 / 0.7}
    assert abs(rows.mean() - 1.0) < 5.0 * sqrt(0.3 / 0.7 / rows.size)


# What equals what


def assert_same(one: SimulationSpec, other: SimulationSpec) -> None:
    """All gradients and decades of the layers that are not inside a block, and all parameters' gradients in order."""
    reports = [simulate(spec) for spec in (one, other)]
    tops = [
        [(layer, found) for layer, found in zip(report.layers, report.gradients or [], strict=True) if not layer.inside]
        for report in reports
    ]
    for (ours, our_gradients), (theirs, their_gradients) in zip(*tops, strict=True):
        for name in ("log10_forward_rms", "log10_angular_spread"):
            left, right = getattr(ours, name).median, getattr(theirs, name).median
            assert left == (None if right is None else pytest.approx(right, abs=1e-10)), name
        if ours.kind == theirs.kind or not {"each_step"} & {ours.kind, theirs.kind}:  # whose delta is behind φ
            np.testing.assert_allclose(our_gradients.delta, their_gradients.delta, rtol=1e-10, atol=1e-14)
    trained = [[one.values for found in report.gradients or [] for one in found.parameters] for report in reports]
    for left, right in zip(*trained, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-9, atol=1e-13)


BEHIND: Json = {"kind": "dense", "units": 2, "bias": NORMAL}


@pytest.mark.parametrize("shape", [SEQUENCE, IMAGE])
def test_a_convolution_of_size_one_is_a_dense_layer_at_every_position(shape: Shape) -> None:
    own: Json = {"bias": NORMAL, "activation": TANH, "weights": {"kind": "he_normal"}}
    dense, kernel = {"kind": "dense", "units": 5}, {"kind": "convolution", "filters": 5, "size": [1]}
    assert_same(specified(shape, dense | own, BEHIND), specified(shape, kernel | own, BEHIND))


def test_a_dense_layer_on_each_step_is_one_over_the_last_axis() -> None:
    dense: Json = {"kind": "dense", "units": 5, "activation": TANH, "bias": NORMAL}
    one, other = (specified(SEQUENCE, first, BEHIND) for first in (dense, {"kind": "each_step", "layers": [dense]}))
    assert_same(one, other)


@pytest.mark.parametrize("shape", [SEQUENCE, IMAGE])
@pytest.mark.parametrize("multiplier", [1, 3])
def test_a_depthwise_convolution_is_one_with_as_many_groups_as_channels(shape: Shape, multiplier: int) -> None:
    channels = shape[-1]
    own: Json = {"size": [3], "padding": "same", "bias": NORMAL, "weights": {"kind": "glorot_normal"}}
    one = {"kind": "depthwise_convolution", "multiplier": multiplier, **own}
    other = {"kind": "convolution", "groups": channels, "filters": channels * multiplier, **own}
    assert_same(specified(shape, one, BEHIND), specified(shape, other, BEHIND))


BLOCKS: list[Json] = [
    {},
    {"norm": "rms_norm", "norm_first": False, "branch_scale": 0.5, "causal": True},
    {"positions": "rotary", "dropout": 0.25, "activation": TANH, "epsilon": 0.01},
    {"attention_weights": NORMAL, "attention_output_weights": {"kind": "he_normal"}, "mlp_bias": {"kind": "none"}},
    {"mlp_weights": NORMAL, "mlp_output_weights": {"kind": "lecun_normal"}, "attention_bias": NORMAL},
]


def tree_of(block: Json) -> list[Json]:
    """What a transformer block of two heads stands for, on four features."""
    norm = {"kind": block.get("norm", "layer_norm"), "epsilon": block.get("epsilon", 1e-5)}
    glorot, bias = {"kind": "glorot_uniform"}, {"kind": "zeros"}
    attention: Json = {"kind": "attention", "heads": 2, "bias": block.get("attention_bias", bias)}
    attention |= {name: block[name] for name in ("causal", "positions") if name in block}
    attention["weights"] = block.get("attention_weights", glorot)
    attention["output_weights"] = block.get("attention_output_weights", glorot)
    own = {"bias": block.get("mlp_bias", bias)}
    one = {"kind": "dense", "units": 7, "activation": block.get("activation", {"kind": "gelu"}), **own}
    two = {"kind": "dense", "units": 4, **own, "weights": block.get("mlp_output_weights", glorot)}
    end = [{"kind": "dropout", "rate": block["dropout"]}] if "dropout" in block else []
    first = block.get("norm_first", True)
    layers: list[Json] = []
    for branch in ([attention], [one | {"weights": block.get("mlp_weights", glorot)}, two]):
        inside = [norm, *branch, *end] if first else [*branch, *end]
        layers.append({"kind": "residual", "layers": inside, "branch_scale": block.get("branch_scale", 1.0)})
        layers += [] if first else [norm]
    return layers


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_transformer_block_is_the_tree_that_it_stands_for_number_by_number(block: Json) -> None:
    one = simulate(specified(SEQUENCE, {"kind": "transformer_block", "heads": 2, "mlp_units": 7, **block}, BEHIND))
    other = simulate(specified(SEQUENCE, *tree_of(block), BEHIND))
    assert one.gradients is not None
    assert other.gradients is not None
    inside = [
        found for found, layer in zip(one.gradients, one.layers, strict=True) if layer.kind != "transformer_block"
    ]
    for ours, theirs in zip(inside, other.gradients, strict=True):
        assert [found.name for found in ours.parameters] == [found.name for found in theirs.parameters]
        assert ours.delta == theirs.delta
        assert [found.values for found in ours.parameters] == [found.values for found in theirs.parameters]
