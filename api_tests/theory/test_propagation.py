"""The theory of layers that are not dense: against closed forms, and against what is measured of wide networks."""

from math import log10, pi
from random import Random

import pytest

from api_tests.networks import Json, named, report
from service.simulation.plan import plan
from service.simulation.results import Theory
from service.simulation.simulate import theory_of
from service.simulation.spec import SimulationSpec

NEAR = 0.3
OUT: Json = {"kind": "dense", "units": 1}
BATCH_NORM: Json = {"kind": "batch_norm"}
LAYER_NORM: Json = {"kind": "layer_norm"}
RMS_NORM: Json = {"kind": "rms_norm"}
RELU: Json = {"kind": "activation", "activation": {"kind": "relu"}}


def dense(units: int = 128, activation: str = "linear", weights: str | Json = "he_normal") -> Json:
    return {"kind": "dense", "units": units, "activation": named(activation), "weights": named(weights)}


def convolution(activation: str = "relu", **fields: object) -> Json:
    plain = {"kind": "convolution", "filters": 32, "size": [3], "padding": "same", "weights": named("he_normal")}
    return plain | {"activation": named(activation)} | fields


def residual(*layers: Json, scale: float = 1.0, shortcut: list[Json] | None = None) -> Json:
    return {"kind": "residual", "layers": list(layers), "branch_scale": scale, "shortcut": shortcut or []}


def beside(*branches: list[Json], merge: str = "concat") -> Json:
    return {"kind": "parallel", "merge": merge, "branches": [{"layers": one} for one in branches]}


def repeated(times: int, *layers: Json) -> Json:
    return {"kind": "repeat", "times": times, "layers": list(layers)}


def vector(*layers: Json, units: int = 128) -> Json:
    return {"features": units, "layers": [*layers, OUT]}


def image(*layers: Json, side: int = 8, channels: int = 32) -> Json:
    shape = {"kind": "image", "height": side, "width": side, "channels": channels}
    return {"input": shape, "layers": [*layers, {"kind": "flatten"}, OUT]}


def sequence(*layers: Json, steps: int = 8, features: int = 64) -> Json:
    return {"input": {"kind": "sequence", "steps": steps, "features": features}, "layers": [*layers, OUT]}


def predicted(network: Json, samples: int = 64) -> Theory:
    spec = {"network": network, "data": {"samples": samples}}
    return theory_of(plan(SimulationSpec.model_validate(spec)), None)


def gains(network: Json) -> list[float]:
    found = predicted(network)
    assert found.reason is None
    return found.log10_backward_gain


def test_batch_norm_in_front_of_relu_is_yangs_square_root() -> None:
    network = vector(repeated(4, dense(), BATCH_NORM, RELU))
    assert gains(network) == pytest.approx([0.5 * log10(pi / (pi - 1))] * 3, abs=1e-3)


@pytest.mark.parametrize("scale", [0.0, 0.25, 1.0, 3.0])
@pytest.mark.parametrize("alpha", [1.0, 0.5])
def test_a_residual_block_adds_the_squares_of_its_ways(scale: float, alpha: float) -> None:
    way = [] if alpha == 1.0 else [{"kind": "scale", "factor": alpha}]
    network = vector(repeated(3, residual(dense(128, "linear", "lecun_normal"), scale=scale, shortcut=way)))
    assert gains(network) == pytest.approx([0.5 * log10(alpha**2 + scale**2)] * 2, abs=1e-12)


def test_a_norm_in_front_of_a_branch_divides_by_what_the_stream_has_become() -> None:
    network = vector(dense(), repeated(3, residual(RMS_NORM, dense(128, "linear", "lecun_normal"))))
    stream = [2.0, 3.0, 4.0]
    removed = 1 - 1 / 128
    assert gains(network) == pytest.approx([0.5 * log10(1 + removed / (q + 1e-5)) for q in stream], abs=1e-7)


