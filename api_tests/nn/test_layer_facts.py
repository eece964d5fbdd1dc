"""Closed forms of single layers: what is the identity, what pools leave, what sees no future, which gate is which."""

from math import exp, log10, tanh

import numpy as np
import pytest

from api_tests.nn.differences import Looking
from api_tests.nn.given_layers import Json
from api_tests.nn.node_cases import planned
from api_tests.nn.test_nodes import TRIALS, Numbers, built, sent_back
from service.core.arrays import Shape

SEQUENCE, IMAGE = (6, 4), (4, 6, 2)


def signal(shape: Shape, seed: int = 3) -> Numbers:
    """(trials, samples, features)."""
    return np.random.default_rng(seed).normal(size=(TRIALS, 3, int(np.prod(shape))))


# Identities, pools


@pytest.mark.parametrize(
    "layer",
    [
        {"kind": "batch_norm", "mode": "inference", "epsilon": 1e-12},
        {"kind": "residual", "layers": [{"kind": "dense", "units": 4}], "branch_scale": 0.0},
        {"kind": "parallel", "branches": [{}]},
        {"kind": "parallel", "merge": "average", "branches": [{}, {}, {}]},
        {"kind": "dropout", "rate": 0.0},
        {"kind": "scale"},
        {"kind": "pooling", "size": [1]},
        {"kind": "upsampling", "size": [1]},
        {"kind": "padding", "pad": [0, 0]},
        {"kind": "cropping", "crop": [0, 0]},
        {"kind": "prelu", "slope": {"kind": "ones"}},
        {"kind": "position_embedding", "positions": {"kind": "zeros"}},
    ],
    ids=lambda layer: layer["kind"],
)
def test_what_changes_nothing_is_the_identity_forth_and_back(layer: Json) -> None:
    node, x = built(planned(layer, SEQUENCE)), signal(SEQUENCE)
    h, _ = node.node.forward(node, x, Looking())
    np.testing.assert_allclose(h, x, rtol=1e-11)
    dx, _ = sent_back(node, x, x)
    np.testing.assert_allclose(dx, x, rtol=1e-11)


@pytest.mark.parametrize(("mode", "decades"), [("average", -log10(2.0)), ("max", 0.0)])
def test_a_pool_of_two_by_two_halves_the_gradient_where_it_takes_the_mean_and_leaves_it_where_the_largest(
    mode: str, decades: float
) -> None:
    one = planned({"kind": "pooling", "mode": mode, "size": [2]}, IMAGE)
    delta = signal(one.out, 8)
    dx, _ = sent_back(built(one), signal(IMAGE), delta)
    assert np.log10(np.linalg.norm(dx) / np.linalg.norm(delta)) == pytest.approx(decades, abs=1e-14)


# The future

CAUSAL: list[Json] = [
    *({"kind": "convolution", "filters": 3, "size": [3], "dilation": [n], "padding": "causal"} for n in (1, 2)),
    {"kind": "depthwise_convolution", "size": [3], "padding": "causal"},
    *({"kind": "transposed_convolution", "filters": 3, "size": [n], "padding": "causal"} for n in (1, 3)),
    {"kind": "transposed_convolution", "filters": 3, "size": [3], "stride": [2], "padding": "causal"},
    {"kind": "transposed_convolution", "filters": 3, "size": [1], "stride": [2], "padding": "causal"},
    {"kind": "pooling", "size": [3], "stride": [1], "padding": "causal"},
    *({"kind": "recurrent", "units": 3, "cell": cell, "returns": "sequence"} for cell in ("rnn", "lstm", "gru")),
    {"kind": "attention", "causal": True},
    {"kind": "attention", "causal": True, "heads": 4, "kv_heads": 2, "key_units": 2, "positions": "rotary"},
    *(
        {"kind": "transformer_block", "heads": 2, "mlp_units": 5, "causal": True, "norm_first": n}
        for n in (True, False)
    ),
]
SEEING: list[Json] = [
    {"kind": "convolution", "filters": 3, "size": [3], "padding": "same"},
    {"kind": "recurrent", "units": 3, "returns": "sequence", "direction": "both"},
    {"kind": "attention"},
    {"kind": "transformer_block", "heads": 2, "mlp_units": 5},
]


def future_seen(layer: Json, step: int) -> bool:
    """Whether an output at `step` and before depends on inputs behind it."""
    one = planned(layer, SEQUENCE)
    node, x = built(one), signal(SEQUENCE)
    other = x.reshape(*x.shape[:2], *SEQUENCE).copy()
    other[:, :, step + 1 :] += signal(SEQUENCE, 4).reshape(other.shape)[:, :, step + 1 :]
    each = one.out[0] // SEQUENCE[0]
    found = [node.node.forward(node, given.reshape(x.shape), Looking())[0] for given in (x, other)]
    seen = [h.reshape(*h.shape[:2], *one.out)[:, :, : (step + 1) * each] for h in found]
    return bool((seen[0] != seen[1]).any())


