"""Small sound files of every format that is read, for what is made of them by mutation."""

import io
import json
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api_tests.imports.onnx.onnx_files import drawn, model, node

Json = dict[str, Any]


def _dense(name: str, units: int, activation: str, **more: Any) -> Json:
    weights = {"class_name": "VarianceScaling", "config": {"scale": 1.0, "mode": "fan_avg", "distribution": "uniform"}}
    config = {"name": name, "units": units, "activation": activation, "use_bias": True, "trainable": True}
    zeros = {"class_name": "Zeros", "config": {}}
    return {
        "class_name": "Dense",
        "config": {**config, "kernel_initializer": weights, "bias_initializer": zeros, **more},
    }


def _functional(name: str, layers: list[tuple[Json, list[str]]]) -> Json:
    """Layers in a graph, each with the names of those that it reads."""
    made = [
        {**layer, "name": layer["config"]["name"], "inbound_nodes": [[[n, 0, 0, {}] for n in inputs]] if inputs else []}
        for layer, inputs in layers
    ]
    ends = {"input_layers": [[made[0]["name"], 0, 0]], "output_layers": [[made[-1]["name"], 0, 0]]}
    return {"class_name": "Functional", "config": {"name": name, "layers": made, **ends}, "keras_version": "2.4.0"}


def _layer(class_name: str, name: str, **config: Any) -> Json:
    return {"class_name": class_name, "config": {"name": name, **config}}


SEQUENTIAL: Json = {
    "class_name": "Sequential",
    "keras_version": "2.2.4",
    "backend": "tensorflow",
    "config": {
        "name": "plain",
        "layers": [
            _dense("first", 16, "relu", batch_input_shape=[None, 8]),
            _layer("Dropout", "drop", rate=0.25, noise_shape=None, seed=None),
            _dense("last", 3, "softmax"),
        ],
    },
}
KERAS_1: Json = {
    "class_name": "Sequential",
    "keras_version": "1.2.2",
    "config": [
        {
            "class_name": "Dense",
            "config": {
                "name": "dense_1", "output_dim": 12, "input_dim": 8, "init": "glorot_uniform", "activation": "tanh",
                "bias": True, "batch_input_shape": [None, 8], "input_dtype": "float32", "trainable": True,
                "W_regularizer": None, "b_regularizer": None, "activity_regularizer": None, "W_constraint": None,
                "b_constraint": None,
            },
        }
    ],
}  # fmt: skip
RESIDUAL: Json = _functional("blocks", [
    (_layer("InputLayer", "image", batch_input_shape=[None, 8, 8, 3], dtype="float32", sparse=False, ragged=False), []),
    (_layer("Conv2D", "conv_1", filters=4, kernel_size=[3, 3], strides=[1, 1], padding="same", use_bias=False,
            data_format="channels_last", dilation_rate=[1, 1], groups=1, activation="linear"), ["image"]),
    (_layer("BatchNormalization", "norm", axis=[3], momentum=0.99, epsilon=0.001, center=True, scale=True), ["conv_1"]),
    (_layer("Activation", "relu", activation="relu"), ["norm"]),
    (_layer("Conv2D", "conv_2", filters=4, kernel_size=[3, 3], strides=[1, 1], padding="same", use_bias=True,
            data_format="channels_last", dilation_rate=[1, 1], groups=1, activation="relu"), ["relu"]),
    (_layer("Add", "sum"), ["conv_2", "conv_1"]),
    (_layer("MaxPooling2D", "pool", pool_size=[2, 2], strides=[2, 2], padding="valid"), ["sum"]),
    (_layer("Flatten", "flat", data_format="channels_last"), ["pool"]),
    (_dense("classes", 5, "softmax"), ["flat"]),
])  # fmt: skip
RECURRENT: Json = {
    "class_name": "Sequential",
    "keras_version": "2.3.0",
    "config": {
        "name": "reader",
        "layers": [
            _layer("Embedding", "words", input_dim=50, output_dim=8, input_length=6, mask_zero=False,
                   batch_input_shape=[None, 6]),
            _layer("LSTM", "lstm", units=5, activation="tanh", recurrent_activation="sigmoid", use_bias=True,
                   unit_forget_bias=True, return_sequences=False, go_backwards=False, stateful=False, unroll=False,
                   dropout=0.0, recurrent_dropout=0.0, implementation=2),
            _dense("last", 1, "sigmoid"),
        ],
    },
}  # fmt: skip
KERAS_3: Json = {
    "module": "keras",
    "class_name": "Sequential",
    "registered_name": None,
    "build_config": {"input_shape": [None, 8]},
    "config": {
        "name": "sequential",
        "trainable": True,
        "dtype": {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}},
        "layers": [
            {
                "module": "keras.layers",
                "class_name": "InputLayer",
                "config": {"batch_shape": [None, 8], "dtype": "float32", "sparse": False, "name": "input_layer"},
                "registered_name": None,
            },
            {"module": "keras.layers", **_dense("dense", 6, "gelu"), "registered_name": None},
            {"module": "keras.layers", **_dense("dense_1", 2, "softmax"), "registered_name": None},
        ],
    },
}
KERAS_JSON = [SEQUENTIAL, KERAS_1, RESIDUAL, RECURRENT, KERAS_3]

