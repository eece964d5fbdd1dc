"""What a preset fills, against the closed forms of the frameworks and papers it is named after, and against PyTorch."""

from math import sqrt
from typing import Any

import numpy as np
import pytest

from api_tests.networks import Json
from api_tests.nn.sampling import assert_mean_and_variance
from service.nn.layers.base import Built, Chain
from service.nn.presets import PRESETS
from service.simulation.drawing import draw
from service.simulation.plan import Plan, plan
from service.simulation.spec import SimulationSpec

TRIALS = 60
CUT = 0.87962566103423978  # the standard deviation of a standard normal that is cut at ±2
VECTOR: Json = {"kind": "features", "features": 12}
SERIES: Json = {"kind": "sequence", "steps": 3, "features": 16}
IMAGE: Json = {"kind": "image", "height": 5, "width": 5, "channels": 6}
TOKENS: Json = {"kind": "tokens", "steps": 3, "vocabulary": 50}

LAYERS: dict[str, tuple[Json, Json]] = {
    "dense": (VECTOR, {"kind": "dense", "units": 20}),
    "convolution": (IMAGE, {"kind": "convolution", "filters": 10, "size": [3]}),
    "grouped": (IMAGE, {"kind": "convolution", "filters": 10, "size": [3], "groups": 2}),
    "depthwise": (IMAGE, {"kind": "depthwise_convolution", "size": [3]}),
    "transposed": (IMAGE, {"kind": "transposed_convolution", "filters": 10, "size": [3]}),
    "embedding": (TOKENS, {"kind": "embedding", "units": 16}),
    "attention": (SERIES, {"kind": "attention", "heads": 4}),
    "rnn": (SERIES, {"kind": "recurrent", "cell": "rnn", "units": 10}),
    "lstm": (SERIES, {"kind": "recurrent", "cell": "lstm", "units": 10}),
    "gru": (SERIES, {"kind": "recurrent", "cell": "gru", "units": 10}),
    "block": (SERIES, {"kind": "transformer_block", "heads": 4, "mlp_units": 64}),
}
"""A layer of every kind that presets fill, behind an input of its own."""
NORMS = [{"kind": kind} for kind in ("batch_norm", "layer_norm", "rms_norm")] + [{"kind": "group_norm", "groups": 2}]


def planned(preset: str | None, layers: list[Json], inputs: Json = VECTOR) -> Plan:
    network = {"input": inputs, "layers": layers, **({"defaults": preset} if preset else {})}
    return plan(SimulationSpec.model_validate({"network": network}))


def drawn(made: Plan) -> dict[str, np.ndarray]:
    """All parameters of a network, (trials, *shape), by the place of their node and their names."""

    def of(chain: Chain, path: str) -> list[tuple[str, np.ndarray]]:
        return [item for place, node in enumerate(chain.nodes) for item in inside(node, f"{path}{place}")]

    def inside(node: Built, path: str) -> list[tuple[str, np.ndarray]]:
        own = [(f"{path}/{name}", array) for name, array in node.named.items()]
        return own + [item for place, one in enumerate(node.chains) for item in of(one, f"{path}/{place}.")]

    return dict(of(draw(made, range(TRIALS)).chain, ""))


def assert_drawn(found: np.ndarray, expected: Any) -> None:
    """Entries are a number, or drawn: ("uniform", bound), ("normal", std), ("cut", std before), ("orthogonal", gain).

    A third entry is the mean, or in how many parts a matrix is orthogonal.
    """
    if not isinstance(expected, tuple):
        np.testing.assert_array_equal(found, np.full_like(found, expected))
        return
    how, size = expected[:2]
    assert found.shape[0] == TRIALS
    if how == "orthogonal":
        matrices = found.reshape(TRIALS, -1, found.shape[-1])
        for part in np.split(matrices, expected[2] if len(expected) > 2 else 1, axis=-1):
            tall = part if part.shape[1] >= part.shape[2] else part.swapaxes(1, 2)
            gram = tall.swapaxes(1, 2) @ tall
            np.testing.assert_allclose(gram, np.broadcast_to(size**2 * np.eye(gram.shape[-1]), gram.shape), atol=1e-9)
        return
    variance = {"uniform": size**2 / 3.0, "normal": size**2, "cut": (CUT * size) ** 2}[how]
    assert_mean_and_variance(found, expected[2] if len(expected) > 2 else 0.0, variance)
    largest = np.abs(found).max()
    bound = {"uniform": size, "normal": np.inf, "cut": 2.0 * size}[how]
    assert largest <= bound * (1.0 + 1e-6)
    if how == "uniform" and found.size > 1000:
        assert largest >= 0.97 * bound


