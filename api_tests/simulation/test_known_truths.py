"""Networks whose gradient at initialisation is known, by a formula or by PyTorch: each within 0.3 decades.

What PyTorch measures is written down, and measured anew by `make oracle`, where it is installed: with its own modules
and its own draws.
"""

from math import log10, pi, sqrt
from typing import Any, NamedTuple

import numpy as np
import pytest

from api_tests.networks import Json, named, report
from service.simulation.results import SimulationReport

NEAR = 0.3
OUT: Json = {"kind": "dense", "units": 1}


def dense(units: int, activation: str = "linear", weights: str | Json = "he_normal") -> Json:
    return {"kind": "dense", "units": units, "activation": named(activation), "weights": named(weights)}


def repeated(times: int, *layers: Json) -> Json:
    return {"kind": "repeat", "times": times, "layers": list(layers)}


def activation(kind: str) -> Json:
    return {"kind": "activation", "activation": named(kind)}


def residual(*layers: Json, scale: float = 1.0) -> Json:
    return {"kind": "residual", "layers": list(layers), "branch_scale": scale}


def features(units: int, *layers: Json) -> Json:
    return {"features": units, "layers": [*layers, OUT]}


def image(side: int, channels: int, *layers: Json) -> Json:
    shape = {"kind": "image", "height": side, "width": side, "channels": channels}
    return {"input": shape, "layers": [*layers, {"kind": "flatten"}, OUT]}


def ratio(network: Json, samples: int = 16, **fields: Any) -> float:
    """The median depth ratio over 32 trials."""
    found = report(network, trials=32, data={"samples": samples}, **fields).verdict.depth_ratio.median
    assert found is not None
    return found


def batch_normalised(depth: int) -> Json:
    return features(256, repeated(depth, dense(256), {"kind": "batch_norm"}, activation("relu")))


def test_batch_norm_in_front_of_relu_multiplies_the_gradient_by_the_root_of_pi_over_pi_minus_one() -> None:
    found = ratio(batch_normalised(16), samples=256, precision="float32")
    assert found == pytest.approx(15 * 0.5 * log10(pi / (pi - 1)), abs=NEAR)


def test_fifty_layers_of_it_explode_by_almost_four_decades_as_in_pytorch() -> None:
    torch = pytest.importorskip("torch")
    found, truth = ratio(batch_normalised(50), samples=256, precision="float32"), []
    torch.manual_seed(1)
    for _ in range(8):
        h, kept = torch.randn(256, 256), []
        for _ in range(50):
            w = (torch.randn(256, 256) * sqrt(2 / 256)).requires_grad_()
            h = torch.relu(torch.nn.functional.batch_norm(h @ w, None, None, training=True))
            h.retain_grad()
            kept.append(h)
        (h @ torch.randn(256, 1) / 16 - torch.randn(256, 1)).square().sum().backward()
        truth.append(log10(kept[0].grad.norm() / kept[-1].grad.norm()))
    assert found == pytest.approx(3.88, abs=NEAR)
    assert found == pytest.approx(float(np.median(truth)), abs=NEAR)


@pytest.mark.parametrize(
    ("branch", "per_block"),
    [
        ([dense(256, "relu")], sqrt(2)),
        ([dense(256, "relu"), dense(256, "linear", "lecun_normal")], sqrt(2)),
        ([dense(256, "relu"), dense(256)], sqrt(3)),
        ([dense(256, "relu"), dense(256, "relu")], sqrt(2)),
    ],
)
def test_a_residual_block_multiplies_the_gradient_by_what_its_branch_adds(branch: list[Json], per_block: float) -> None:
    found = ratio(features(256, repeated(10, residual(*branch))), precision="float32")
    assert found == pytest.approx(9 * log10(per_block), abs=NEAR)


@pytest.mark.parametrize("branch", [[dense(64, "relu")], [dense(64, "relu"), dense(64)]])
def test_fifty_blocks_whose_branches_are_scaled_by_their_number_change_the_gradient_by_less_than_a_decade(
    branch: list[Json],
) -> None:
    assert abs(ratio(features(64, repeated(50, residual(*branch, scale=1 / sqrt(50)))))) < 1.0


@pytest.mark.parametrize("kind", ["layer_norm", "rms_norm"])
def test_a_norm_in_front_of_relu_leaves_the_gradient_alone_and_the_samples_become_one(kind: str) -> None:
    network = features(256, repeated(32, dense(256), {"kind": kind}, activation("relu")))
    found = report(network, trials=32, data={"samples": 16}, precision="float32")
    assert found.verdict.depth_ratio.median == pytest.approx(0.0, abs=NEAR)
    assert found.verdict.forward_ratio.median == pytest.approx(0.0, abs=0.01)
    spread = found.layers[-2].log10_angular_spread.median
    assert spread is not None
    assert spread < -0.6


