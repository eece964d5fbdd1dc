"""Networks that learn, of every family, and networks that do not, each with the finding that says why."""

from typing import Any

from api_tests.networks import Json, named

CLASSES = {"kind": "cross_entropy_with_logits"}
IMAGE: Json = {"kind": "image", "height": 12, "width": 12, "channels": 3}
SEQUENCE: Json = {"kind": "sequence", "steps": 12, "features": 16}


def dense(units: int, activation: str | Json = "linear", weights: str | Json = "lecun_normal", **more: Any) -> Json:
    return {"kind": "dense", "units": units, "activation": named(activation), "weights": named(weights), **more}


def times(count: int, *layers: Json) -> Json:
    return {"kind": "repeat", "times": count, "layers": list(layers)}


def classifier(inputs: Json, *layers: Json, **fields: Any) -> Json:
    """A network with ten classes behind its layers."""
    network = {**inputs, "layers": [*layers, dense(10)]}
    return {"network": network, "loss": CLASSES, "trials": 12, **fields}


def vectors(*layers: Json, features: int = 32, **fields: Any) -> Json:
    return classifier({"features": features}, *layers, **fields)


def images(*layers: Json, **fields: Any) -> Json:
    return classifier({"input": IMAGE}, *layers, **fields)


def sequences(*layers: Json, **fields: Any) -> Json:
    return classifier({"input": SEQUENCE}, *layers, **fields)


def regression(*layers: Json, features: int = 8, **fields: Any) -> Json:
    return {"network": {"features": features, "layers": [*layers, dense(1)]}, "trials": 12, **fields}


def convolution(filters: int, weights: str | Json = "he_normal", **more: Any) -> Json:
    same = {"kind": "convolution", "filters": filters, "size": [3], "padding": "same", "weights": named(weights)}
    return {**same, "activation": named("relu"), **more}


PYTORCH: Json = {"kind": "variance_scaling", "scale": 1 / 3, "distribution": "uniform"}
POOL: Json = {"kind": "pooling", "size": [2]}
FLAT: Json = {"kind": "flatten"}
MEAN: Json = {"kind": "global_pooling", "mode": "average"}
NORM: Json = {"kind": "layer_norm"}
BATCH: Json = {"kind": "batch_norm"}
ADAM: Json = {"policy": {"kind": "adam"}}
PIXELS: Json = {"data": {"inputs": {"kind": "pixels"}}}
GREY: Json = {"data": {"inputs": {"kind": "pixels", "high": 1.0}}}
BRANCH: Json = {"kind": "residual", "layers": [NORM, dense(32, "relu", "he_normal"), dense(32)]}
STANH: Json = {"kind": "expression", "formula": "z*tanh(z)"}
CHANNELS: Json = {
    "kind": "residual",
    "layers": [convolution(8, activation=named("linear")), BATCH, {"kind": "activation", "activation": named("relu")}],
}
BLOCK: Json = {"kind": "transformer_block", "heads": 4, "mlp_units": 32}
POSITIONS: Json = {"kind": "position_embedding"}