def uniform_over(fan: float) -> tuple[str, float]:
    return "uniform", 1.0 / sqrt(fan)


def glorot(fan_in: float, fan_out: float) -> tuple[str, float]:
    return "uniform", sqrt(6.0 / (fan_in + fan_out))


def cut(fan: float) -> tuple[str, float]:
    """A truncated normal of variance 1/fan."""
    return "cut", 1.0 / sqrt(fan) / CUT


HIDDEN = uniform_over(10)
SMALL = ("normal", 0.02)

# preset: {layer: {parameter: how it is drawn}}; a parameter that is not named is none. Fans by hand: 12, 9·6, 9·3, 9, …
TABLE: dict[str, dict[str, dict[str, Any]]] = {
    "pytorch": {
        "dense": {"weights": uniform_over(12), "bias": uniform_over(12)},
        "convolution": {"weights": uniform_over(54), "bias": uniform_over(54)},
        "grouped": {"weights": uniform_over(27), "bias": uniform_over(27)},
        "depthwise": {"weights": uniform_over(9), "bias": uniform_over(9)},
        "transposed": {"weights": uniform_over(90), "bias": uniform_over(90)},  # fan_in = out · k
        "embedding": {"weights": ("normal", 1.0)},
        "rnn": dict.fromkeys(("weights", "recurrent_weights", "bias", "recurrent_bias"), HIDDEN),
        "lstm": dict.fromkeys(("weights", "recurrent_weights", "bias", "recurrent_bias"), HIDDEN),
        "gru": dict.fromkeys(("weights", "recurrent_weights", "bias", "recurrent_bias"), HIDDEN),
        "attention": {
            **dict.fromkeys(("query_weights", "key_weights", "value_weights"), glorot(16, 48)),
            "output_weights": uniform_over(16),
            **dict.fromkeys(("query_bias", "key_bias", "value_bias", "output_bias"), 0.0),
        },
    },
    "keras": {
        "dense": {"weights": glorot(12, 20), "bias": 0.0},
        "convolution": {"weights": glorot(54, 90), "bias": 0.0},
        "depthwise": {"weights": glorot(54, 9), "bias": 0.0},  # fan_in = k · channels
        "transposed": {"weights": glorot(90, 54), "bias": 0.0},
        "embedding": {"weights": ("uniform", 0.05)},
        "rnn": {"weights": glorot(16, 10), "recurrent_weights": ("orthogonal", 1.0), "bias": 0.0},
        "lstm": {"weights": glorot(16, 40), "recurrent_weights": ("orthogonal", 1.0), "bias": 0.0},
        "gru": {
            "weights": glorot(16, 30),
            "recurrent_weights": ("orthogonal", 1.0),
            "bias": 0.0,
            "recurrent_bias": 0.0,
        },
        "attention": {
            **dict.fromkeys(("query_weights", "key_weights", "value_weights", "output_weights"), glorot(16, 16)),
            **dict.fromkeys(("query_bias", "key_bias", "value_bias", "output_bias"), 0.0),
        },
    },
    "flax": {
        "dense": {"weights": cut(12), "bias": 0.0},
        "convolution": {"weights": cut(54), "bias": 0.0},
        "depthwise": {"weights": cut(9), "bias": 0.0},
        "transposed": {"weights": cut(54), "bias": 0.0},
        "embedding": {"weights": ("normal", 0.25)},
        "rnn": {"weights": cut(16), "recurrent_weights": ("orthogonal", 1.0, 1), "bias": 0.0},
        "lstm": {"weights": cut(16), "recurrent_weights": ("orthogonal", 1.0, 4), "bias": 0.0},
        "gru": {"weights": cut(16), "recurrent_weights": ("orthogonal", 1.0, 3), "bias": 0.0},
        "attention": {
            **dict.fromkeys(("query_weights", "key_weights", "value_weights", "output_weights"), cut(16)),
            **dict.fromkeys(("query_bias", "key_bias", "value_bias", "output_bias"), 0.0),
        },
    },
    "haiku": {
        "dense": {"weights": ("cut", 1.0 / sqrt(12)), "bias": 0.0},
        "convolution": {"weights": ("cut", 1.0 / sqrt(54)), "bias": 0.0},
        "embedding": {"weights": ("cut", 1.0)},
        "gru": {"weights": cut(16), "recurrent_weights": cut(10), "bias": 0.0},
    },
    "equinox": {
        "dense": {"weights": uniform_over(12), "bias": uniform_over(12)},
        "transposed": {"weights": uniform_over(54), "bias": uniform_over(54)},  # fan_in = in · k
        "lstm": dict.fromkeys(("weights", "recurrent_weights", "bias"), HIDDEN),
        "attention": dict.fromkeys(
            ("query_weights", "key_weights", "value_weights", "output_weights"), uniform_over(16)
        ),
    },
    "gpt2": {
        "dense": {"weights": SMALL, "bias": 0.0},
        "embedding": {"weights": SMALL},
        "attention": {
            **dict.fromkeys(("query_weights", "key_weights", "value_weights", "output_weights"), SMALL),
            **dict.fromkeys(("query_bias", "key_bias", "value_bias", "output_bias"), 0.0),
        },
    },
    "llama": {
        "dense": {"weights": SMALL},
        "embedding": {"weights": SMALL},
        "attention": dict.fromkeys(("query_weights", "key_weights", "value_weights", "output_weights"), SMALL),
    },
    "bert": {"dense": {"weights": SMALL, "bias": 0.0}, "embedding": {"weights": SMALL}},
    "t5": {
        "dense": {"weights": ("normal", 1.0 / sqrt(12))},
        "embedding": {"weights": ("normal", 1.0)},
        "attention": dict.fromkeys(
            ("query_weights", "key_weights", "value_weights", "output_weights"), ("normal", 0.25)
        ),
    },
    "resnet": {
        "dense": {"weights": uniform_over(12), "bias": uniform_over(12)},
        "convolution": {"weights": ("normal", sqrt(2.0 / 90.0))},
        "grouped": {"weights": ("normal", sqrt(2.0 / 90.0))},  # PyTorch counts the filters of all groups
    },
    "dcgan": {"convolution": {"weights": SMALL}, "transposed": {"weights": SMALL}},
    "siren": {"dense": {"weights": ("uniform", 1.0 / 12.0), "bias": uniform_over(12)}},
    "ppo": {"dense": {"weights": ("orthogonal", 0.01), "bias": 0.0}},
}
CASES = [(preset, layer) for preset, layers in TABLE.items() for layer in layers]