def test_a_stream_that_is_normalised_in_front_of_every_branch_is_judged_by_how_it_grows() -> None:
    """Every block adds a variance of 1, so B and F are ½·log10 of how many there are."""
    block = residual({"kind": "layer_norm"}, dense(128, "relu"), dense(128, "linear", "lecun_normal"))
    network = features(128, repeated(32, block))
    found = report(network, trials=32, data={"samples": 16}).verdict
    assert found.depth_ratio.median == pytest.approx(0.5 * log10((1 + 32 * 0.5) / (1 + 0.5)), abs=NEAR)
    assert found.forward_ratio.median == pytest.approx(0.5 * log10((1 + 32 * 0.5) / (1 + 0.5)), abs=NEAR)


def test_a_stream_that_is_normalised_behind_every_block_keeps_its_size() -> None:
    block = residual(dense(128, "relu"), dense(128))
    found = report(features(128, repeated(20, block, {"kind": "layer_norm"})), trials=32, data={"samples": 16})
    assert found.verdict.depth_ratio.median == pytest.approx(0.0, abs=NEAR)


@pytest.mark.parametrize(("mode", "decades"), [("average", log10(0.5)), ("max", 0.0)])
@pytest.mark.parametrize("kind", ["pooling", "global_pooling"])
def test_a_pool_passes_a_gradient_on_as_it_must(kind: str, mode: str, decades: float) -> None:
    """Of four entries a mean gives a quarter to each; a maximum gives all to one."""
    pool = {"kind": kind, "mode": mode} | ({"size": [2]} if kind == "pooling" else {})
    block = {"kind": "parallel", "branches": [{"layers": [pool, {"kind": "flatten"}]}]}
    shape = {"kind": "image", "height": 8, "width": 8, "channels": 4} | (
        {} if kind == "pooling" else dict.fromkeys(("height", "width"), 2)
    )
    found = report({"input": shape, "layers": [block, dense(4), OUT]}, trials=4)
    (row,) = (layer for layer in found.layers if layer.kind == kind)
    assert row.log10_backward_gain.median == pytest.approx(decades, abs=1e-12)


def test_a_kernel_that_sees_one_of_its_nine_taps_takes_half_a_decade() -> None:
    convolution = {"kind": "convolution", "filters": 64, "size": [3], "padding": "same"}
    relu = convolution | {"activation": named("relu"), "weights": named("he_normal")}
    assert ratio(image(1, 64, repeated(10, relu))) == pytest.approx(9 * 0.5 * log10(1 / 9), abs=NEAR)


def test_a_plain_recurrent_layer_forgets_by_almost_three_decades_in_fifty_steps() -> None:
    shape = {"kind": "sequence", "steps": 50, "features": 1}
    network = {"input": shape, "layers": [{"kind": "recurrent", "cell": "rnn", "units": 32}, OUT]}
    assert time_ratio(report(network, trials=32, data={"samples": 32})) == pytest.approx(-2.8, abs=NEAR)


def time_ratio(found: SimulationReport) -> float:
    assert found.layers[0].time is not None
    assert found.layers[0].time.time_ratio.median is not None
    return found.layers[0].time.time_ratio.median


class Remembered(NamedTuple):
    """An lstm of 128 units over 100 steps of 16 features, and what 256 cells of PyTorch do to ∂e/∂c in the median.

    As `by_lstm_cell` below draws and measures them, with `torch.manual_seed(0)`, the error at the last step.
    """

    initialisation: str
    forget_bias: float
    by_pytorch: float

    def network(self) -> Json:
        uniform = {"kind": "uniform", "low": -sqrt(1 / 128), "high": sqrt(1 / 128)}
        names = ("weights", "recurrent_weights", "bias", "recurrent_bias")
        drawn = dict.fromkeys(names, uniform) if self.initialisation == "pytorch" else {}
        layer = {"kind": "recurrent", "cell": "lstm", "units": 128, "forget_bias": self.forget_bias, **drawn}
        return {"input": {"kind": "sequence", "steps": 100, "features": 16}, "layers": [layer, OUT]}

    def measured(self) -> float:
        return time_ratio(report(self.network(), trials=32, data={"samples": 4}, precision="float32"))


LSTMS = [
    Remembered("pytorch", 0.0, -19.82),
    Remembered("pytorch", 1.0, -6.89),
    Remembered("pytorch", 3.0, 0.72),
    Remembered("keras", 0.0, -21.39),
    Remembered("keras", 1.0, -7.90),
    Remembered("keras", 3.0, 0.77),
]