@pytest.mark.parametrize("layer", CAUSAL, ids=str)
def test_what_is_causal_sees_no_future(layer: Json) -> None:
    assert [step for step in range(SEQUENCE[0]) if future_seen(layer, step)] == []


@pytest.mark.parametrize("layer", SEEING, ids=str)
def test_what_is_not_causal_does(layer: Json) -> None:
    assert future_seen(layer, 2)


# Gates


def sigmoid(z: float) -> float:
    return 1.0 / (1.0 + exp(-z))


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_the_gates_of_an_lstm_are_i_f_c_o_and_those_of_a_gru_z_r_h(cell: str) -> None:
    """With a bias alone: two steps by hand."""
    bias = [0.3, -0.7, 1.1, 0.5] if cell == "lstm" else [0.3, -0.7, 1.1]
    zeros = {"kind": "zeros"}
    fields: Json = {"bias": {"kind": "explicit", "values": bias}, "weights": zeros, "recurrent_weights": zeros}
    node = built(planned({"kind": "recurrent", "cell": cell, "units": 1, **fields}, (2, 1)))
    h, _ = node.node.forward(node, signal((2, 1)), Looking())
    if cell == "lstm":
        i, f, c, o = sigmoid(bias[0]), sigmoid(bias[1]), tanh(bias[2]), sigmoid(bias[3])
        expected = o * tanh(f * i * c + i * c)
    else:
        z, candidate = sigmoid(bias[0]), tanh(bias[2])
        expected = z * (1.0 - z) * candidate + (1.0 - z) * candidate
    np.testing.assert_allclose(h, expected, rtol=1e-14)


def test_the_reset_gate_acts_on_the_state_or_behind_its_product() -> None:
    """r·(h·U + b) is not (r·h)·U + b where the bias is not zero."""
    values = {"bias": [0.0, -0.4, 0.2], "recurrent_bias": [0.0, 0.0, 0.9]}
    given: Json = {name: {"kind": "explicit", "values": one} for name, one in values.items()}
    own: Json = {"weights": {"kind": "zeros"}, "recurrent_weights": {"kind": "ones"}, **given}
    for after in (True, False):
        fields: Json = {"kind": "recurrent", "cell": "gru", "units": 1, "reset_after": after, **own}
        node = built(planned(fields, (2, 1)))
        h = 0.0
        for _ in range(2):
            z, r = sigmoid(h), sigmoid(h - 0.4)
            beside = r * (h + 0.9) if after else r * h + 0.9
            h = z * h + (1.0 - z) * tanh(0.2 + beside)
        np.testing.assert_allclose(node.node.forward(node, signal((2, 1)), Looking())[0], h, rtol=1e-14)


def test_branches_of_an_image_are_put_end_to_end_along_its_channels() -> None:
    twice = {"layers": [{"kind": "scale", "factor": 2.0}]}
    node = built(planned({"kind": "parallel", "branches": [{}, twice]}, IMAGE))
    x = signal(IMAGE)
    h, _ = node.node.forward(node, x, Looking())
    pixels = x.reshape(*x.shape[:2], *IMAGE)
    np.testing.assert_array_equal(h.reshape(*x.shape[:2], *IMAGE[:2], 4), np.concatenate([pixels, 2.0 * pixels], -1))


def test_what_a_state_forgets_at_every_step_is_told_to_each_step_however_small_it_gets() -> None:
    """h_t = 1e-20·h_(t−1) + x_t and an input at the first step alone: ∂h/∂W = 1e-100, and ∂h/∂x_t = 1e-20^(5 − t)."""
    given: Json = {"weights": {"kind": "ones"}, "recurrent_weights": {"kind": "constant", "value": 1e-20}}
    fields = {"kind": "recurrent", "cell": "rnn", "units": 1, "activation": {"kind": "linear"}, **given}
    x = np.zeros((1, 1, 6))
    x[..., 0] = 1.0
    for direction, order in (("forward", 1), ("backward", -1)):
        dx, probe = sent_back(
            built(planned({**fields, "direction": direction}, (6, 1))), x[..., ::order], np.ones((1, 1, 1))
        )
        np.testing.assert_allclose(dx[0, 0, ::order], 1e-20 ** np.arange(5.0, -1.0, -1.0), rtol=1e-12)
        assert probe.found[0, "weights"].item() == pytest.approx(1e-100, rel=1e-12)
        assert probe.found[0, "bias"].item() == pytest.approx(1.0, rel=1e-12)
