"""ONNX: graphs as specifications, what is refused, and files that are changed at random."""

import random
from contextlib import suppress
from io import BytesIO
from typing import Any

import numpy as np
import pytest

from api_tests.imports.onnx.onnx_files import FILES, drawn, field, model, node, tensor
from api_tests.nn.differences import Looking
from service.core.errors import Refusal
from service.imports.base import Imported, InputNeeded, NotUnderstood, Options, WeightValues
from service.imports.onnx import read
from service.nn.presets import PresetName
from service.simulation.drawing import draw
from service.simulation.plan import plan
from service.simulation.simulate import simulate
from service.simulation.spec import SimulationSpec

Json = dict[str, Any]


def imported(file: bytes, **options: Any) -> Imported:
    return read(BytesIO(file), Options(**options))


def refusal(file: bytes, **options: Any) -> NotUnderstood:
    with pytest.raises(NotUnderstood) as found:
        imported(file, **options)
    return found.value


def layers(file: bytes, **options: Any) -> list[Json]:
    found: list[Json] = imported(file, **options).specification.network.model_dump(mode="json")["layers"]
    return found


def kinds(file: bytes) -> list[str]:
    return [one["activation"]["kind"] if one["kind"] == "activation" else one["kind"] for one in layers(file)]


def output(found: Imported, x: Any) -> Any:
    """What the network makes of inputs, channels last, with the weights of the file."""
    fields = {**found.specification.model_dump(mode="json"), "data": {"samples": len(x)}, "precision": "float64"}
    drawn_network = draw(plan(SimulationSpec.model_validate(fields)), range(1))
    y, _ = drawn_network.chain.forward(np.asarray(x, dtype=float).reshape(1, len(x), -1), Looking())
    return y[0].reshape(len(x), *drawn_network.out)


@pytest.mark.parametrize(
    ("name", "expected", "parameters"),
    [
        ("dense", ["dense"], 12),
        ("convolution", ["convolution", "relu", "pooling", "flatten", "dense", "softmax"], 112 + 64 * 2 + 2),
        ("tensorflow", ["convolution", "relu", "flatten", "dense"], 112 + 64 * 2 + 2),
        ("residual", ["residual"], 30),
        ("lstm", ["embedding", "recurrent", "dense"], 120 + 24 * (4 + 6) + 48 + 21),
        ("norm", ["dense", "layer_norm", "gelu", "global_pooling"], 40 + 16),
    ],
)
def test_graphs_become_layers_with_the_parameters_of_the_file(name: str, expected: list[str], parameters: int) -> None:
    found = imported(FILES[name])
    assert kinds(FILES[name]) == expected
    assert found.parameters == parameters
    assert simulate(found.specification.model_copy(update={"trials": 2})).verdict is not None


def test_what_weights_are_drawn_from_is_said_and_may_be_chosen() -> None:
    found = imported(FILES["dense"])
    assert found.specification.network.defaults == "pytorch"
    assert any("as pytorch has it" in one.sentence for one in found.assumed)
    assert imported(FILES["dense"], defaults=PresetName("keras")).specification.network.defaults == "keras"
    assert layers(FILES["convolution"])[0]["name"] == "c"
    assert found.specification.loss.kind == "squared_error"
    assert imported(FILES["convolution"]).specification.loss.kind == "cross_entropy"