@pytest.mark.parametrize("case", LSTMS, ids=str)
def test_an_lstm_forgets_as_much_as_pytorch_measured(case: Remembered) -> None:
    assert case.measured() == pytest.approx(case.by_pytorch, abs=NEAR)


@pytest.mark.parametrize("case", LSTMS, ids=str)
def test_an_lstm_forgets_as_much_as_pytorch_measures(case: Remembered) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    truth = float(np.median([by_lstm_cell(torch, case) for _ in range(64)]))
    assert case.measured() == pytest.approx(truth, abs=NEAR)
    assert case.by_pytorch == pytest.approx(truth, abs=NEAR)


def by_lstm_cell(torch: Any, case: Remembered, units: int = 128) -> float:
    """Decades from the last step to the first of ∂e/∂c, of one cell."""
    cell = torch.nn.LSTMCell(16, units).double()
    with torch.no_grad():
        if case.initialisation == "keras":
            torch.nn.init.xavier_uniform_(cell.weight_ih)
            torch.nn.init.orthogonal_(cell.weight_hh)
            cell.bias_ih.zero_()
            cell.bias_hh.zero_()
        cell.bias_ih[units : 2 * units] += case.forget_bias
    state, kept = None, []
    for x in torch.randn(100, 4, 16, dtype=torch.double):
        state = cell(x, state)
        state[1].retain_grad()
        kept.append(state[1])
    assert state is not None
    (state[0] @ torch.randn(units, 1).double() / sqrt(units) - torch.randn(4, 1)).square().sum().backward()
    return log10(kept[0].grad.norm() / kept[-1].grad.norm())


TRANSFORMERS = [(True, 0.143), (False, 0.007)]
"""Whether the norm is first, and the median depth ratio of 256 stacks that `by_encoder_layers` draws and measures."""


def transformer(norm_first: bool) -> float:
    block = {"kind": "transformer_block", "heads": 4, "mlp_units": 256, "norm_first": norm_first}
    shape = {"kind": "sequence", "steps": 16, "features": 64}
    network = {"input": shape, "defaults": "pytorch", "layers": [repeated(12, block), OUT]}
    return ratio(network, samples=4, precision="float32")


@pytest.mark.parametrize(("norm_first", "by_pytorch"), TRANSFORMERS)
def test_twelve_transformer_blocks_pass_the_gradient_on_as_pytorch_measured(
    norm_first: bool, by_pytorch: float
) -> None:
    assert transformer(norm_first) == pytest.approx(by_pytorch, abs=0.05)


@pytest.mark.parametrize(("norm_first", "by_pytorch"), TRANSFORMERS)
def test_twelve_transformer_blocks_pass_the_gradient_on_as_pytorch_measures(
    norm_first: bool, by_pytorch: float
) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    truth = float(np.median([by_encoder_layers(torch, norm_first) for _ in range(32)]))
    assert transformer(norm_first) == pytest.approx(truth, abs=0.05)
    assert by_pytorch == pytest.approx(truth, abs=0.05)


def by_encoder_layers(torch: Any, norm_first: bool) -> float:
    """Decades from behind the last of twelve blocks to behind the first."""
    make = torch.nn.TransformerEncoderLayer
    h, kept = torch.randn(4, 16, 64), []
    for _ in range(12):
        h = make(64, 4, 256, dropout=0.0, activation="gelu", batch_first=True, norm_first=norm_first)(h)
        h.retain_grad()
        kept.append(h)
    (torch.nn.Linear(64, 1)(h) - torch.randn(4, 16, 1)).square().sum().backward()
    return log10(kept[0].grad.norm() / kept[-1].grad.norm())


def test_tokens_collapse_doubly_exponentially_under_attention_without_a_skip_connection() -> None:
    """Every layer more than triples the decades that they are near each other by (Dong et al. 2021)."""
    shape = {"kind": "sequence", "steps": 16, "features": 64}
    attention = {"kind": "attention", "heads": 4}
    found = report({"input": shape, "layers": [repeated(5, attention), OUT]}, trials=32, data={"samples": 4})
    spreads = [layer.log10_token_spread for layer in found.layers[:5]]
    medians = [None if one is None else one.median for one in spreads]
    first, second, third, *rest = medians
    assert first is not None
    assert second is not None
    assert third is not None
    assert second < 3 * first
    assert third < 3 * second
    assert rest == [None, None]  # below what a double tells apart
    assert found.verdict.depth_ratio.median == pytest.approx(-0.5, abs=NEAR)