HEALTHY: dict[str, Json] = {
    "tanh": vectors(times(5, dense(64, "tanh"))),
    "tanh by Glorot": vectors(times(3, dense(48, "tanh", "glorot_uniform"))),
    "ReLU by He": vectors(times(6, dense(64, "relu", "he_normal"))),
    "ReLU as PyTorch draws it": vectors(dense(128, "relu", PYTORCH), dense(64, "relu", PYTORCH), **GREY),
    "GELU": vectors(times(4, dense(64, "gelu", "he_normal"))),
    "SiLU": vectors(times(4, dense(64, "silu", "he_normal"))),
    "SELU": vectors(times(10, dense(64, "selu"))),
    "ELU": vectors(times(5, dense(64, "elu", "he_normal"))),
    "leaky ReLU": vectors(times(6, dense(64, "leaky_relu", "he_normal"))),
    "one sigmoid layer": vectors(dense(64, "sigmoid")),
    "tanh under Adam": vectors(times(8, dense(64, "tanh")), **ADAM),
    "softmax": {
        "network": {"features": 32, "layers": [dense(64, "relu", "he_normal"), dense(10, "softmax")]},
        "loss": {"kind": "cross_entropy"},
    },
    "logistic regression": {
        "network": {"features": 32, "layers": [dense(1, "sigmoid")]},
        "loss": {"kind": "binary_cross_entropy"},
    },
    "linear regression": regression(),
    "regression": regression(times(2, dense(32, "tanh"))),
    "regression by He, its output too": {
        "network": {"features": 8, "layers": [times(3, dense(64, "relu", "he_normal")), dense(1, weights="he_normal")]}
    },
    "Huber's loss": regression(times(2, dense(64, "gelu", "he_normal")), loss={"kind": "huber"}),
    "absolute error": regression(times(2, dense(64, "tanh")), loss={"kind": "absolute_error"}),
    "a margin": regression(times(2, dense(64, "tanh")), loss={"kind": "hinge"}),
    "an autoencoder": {
        "network": {"features": 32, "layers": [dense(16, "tanh"), dense(32)]},
        "loss": {"kind": "mean_squared_error"},
    },
    "layer norm": vectors(times(4, dense(64, "relu", "he_normal"), NORM)),
    "batch norm": vectors(times(4, dense(64, "relu", "he_normal"), BATCH)),
    "residual, pre-norm": vectors(times(6, BRANCH), NORM),
    "dropout": vectors(times(2, dense(64, "relu", "he_normal"), {"kind": "dropout", "rate": 0.2})),
    "convolution": images(convolution(8), POOL, convolution(16), FLAT),
    "convolution and batch norm": images(times(3, convolution(8, activation=named("linear")), BATCH), FLAT),
    "residual convolution": images(convolution(8), times(3, CHANNELS), FLAT),
    "LSTM": sequences({"kind": "recurrent", "units": 32}, **ADAM),
    "GRU": sequences({"kind": "recurrent", "units": 32, "cell": "gru"}, **ADAM),
    "recurrence, orthogonal": sequences(
        {"kind": "recurrent", "units": 32, "cell": "rnn", "recurrent_weights": named("orthogonal")}, **ADAM
    ),
    "a transformer": sequences(times(2, BLOCK), NORM, MEAN),
    "a transformer of tokens": classifier(
        {"input": {"kind": "tokens", "steps": 12, "vocabulary": 50}},
        {"kind": "embedding", "units": 16, "weights": {"kind": "normal", "std": 1.0}},
        times(2, BLOCK),
        NORM,
        MEAN,
        **ADAM,
    ),
}


def large(weights: float) -> Json:
    return {"kind": "normal", "std": weights}


def inputs(kind: str, **fields: Any) -> Json:
    return {"data": {"inputs": {"kind": kind, **fields}}}