def test_a_flattened_image_keeps_its_values_with_their_features() -> None:
    """Channels come last here, and first in the file: weights behind a flatten change their places with it."""
    found = imported(FILES["convolution"], values=WeightValues.FILE)
    x = np.random.default_rng(1).normal(size=(2, 3, 8, 8))
    kernel, bias = drawn(4, 3, 3, 3), drawn(4)
    padded = np.pad(x, [(0, 0), (0, 0), (1, 1), (1, 1)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    h = np.maximum(np.einsum("nchwij,ocij->nohw", windows, kernel) + bias[:, None, None], 0.0)
    h = h.reshape(2, 4, 4, 2, 4, 2).max(axis=(3, 5)).reshape(2, -1)
    z = np.exp(h @ drawn(2, 64).T + drawn(2))
    assert output(found, x.transpose(0, 2, 3, 1)) == pytest.approx(z / z.sum(axis=1, keepdims=True), rel=1e-5)


def test_gates_change_their_places_with_their_values() -> None:
    found = imported(FILES["lstm"], values=WeightValues.FILE)
    tokens = np.arange(14).reshape(2, 7) % 30
    w, r, b = drawn(1, 24, 4)[0], drawn(1, 24, 6)[0], drawn(1, 48)[0]
    h = c = np.zeros((2, 6))
    for step in range(7):
        z = drawn(30, 4)[tokens[:, step]] @ w.T + h @ r.T + b[:24] + b[24:]
        i, o, f = (1 / (1 + np.exp(-z[:, at : at + 6])) for at in (0, 6, 12))
        c = f * c + i * np.tanh(z[:, 18:])
        h = o * np.tanh(c)
    assert output(found, tokens) == pytest.approx(h @ drawn(6, 3) + drawn(3), rel=1e-5)


def test_a_batch_norm_takes_the_statistics_of_the_batch_and_that_is_said() -> None:
    vectors = {name: drawn(4) for name in ("g", "s", "m", "v")}
    nodes = [node("Conv", ["x", "k"], "a"), node("BatchNormalization", ["a", "g", "s", "m", "v"], "y", epsilon=1e-3)]
    found = imported(model(nodes, {"k": drawn(4, 3, 1, 1), **vectors}, [1, 3, 8, 8]))
    assert [one.kind for one in found.specification.network.layers] == ["convolution", "batch_norm"]
    assert found.parameters == 12 + 8
    assert "batch_statistics" in {one.subject for one in found.assumed}


def number(value: float) -> Any:
    return np.float32(value)


NORM = [
    node("ReduceMean", ["h"], "m", axes=[-1]),
    node("Sub", ["h", "m"], "c"),
    node("Pow", ["c", "two"], "q"),
    node("ReduceMean", ["q"], "v", axes=[-1]),
    node("Add", ["v", "e"], "u"),
    node("Sqrt", ["u"], "r"),
    node("Div", ["c", "r"], "n"),
    node("Mul", ["n", "g"], "o"),
    node("Add", ["o", "s"], "y"),
]
ROOT_MEAN_SQUARE = [
    node("Pow", ["h", "two"], "q"),
    node("ReduceMean", ["q"], "v", axes=[-1]),
    node("Add", ["v", "e"], "u"),
    node("Sqrt", ["u"], "r"),
    node("Reciprocal", ["r"], "i"),
    node("Mul", ["h", "i"], "n"),
    node("Mul", ["g", "n"], "y"),
]
NUMBERS = {"w": drawn(5, 8), "two": number(2.0), "e": number(1e-6), "g": drawn(8), "s": drawn(8)}


@pytest.mark.parametrize(("steps", "kind", "own"), [(NORM, "layer_norm", 16), (ROOT_MEAN_SQUARE, "rms_norm", 8)])
def test_a_norm_that_is_computed_step_by_step_is_one_layer(steps: list[bytes], kind: str, own: int) -> None:
    file = model([node("MatMul", ["x", "w"], "h"), *steps], NUMBERS, ["n", 9, 5])
    assert kinds(file) == ["dense", kind]
    assert layers(file)[1]["epsilon"] == 1e-6
    assert imported(file).parameters == 40 + own
    x = np.random.default_rng(2).normal(size=(3, 9, 5))
    h = x @ drawn(5, 8)
    h = h - h.mean(axis=-1, keepdims=True) if kind == "layer_norm" else h
    expected = h / np.sqrt((h**2).mean(axis=-1, keepdims=True) + 1e-6) * drawn(8)
    expected = expected + drawn(8) if kind == "layer_norm" else expected
    assert output(imported(file, values=WeightValues.FILE), x) == pytest.approx(expected, rel=1e-4)


def test_a_group_norm_by_way_of_an_instance_norm_is_one_layer() -> None:
    nodes = [
        node("Reshape", ["x", "to"], "a"),
        node("InstanceNormalization", ["a", "ones", "zeros"], "b", epsilon=1e-4),
        node("Shape", ["x"], "back"),
        node("Reshape", ["b", "back"], "c"),
        node("Mul", ["c", "g"], "d"),
        node("Add", ["d", "s"], "y"),
    ]
    vectors = {
        "ones": np.ones(2, np.float32),
        "zeros": np.zeros(2, np.float32),
        "g": drawn(6, 1, 1),
        "s": drawn(6, 1, 1),
    }
    file = model(nodes, {"to": np.array([0, 2, -1]), **vectors}, ["n", 6, 4, 4])
    (layer,) = layers(file)
    assert (layer["kind"], layer["groups"], layer["epsilon"]) == ("group_norm", 2, 1e-4)
    assert imported(file).parameters == 12


def attention(mask: Any, scale: float = 0.5) -> bytes:
    """Two heads of four features, queries, keys and values of one layer."""
    heads = [node("Reshape", [part, "heads"], f"{part}h") for part in "qkv"]
    turned = [
        node("Transpose", [f"{part}h"], f"{part}t", perm=[0, 2, 3, 1] if part == "k" else [0, 2, 1, 3])
        for part in "qkv"
    ]
    nodes = [
        node("MatMul", ["x", "w"], "a"),
        node("Add", ["a", "b"], "all"),
        node("Split", ["all"], ["q", "k", "v"], axis=2),
        *heads,
        *turned,
        node("MatMul", ["qt", "kt"], "s"),
        node("Mul", ["s", "scale"], "t"),
        node("Add", ["t", "mask"], "u"),
        node("Softmax", ["u"], "p", axis=3),
        node("MatMul", ["p", "vt"], "m"),
        node("Transpose", ["m"], "mt", perm=[0, 2, 1, 3]),
        node("Reshape", ["mt", "flat"], "f"),
        node("MatMul", ["f", "o"], "z"),
        node("Add", ["z", "ob"], "y"),
    ]
    tensors = {
        "w": drawn(8, 24),
        "b": drawn(24),
        "o": drawn(8, 8),
        "ob": drawn(8),
        "scale": number(scale),
        "mask": mask,
    }
    return model(nodes, {**tensors, "heads": np.array([0, 0, 2, 4]), "flat": np.array([0, 0, 8])}, ["n", 5, 8])


def test_attention_that_is_computed_step_by_step_is_one_layer() -> None:
    later = np.where(np.triu(np.ones((5, 5)), 1) > 0, -np.inf, 0.0).astype(np.float32)
    for mask, causal in ((np.zeros((5, 5), np.float32), False), (later, True)):
        (layer,) = layers(attention(mask))
        assert (layer["kind"], layer["heads"], layer["key_units"], layer["causal"]) == ("attention", 2, 4, causal)
        assert imported(attention(mask)).parameters == 8 * 24 + 24 + 64 + 8
    assert "by the order of steps" in refusal(attention(later.T)).sentence
    assert "factor" in refusal(attention(later, scale=1.0)).sentence


def test_sizes_that_are_open_are_asked_for() -> None:
    file = model([node("GlobalAveragePool", ["x"], "y")], {}, ["n", 3, "height", "width"])
    with pytest.raises(InputNeeded):
        imported(file)
    assert imported(file, input=(9, 7, 3)).specification.network.shape == (9, 7, 3)
    assert "has 3 in the file" in refusal(file, input=(9, 7, 4)).sentence
    assert refusal(file, input=(9, 7)).faults[0].pointer == "/graph/input"


def test_shapes_that_the_graph_computes_are_folded() -> None:
    nodes = [
        node("Shape", ["x"], "s"),
        node("Gather", ["s", "zero"], "n"),
        node("Unsqueeze", ["n", "first"], "u"),
        node("Concat", ["u", "minus"], "to", axis=0),
        node("Reshape", ["x", "to"], "f"),
        node("MatMul", ["f", "w"], "y"),
    ]
    tensors = {"zero": np.array(0), "first": np.array([0]), "minus": np.array([-1]), "w": drawn(12, 2)}
    assert kinds(model(nodes, tensors, ["n", 3, 4])) == ["flatten", "dense"]


@pytest.mark.parametrize(
    ("nodes", "tensors", "words"),
    [
        ([node("Fancy", ["x"], "y")], {}, "an operator that is not known"),
        ([node("Gelu", ["x"], "y", domain="com.microsoft")], {}, "another domain, com.microsoft"),
        ([node("Relu", ["x"], "y", slope=0.5)], {}, "`slope`, which is not understood"),
        ([node("If", ["x"], "y", then_branch=field(6, b""))], {}, "a graph of its own in `then_branch`"),
        ([node("Add", ["x", "z"], "y")], {}, "which nothing makes"),
        ([node("Gemm", ["x", "w"], "y", transA=1)], {"w": drawn(5, 2)}, "`transA` 1"),
        ([node("Gemm", ["x", "w"], "y", alpha=0.5)], {"w": drawn(5, 2)}, "`alpha`"),
        ([node("Gemm", ["x", "w"], "y")], {"w": drawn(4, 2)}, "weights for 4 features"),
        ([node("Transpose", ["x"], "a", perm=[1, 0]), node("Gemm", ["a", "w"], "y")], {"w": drawn(5, 2)}, "samples"),
        ([node("ArgMax", ["x"], "y")], {}, "not known"),
    ],
)
def test_what_is_not_understood_is_a_fault_that_names_its_node(nodes: list[bytes], tensors: Json, words: str) -> None:
    found = refusal(model(nodes, tensors, ["n", 5]))
    assert words in found.sentence
    assert all(one.pointer.startswith("/graph/node/") for one in found.faults)


def test_all_nodes_that_are_not_understood_are_said_at_once() -> None:
    nodes = [node("One", ["x"], "a"), node("Relu", ["a"], "b"), node("Two", ["x"], "c"), node("Add", ["b", "c"], "y")]
    assert [one.pointer for one in refusal(model(nodes, {}, ["n", 5])).faults] == ["/graph/node/0", "/graph/node/2"]


@pytest.mark.parametrize("more", [field(13, field(1, "location") + field(2, "/etc/passwd")), field(14, 1)])
def test_numbers_in_another_file_are_refused_and_never_opened(more: bytes) -> None:
    file = model([node("Gemm", ["x", "w"], "y")], {}, ["n", 5], graph=field(5, tensor("w", drawn(5, 2), more)))
    assert "another file, which is not opened" in refusal(file).sentence


def test_functions_and_sparse_tensors_are_refused() -> None:
    nodes = [node("Relu", ["x"], "y")]
    for file in (model(nodes, {}, ["n", 5], more=field(25, b"")), model(nodes, {}, ["n", 5], graph=field(15, b""))):
        assert "functions of its own" in refusal(file).sentence


@pytest.mark.parametrize(
    "text", [b"", b"\x08", b"{}", b"PK\x03\x04", b"\xff" * 40, field(7, b""), field(7, b"\x0a\x08")]
)
def test_what_is_no_onnx_is_refused(text: bytes) -> None:
    refusal(text)


def test_a_file_that_is_all_small_parts_is_refused_before_they_take_memory() -> None:
    refusal(field(7, field(1, b"") * 500_000))
    refusal(field(7, field(5, field(1, b"\x01" * 16_000)) * 100))


def test_files_changed_at_random_are_read_or_refused() -> None:
    chance = random.Random(5)
    for _ in range(400):
        text = bytearray(FILES[chance.choice(sorted(FILES))])
        for _ in range(chance.choice((1, 1, 2, 6))):
            at = chance.randrange(len(text))
            match chance.randrange(4):
                case 0:
                    text[at] = chance.randrange(256)
                case 1:
                    del text[at : at + chance.randrange(1, 20)]
                case 2:
                    text[at:at] = text[:200][at : at + 30]
                case _:
                    text[at] ^= 1 << chance.randrange(8)
            text = text or bytearray(1)
        with suppress(Refusal):
            imported(bytes(text), values=chance.choice(list(WeightValues)))