def test_a_norm_behind_a_block_divides_what_both_ways_add() -> None:
    network = vector(repeated(3, residual(dense(128, "relu"), dense(), scale=0.5), RMS_NORM))
    expected = 0.5 * log10((1 + 0.25 * 2) / (1 + 0.25 * 2) * (1 - 1 / 128))
    assert gains(network)[1:] == pytest.approx([expected], abs=1e-4)


def test_gain_and_shift_of_a_norm_are_counted() -> None:
    gain, shift = {"kind": "constant", "value": 3.0}, {"kind": "normal", "mean": 0.0, "std": 2.0}
    shifted = {"kind": "layer_norm", "gain": gain, "shift": shift}
    network = vector(repeated(3, dense(128, "linear", "lecun_normal"), shifted))
    assert gains(network)[1:] == pytest.approx([0.5 * log10(9 / 13 * (1 - 2 / 128))], abs=1e-5)


@pytest.mark.parametrize(
    ("layer", "factor"),
    [
        ({"kind": "dropout", "rate": 0.75}, 4.0),
        ({"kind": "scale", "factor": 3.0}, 9.0),
        ({"kind": "flatten"}, 1.0),
        ({"kind": "prelu", "slope": {"kind": "constant", "value": 0.5}}, 0.5 * 1.25),
        ({"kind": "batch_norm", "mode": "inference", "epsilon": 1.0}, 0.5),
    ],
    ids=lambda one: one["kind"] if isinstance(one, dict) else "",
)
def test_what_stands_between_two_layers_multiplies_the_square_of_the_gradient(layer: Json, factor: float) -> None:
    linear = dense(128, "linear", "lecun_normal")
    assert gains(vector(repeated(2, linear, layer))) == pytest.approx([0.5 * log10(factor)], abs=1e-9)


def test_a_mean_over_four_pixels_takes_three_tenths_of_a_decade() -> None:
    pool = {"kind": "pooling", "mode": "average", "size": [2]}
    kernel = convolution("relu", padding="valid")
    assert gains(image(kernel, pool, kernel)) == pytest.approx([log10(0.5)], abs=1e-9)


@pytest.mark.parametrize(("side", "share"), [(1, 1 / 9), (2, (2 / 3) ** 2), (4, (10 / 12) ** 2), (8, (22 / 24) ** 2)])
def test_zeros_around_an_image_count_as_connections_that_are_missing(side: int, share: float) -> None:
    assert gains(image(convolution(), convolution(), side=side)) == pytest.approx([0.5 * log10(share)], abs=1e-9)


def test_branches_side_by_side_add_what_comes_back_and_share_what_goes_in() -> None:
    branch = [dense(128, "linear", "lecun_normal")]
    joined = beside(branch, [], merge="average")
    assert gains(vector(branch[0], joined)) == pytest.approx([0.5 * log10(0.5)], abs=1e-12)
    assert gains(vector(branch[0], beside(branch, []))) == pytest.approx([0.0], abs=1e-12)