TENTHS: Json = {"kind": "constant", "value": 0.1}
UNIT: Json = {"kind": "uniform", "low": 0.0, "high": 1.0}
BROKEN: dict[str, tuple[str, Json]] = {
    "twenty layers as PyTorch draws them": ("gain", vectors(times(20, dense(64, "relu", PYTORCH)))),
    "weights of 0.01": ("gain", vectors(times(6, dense(64, "tanh", large(0.01))))),
    "ReLU under too large weights": ("gain", vectors(times(10, dense(64, "relu", large(0.5))))),
    "convolutions as PyTorch draws them": ("gain", images(times(8, convolution(8, PYTORCH)), FLAT)),
    "residual branches without a norm": (
        "gain",
        vectors(times(24, {"kind": "residual", "layers": [dense(32, "relu", "he_normal")]}), features=32),
    ),
    "every step as PyTorch draws it": (
        "gain",
        sequences(times(12, {"kind": "each_step", "layers": [dense(16, "relu", PYTORCH)]}), MEAN),
    ),
    "sigmoid layers": ("small_slope", vectors(times(8, dense(64, "sigmoid")))),
    "tanh far from 0": ("saturation", vectors(times(8, dense(64, "tanh", bias={"kind": "normal", "std": 3.0})))),
    "tanh under N(0, 1)": ("chaos", vectors(times(8, dense(128, "tanh", large(1.0))))),
    "batch norm in front of ReLU": ("normalisation", vectors(times(32, dense(64, "relu"), BATCH), features=64)),
    "z tanh z": ("signal_collapse", vectors(times(12, dense(256, STANH)), features=256)),
    "biases of −10": ("dead_units", vectors(times(2, dense(32, "relu", bias={"kind": "constant", "value": -10.0})))),
    "zeros": ("zero_weights", vectors(times(3, dense(32, "tanh", "zeros")))),
    "beyond the range": ("forward_overflow", vectors(times(4, dense(32, "relu", large(1e100))))),
    "below the range": (
        "underflow",
        vectors(times(4, dense(32, "relu", large(1e-20))), precision="float32"),
    ),
    "a hundred ReLU layers": ("input_collapse", vectors(times(100, dense(32, "relu", "he_normal")))),
    "attention alone": (
        "rank_collapse",
        sequences(dense(16, "tanh"), times(12, {"kind": "attention", "heads": 2}), MEAN),
    ),
    "dropout in sixteen layers": (
        "mask_noise",
        vectors(times(16, dense(32, "relu", large(0.2092)), {"kind": "dropout", "rate": 0.3})),
    ),
    "an hour ago": (
        "gain",
        sequences(
            {"kind": "recurrent", "units": 32, "cell": "rnn", "recurrent_weights": large(0.08)},
        ),
    ),
    "pixels up to 255": ("initial_loss", vectors(dense(32, "relu", "he_normal"), features=196, **PIXELS)),
    "pixels are certain": ("output_saturation", vectors(dense(32, "relu", "he_normal"), features=196, **PIXELS)),
    "pixels into convolutions": ("initial_loss", images(convolution(8), POOL, convolution(8), FLAT, **PIXELS)),
    "pixels into tanh": (
        "first_layer_saturation",
        vectors(dense(32, "tanh"), dense(32, "tanh"), features=196, **PIXELS),
    ),
    "ages and incomes": (
        "unscaled_inputs",
        regression(dense(32, "tanh"), features=2, **inputs("per_feature", means=[40.0, 30000.0], stds=[12.0, 9000.0])),
    ),
    "raw data": ("no_usual_rate", regression(features=3, **inputs("gaussian", mean=200.0, std=80.0))),
    "raw coordinates into sines": (
        "gradient_imbalance",
        vectors(
            times(3, dense(64, {"kind": "sin", "frequency": 30.0}, large(0.01))),
            **inputs("uniform", low=0.0, high=1000.0),
        ),
    ),
    "weights and biases from 0 to 1": (
        "step_kills_units",
        {
            "network": {
                "features": 1,
                "layers": [
                    *(dense(units, "relu", UNIT, bias=UNIT) for units in (50, 10)),
                    dense(1, weights=UNIT, bias=UNIT),
                ],
            },
            "data": {"inputs": UNIT, "targets": {"kind": "gaussian", "mean": -1.0}},
        },
    ),
    "certain from the start": (
        "output_saturation",
        {
            "network": {"features": 2, "layers": [dense(4, "sigmoid", large(10.0)), dense(1, "sigmoid", large(10.0))]},
            "data": {"inputs": {"kind": "gaussian"}, "targets": {"kind": "bernoulli"}},
        },
    ),
    "units alike": (
        "symmetric_units",
        {"network": {"features": 8, "layers": [dense(8, "tanh", TENTHS), dense(1, weights=TENTHS)]}},
    ),
    "batches of four": ("small_batch", vectors(dense(32, "relu"), BATCH, data={"samples": 4})),
    "narrow and deep": ("too_deep_for_width", vectors(times(32, dense(8, "relu", "he_normal")))),
    "float16": ("precision_underflow", vectors(times(6, dense(32, "tanh", large(0.02))), precision="float16")),
}