def test_every_preset_is_in_the_table() -> None:
    assert list(TABLE) == sorted(TABLE, key=list(TABLE).index)
    assert set(TABLE) == set(PRESETS)
    for preset in PRESETS.values():
        assert preset.source.endswith(".")
        assert (type(preset).__doc__ or "").strip()


@pytest.mark.parametrize(("preset", "name"), CASES)
def test_weights_and_biases_are_drawn_as_the_framework_or_paper_does(preset: str, name: str) -> None:
    inputs, layer = LAYERS[name]
    found = {path.partition("/")[2]: array for path, array in drawn(planned(preset, [layer], inputs)).items()}
    assert found.keys() == TABLE[preset][name].keys()
    for parameter, expected in TABLE[preset][name].items():
        assert_drawn(found[parameter], expected)


EPSILONS = {  # batch norm, and all others
    **dict.fromkeys(("pytorch", "haiku", "equinox", "gpt2", "resnet", "dcgan", "siren", "ppo"), (1e-05, 1e-05)),
    "keras": (1e-3, 1e-3),
    "flax": (1e-5, 1e-6),
    "llama": (1e-5, 1e-6),
    "bert": (1e-5, 1e-12),
    "t5": (1e-5, 1e-6),
}


@pytest.mark.parametrize("preset", PRESETS)
def test_norms_have_the_epsilon_of_the_preset(preset: str) -> None:
    batch, other = EPSILONS[preset]
    found = [node.node.epsilon for node in planned(preset, NORMS).nodes]
    assert found == [batch, other, other, other]