MEASURED: dict[str, Json] = {
    "batch norm behind tanh": vector(repeated(8, dense(128, "tanh"), BATCH_NORM)),
    "batch norm in front of GELU": vector(
        repeated(8, dense(), BATCH_NORM, {"kind": "activation", "activation": {"kind": "gelu"}})
    ),
    "layer norm behind ReLU": vector(repeated(12, dense(128, "relu"), LAYER_NORM)),
    "layer norm in front of a sigmoid": vector(
        repeated(8, dense(), LAYER_NORM, {"kind": "activation", "activation": {"kind": "sigmoid"}})
    ),
    "dropout behind tanh": vector(repeated(10, dense(128, "tanh"), {"kind": "dropout", "rate": 0.3})),
    "scaled tanh": vector(repeated(10, dense(128, "tanh"), {"kind": "scale", "factor": 1.5, "offset": 0.2})),
    "prelu": vector(repeated(10, dense(), {"kind": "prelu"})),
    "concatenation": vector(repeated(4, beside([dense(128, "relu")], []), dense(128, "relu"))),
    "sums of branches": vector(
        repeated(5, beside([dense(128, "relu")], [dense(128, "relu")], merge="add"), dense(128, "tanh"))
    ),
    "convolutions": image(repeated(5, convolution())),
    "convolutions of one pixel": image(repeated(6, convolution()), side=1),
    "convolutions with strides": image(repeated(3, convolution("tanh", stride=[2])), side=16),
    "dilated, causal": {
        "input": {"kind": "sequence", "steps": 32, "features": 32},
        "layers": [repeated(5, convolution(padding="causal", dilation=[2])), {"kind": "flatten"}, OUT],
    },
    "depthwise": image(
        repeated(3, {**convolution("linear"), "kind": "depthwise_convolution", "filters": ...}, convolution())
    ),
    "grouped": image(repeated(4, convolution(groups=4))),
    "batch norm behind convolutions": image(repeated(5, convolution("linear"), BATCH_NORM, RELU)),
    "group norm behind convolutions": image(
        repeated(5, convolution("linear"), {"kind": "group_norm", "groups": 2}, RELU)
    ),
    "a ResNet whose activations come first": image(
        convolution("linear"), repeated(3, residual(*[BATCH_NORM, RELU, convolution("linear")] * 2))
    ),
    "an MLP on every token": sequence(repeated(6, residual(LAYER_NORM, dense(128, "gelu"), dense(64)))),
    "the same by each_step": sequence(repeated(4, {"kind": "each_step", "layers": [dense(64, "tanh")]})),
    "tokens": {
        "input": {"kind": "tokens", "steps": 8, "vocabulary": 100},
        "layers": [
            {"kind": "embedding", "units": 64},
            {"kind": "position_embedding"},
            repeated(4, residual(RMS_NORM, dense(128, "silu"), dense(64))),
            OUT,
        ],
    },
}
for one in MEASURED["depthwise"]["layers"][0]["layers"]:
    if one["kind"] == "depthwise_convolution":
        del one["filters"]


@pytest.mark.parametrize("name", MEASURED)
def test_what_is_measured_is_near_what_is_predicted(name: str) -> None:
    found = report(MEASURED[name], trials=8, data={"samples": 64}, precision="float32").theory
    assert found.reason is None
    assert found.difference == pytest.approx(0.0, abs=NEAR)


def random_block(choose: Random) -> list[Json]:
    """A norm, a dense layer or two, dropout and a skip connection, or some of them."""
    activation = choose.choice(["relu", "tanh", "gelu", "silu", "sigmoid", "selu", "softsign"])
    weights = {"kind": "variance_scaling", "scale": choose.uniform(0.5, 2.5)}
    norm = choose.choice([[], [BATCH_NORM], [LAYER_NORM], [RMS_NORM]])
    drop = choose.choice([[], [], [{"kind": "dropout", "rate": choose.uniform(0.0, 0.5)}]])
    linear = dense(128, "linear", weights)
    match choose.randrange(4):
        case 0:
            return [linear, *norm, {"kind": "activation", "activation": named(activation)}, *drop]
        case 1:
            return [dense(128, activation, weights), *drop, *norm]
        case 2:
            return [residual(*norm, dense(128, activation, weights), *drop, linear, scale=choose.uniform(0.1, 1.5))]
    return [residual(dense(128, activation, weights), linear, *drop, scale=choose.uniform(0.1, 1.5)), *norm]