HUGGINGFACE: list[Json] = [
    {"model_type": "bert", "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "vocab_size": 60,
     "intermediate_size": 64, "hidden_act": "gelu", "max_position_embeddings": 16, "initializer_range": 0.02,
     "layer_norm_eps": 1e-12, "type_vocab_size": 2, "hidden_dropout_prob": 0.1, "architectures": ["BertModel"]},
    {"model_type": "gpt2", "n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 16, "n_ctx": 16, "vocab_size": 60,
     "activation_function": "gelu_new", "resid_pdrop": 0.1, "initializer_range": 0.02, "layer_norm_epsilon": 1e-5},
    {"model_type": "llama", "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
     "num_key_value_heads": 2, "intermediate_size": 48, "vocab_size": 60, "hidden_act": "silu", "rms_norm_eps": 1e-6,
     "max_position_embeddings": 16, "initializer_range": 0.02, "tie_word_embeddings": False},
    {"model_type": "vit", "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 16,
     "patch_size": 8, "num_channels": 3, "intermediate_size": 64, "hidden_act": "gelu", "qkv_bias": True},
    {"model_type": "resnet", "embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1], "layer_type": "basic",
     "hidden_act": "relu", "num_channels": 3, "downsample_in_first_stage": False},
]  # fmt: skip


def _as_json(document: Json) -> bytes:
    return json.dumps(document).encode()


def _as_zip(document: Json) -> bytes:
    """A `.keras` file of Keras 3."""
    return zipped({"metadata.json": b'{"keras_version": "3.8.0"}', "config.json": _as_json(document)})


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of these files."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return kept.getvalue()


def _as_hdf5(document: Json) -> bytes:
    """What is read of an `.h5` file: its first bytes, and the text of the model among others."""
    text = _as_json(document)
    head = b"\x89HDF\r\n\x1a\n" + bytes(range(64)) * 8
    version = b"keras_version\0\0\0" + b"2.4.0" + b"\0" * 11
    return head + version + b"model_config\0\0\0\0" + text + b"\0" * (8 - len(text) % 8) + bytes(range(256)) * 8


def _as_tensorflowjs(document: Json) -> bytes:
    version = str(document["keras_version"]) if "keras_version" in document else "3.8.0"
    topology = {"keras_version": version, "backend": "tensorflow", "model_config": document}
    weights = [{"paths": ["group1-shard1of1.bin"], "weights": []}]
    return _as_json({"format": "layers-model", "modelTopology": topology, "weightsManifest": weights})


def _torch_seeds() -> list[bytes]:
    """Models exported by torch, where it is here."""
    torch = pytest.importorskip("torch")
    nn = torch.nn
    models = [
        (nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 2)), torch.zeros(1, 8)),
        (nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 2)),
         torch.zeros(2, 3, 8, 8)),
    ]  # fmt: skip
    return [_exported(torch, one, example) for one, example in models]


def _exported(torch: Any, module: Any, example: Any) -> bytes:
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file = Path(folder) / "model.pt2"
        torch.export.save(torch.export.export(module.eval(), (example,)), file)
        return file.read_bytes()


DENSE_NODES = [
    node("Gemm", ["x", "w1", "b1"], "h", transB=1),
    node("Relu", ["h"], "r"),
    node("Gemm", ["r", "w2", "b2"], "y", transB=1),
]
DENSE_TENSORS = {"w1": drawn(6, 8), "b1": drawn(6), "w2": drawn(2, 6), "b2": drawn(2)}
_IMAGE_NODES = [
    node("Conv", ["x", "w"], "c", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
    node("Relu", ["c"], "r"),
    node("Add", ["r", "x"], "s"),
    node("GlobalAveragePool", ["s"], "g"),
    node("Flatten", ["g"], "f"),
    node("MatMul", ["f", "m"], "y"),
]


def _onnx_seeds() -> list[bytes]:
    image = model(_IMAGE_NODES, {"w": drawn(3, 3, 3, 3), "m": drawn(3, 2)}, [1, 3, 8, 8])
    return [model(DENSE_NODES, DENSE_TENSORS, ["N", 8]), image]


FORMATS: dict[str, tuple[str, Callable[[], list[bytes]]]] = {
    "keras-json": ("keras", lambda: [_as_json(one) for one in KERAS_JSON]),
    "keras-zip": ("keras", lambda: [_as_zip(one) for one in KERAS_JSON]),
    "keras-h5": ("keras", lambda: [_as_hdf5(one) for one in KERAS_JSON]),
    "keras-tfjs": ("keras", lambda: [_as_tensorflowjs(one) for one in KERAS_JSON]),
    "huggingface": ("huggingface", lambda: [_as_json(one) for one in HUGGINGFACE]),
    "pt2": ("torch", _torch_seeds),
    "onnx": ("onnx", _onnx_seeds),
}
"""By name: the source that reads the format, and what makes its seeds."""