def test_the_gain_of_a_batch_norm_is_drawn_by_dcgan_alone() -> None:
    for preset in PRESETS:
        gain = drawn(planned(preset, NORMS[:1], {"kind": "features", "features": 400}))["0/gain"]
        if preset == "dcgan":
            assert_drawn(gain, ("normal", 0.02, 1.0))
        else:
            assert (gain == 1.0).all()


@pytest.mark.parametrize(
    ("preset", "cell", "expected"),
    [
        ("keras", "lstm", 1.0),
        ("keras", "gru", 0.0),
        ("haiku", "lstm", 1.0),
        ("pytorch", "lstm", 0.0),
        ("flax", "lstm", 0.0),
    ],
)
def test_forget_gates_are_open_where_the_framework_opens_them(preset: str, cell: str, expected: float) -> None:
    assert planned(preset, [LAYERS[cell][1]], SERIES).nodes[0].node.forget_bias == expected


def test_gpt2_draws_what_ends_in_the_stream_smaller_by_the_number_of_blocks() -> None:
    repeat = {"kind": "repeat", "times": 8, "layers": [LAYERS["block"][1]]}
    found = drawn(planned("gpt2", [repeat], SERIES))
    outputs = [
        name for name in found if name.endswith("output_weights") or name.split("/")[1:] == ["0.0", "0.2", "weights"]
    ]
    assert len([name for name in outputs if "output_weights" in name]) == 8
    for name, array in found.items():
        if name.endswith("output_weights"):
            assert_drawn(array, ("normal", 0.02 / 4.0))
        elif name.endswith(("query_weights", "key_weights", "value_weights")):
            assert_drawn(array, SMALL)
    dense = sorted((array.shape[1:], array.std()) for name, array in found.items() if name.endswith("/weights"))
    assert {shape for shape, _ in dense} == {(16, 64), (64, 16)}
    for shape, std in dense:
        assert std == pytest.approx(0.02 if shape == (16, 64) else 0.005, rel=0.05)


def test_siren_draws_the_first_layer_by_its_width_and_the_others_by_thirty() -> None:
    dense = {"kind": "dense", "units": 60, "activation": {"kind": "sin", "frequency": 30.0}}
    image = {"kind": "image", "height": 3, "width": 2, "channels": 2}
    for inputs, before in ((VECTOR, []), (image, [{"kind": "flatten"}])):
        found = [
            array
            for name, array in drawn(planned("siren", [*before, dense, dense], inputs)).items()
            if "weights" in name
        ]
        assert_drawn(found[0], ("uniform", 1.0 / 12.0))
        assert_drawn(found[1], ("uniform", sqrt(6.0 / 60.0) / 30.0))


def test_ppo_has_a_small_head_behind_hidden_layers_of_gain_root_two() -> None:
    dense = {"kind": "dense", "units": 20}
    found = drawn(planned("ppo", [dense, dense, {"kind": "activation", "activation": {"kind": "linear"}}]))
    assert_drawn(found["0/weights"], ("orthogonal", sqrt(2.0)))
    assert_drawn(found["1/weights"], ("orthogonal", 0.01))


def test_learned_positions_are_drawn_as_embeddings_are() -> None:
    inputs = {"kind": "sequence", "steps": 64, "features": 16}
    for preset, expected in (("pytorch", ("normal", 1.0)), ("keras", ("uniform", 0.05)), ("gpt2", SMALL)):
        assert_drawn(drawn(planned(preset, [{"kind": "position_embedding"}], inputs))["0/positions"], expected)