@pytest.mark.parametrize("seed", range(24))
def test_random_blocks_of_dense_layers_do_what_is_predicted(seed: int) -> None:
    choose = Random(seed)
    layers = [one for _ in range(choose.randint(1, 3)) for one in random_block(choose)]
    network = vector(dense(), repeated(4, *layers))
    found = report(network, trials=8, data={"samples": 64}, precision="float32").theory
    assert found.reason is None
    assert found.difference == pytest.approx(0.0, abs=NEAR)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (sequence(repeated(3, {"kind": "attention"})), "of attention, the layer at /network/layers/0/layers/0"),
        (sequence(repeated(3, {"kind": "recurrent", "units": 8, "returns": "sequence"})), "of recurrent, the layer"),
        (sequence(repeated(2, {"kind": "transformer_block", "heads": 2, "mlp_units": 8})), "of attention, the layer"),
        (vector(repeated(20, residual(dense(32, "relu"))), units=32), "The outputs of some branch have a mean"),
        (vector(repeated(3, dense(), RELU, RELU)), "What relu is applied to is not normal"),
        (vector(repeated(3, dense(), BATCH_NORM, RELU)), "The batch is too small"),
        (vector(repeated(3, dense(), {"kind": "prelu", "slope": {"kind": "normal"}})), "random slopes"),
        (vector(repeated(3, beside([dense()], [dense()], merge="multiply"))), "of multiply in parallel"),
        (vector(repeated(3, dense(), {"kind": "group_norm", "groups": 16})), "too few channels"),
        (vector(repeated(3, dense(), {"kind": "layer_norm", "gain": {"kind": "uniform", "low": 0}})), "not random"),
        (image(repeated(2, convolution(), {"kind": "pooling", "size": [2]}), convolution()), "behind max pooling"),
        (image(repeated(12, convolution()), side=4), "Zeros around the positions take 0.87 decades"),
        (vector(dense(128, "linear", "ones"), dense(128, "tanh"), dense()), "not random"),
        (
            image(convolution("tanh"), {"kind": "pooling", "mode": "average", "size": [2]}, *[convolution("tanh")] * 2),
            "behind average pooling",
        ),
    ],
)
def test_where_there_is_no_theory_the_first_layer_of_which_none_is_known_is_named(network: Json, words: str) -> None:
    found = predicted(network, samples=16)
    assert found.depth_ratio is None
    assert found.log10_backward_gain == []
    assert found.reason is not None
    assert words in found.reason


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("features", [1, 16])
@pytest.mark.parametrize("recurrent", [{"kind": "orthogonal"}, {"kind": "normal", "std": 0.0625}], ids=str)
def test_a_plain_recurrent_layer_forgets_as_predicted(activation: str, features: int, recurrent: Json) -> None:
    layer = {"kind": "recurrent", "cell": "rnn", "units": 64, "activation": named(activation)}
    network = sequence(layer | {"recurrent_weights": recurrent}, steps=20, features=features)
    found = report(network, trials=32, data={"samples": 16})
    assert found.layers[0].time is not None
    assert found.theory.time_ratio == pytest.approx(found.layers[0].time.time_ratio.median, abs=NEAR)


def test_an_orthogonal_recurrence_of_identities_keeps_the_gradient_and_its_gain_counts_at_every_step() -> None:
    def time_ratio(gain: float) -> float | None:
        weights = {"kind": "orthogonal", "gain": gain}
        layer = {"kind": "recurrent", "cell": "rnn", "units": 8, "activation": named("linear")}
        return predicted(sequence(layer | {"recurrent_weights": weights}, steps=11)).time_ratio

    assert time_ratio(1.0) == pytest.approx(0.0, abs=1e-12)
    assert time_ratio(0.5) == pytest.approx(10 * log10(0.5), abs=1e-12)


@pytest.mark.parametrize(
    "layer",
    [
        {"kind": "recurrent", "cell": "lstm", "units": 8},
        {"kind": "recurrent", "cell": "rnn", "units": 8, "recurrent_weights": {"kind": "ones"}},
        {"kind": "recurrent", "cell": "rnn", "units": 8, "recurrent_weights": {"kind": "zeros"}},
        dense(8),
    ],
    ids=lambda one: str(one.get("cell")),
)
def test_of_gates_and_weights_that_are_not_random_nothing_is_predicted_along_time(layer: Json) -> None:
    assert predicted(sequence(layer)).time_ratio is None
