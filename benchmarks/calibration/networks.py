"""Networks of eight families, drawn at random: healthy ones, broken ones, and those in between."""

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.calibration.task import CLASSES, SIDE

Json = dict[str, Any]

_ACTIVATIONS = (
    "tanh",
    "relu",
    "sigmoid",
    "gelu",
    "selu",
    "elu",
    "softplus",
    "stanh",
    "leaky_relu",
    "silu",
    "softsign",
)
_PIXELS = SIDE * SIDE
_IMAGE = {"kind": "image", "height": SIDE, "width": SIDE, "channels": 1}
_HEAD = {"kind": "dense", "units": CLASSES}


class Draw:
    """The choices of one network."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng([20_260_702, seed])

    def of(self, *choices: Any) -> Any:
        """One of some choices, all as likely."""
        return choices[int(self.rng.integers(len(choices)))]

    def depth(self, most: int = 24) -> int:
        """From 2 to `most`, small ones as likely as large ones by their logarithm."""
        return round(2.0 * (most / 2.0) ** self.rng.uniform())

    def weights(self, widest: float = 0.6) -> Json:
        """N(0, scale / fan_in), the scale from 1 by up to so many decades either way; or a usual initialiser."""
        if self.rng.uniform() < 0.3:
            return {"kind": self.of("he_normal", "glorot_uniform", "lecun_normal", "orthogonal")}
        scale = float(f"{10.0 ** self.rng.uniform(-widest, widest):.3g}")
        return {"kind": "variance_scaling", "scale": scale, "mode": "fan_in", "distribution": "normal"}

    def activation(self) -> Json:
        """An activation."""
        return {"kind": self.of(*_ACTIVATIONS)}

    def norm(self) -> Json:
        """A normalisation of features or of the batch."""
        return {"kind": self.of("layer_norm", "rms_norm", "batch_norm")}


def network(family: str, seed: int) -> Json:
    """The network with that number of a family."""
    return FAMILIES[family](Draw(seed))


def _dense(draw: Draw) -> Json:
    width, activation, weights = draw.of(16, 32, 64), draw.activation(), draw.weights()
    layer = {"kind": "dense", "units": width, "activation": activation, "weights": weights}
    return {"features": _PIXELS, "layers": [{"kind": "repeat", "times": draw.depth(), "layers": [layer]}, _HEAD]}


def _residual(draw: Draw) -> Json:
    width, activation = draw.of(16, 32, 64), draw.activation()
    inner = {"kind": "dense", "units": width, "activation": activation, "weights": draw.weights()}
    outer = {"kind": "dense", "units": width, "weights": draw.weights()}
    branch = draw.of([inner], [inner, outer], [draw.norm(), inner, outer])
    block = {"kind": "residual", "layers": branch, "branch_scale": draw.of(1.0, 1.0, 0.3, 0.1)}
    if draw.rng.uniform() < 0.3:
        block["shortcut"] = [{"kind": "scale", "factor": draw.of(0.5, 0.8, 1.2, 1.5)}]
    first = {"kind": "dense", "units": width, "activation": activation}
    last = [draw.norm()] if draw.rng.uniform() < 0.3 else []
    blocks = {"kind": "repeat", "times": draw.depth(16), "layers": [block]}
    return {"features": _PIXELS, "layers": [first, blocks, *last, _HEAD]}


def _norm(draw: Draw) -> Json:
    width = draw.of(16, 32, 64)
    dense = {"kind": "dense", "units": width, "weights": draw.weights(1.0)}
    act = {"kind": "activation", "activation": draw.activation()}
    norm = draw.norm()
    inside = draw.of([dense, norm, act], [dense, act, norm])
    return {"features": _PIXELS, "layers": [{"kind": "repeat", "times": draw.depth(20), "layers": inside}, _HEAD]}


def _convolution(draw: Draw) -> Json:
    layer = {
        "kind": "convolution",
        "filters": draw.of(8, 12),
        "size": [3, 3],
        "padding": "same",
        "activation": draw.activation(),
        "weights": draw.weights(),
    }
    front = {**layer, "stride": [2, 2]}
    layers: list[Json] = [front, {"kind": "repeat", "times": draw.depth(12), "layers": [layer]}]
    if draw.rng.uniform() < 0.4:
        layers.append({"kind": "pooling", "mode": draw.of("max", "average"), "size": [2, 2]})
        layers.append(layer)
    end = draw.of({"kind": "flatten"}, {"kind": "flatten"}, {"kind": "global_pooling", "mode": "average"})
    return {"input": _IMAGE, "layers": [*layers, end, _HEAD]}


def _recurrent(draw: Draw) -> Json:
    steps = draw.of(8, 8, 16)
    cell = draw.of("rnn", "rnn", "lstm", "gru")
    layer: Json = {"kind": "recurrent", "cell": cell, "units": draw.of(16, 32), "weights": draw.weights(0.3)}
    if cell == "rnn":
        layer["activation"] = {"kind": draw.of("tanh", "relu", "sigmoid")}
    layer["recurrent_weights"] = draw.weights(0.5)
    if cell == "lstm":
        layer["forget_bias"] = draw.of(-1.0, 0.0, 1.0, 3.0)
    below = [{**layer, "returns": "sequence"}] * draw.of(0, 0, 1)
    shape = {"kind": "sequence", "steps": steps, "features": _PIXELS // steps}
    return {"input": shape, "layers": [*below, layer, _HEAD]}


def _attention(draw: Draw) -> Json:
    width, steps = draw.of(16, 32), 8
    shape = {"kind": "sequence", "steps": steps, "features": _PIXELS // steps}
    scales = {
        "attention_weights": draw.weights(),
        "attention_output_weights": draw.weights(),
        "mlp_weights": draw.weights(),
        "mlp_output_weights": draw.weights(),
    }
    if draw.rng.uniform() < 0.6:
        block: list[Json] = [
            {
                "kind": "transformer_block",
                "heads": draw.of(1, 2, 4),
                "mlp_units": 2 * width,
                "norm_first": draw.of(True, False),
                "branch_scale": draw.of(1.0, 1.0, 0.3),
                **scales,
            }
        ]
    else:  # no skip connection
        attention = {"kind": "attention", "heads": draw.of(1, 2), "weights": draw.weights()}
        dense = {"kind": "dense", "units": width, "activation": draw.activation(), "weights": draw.weights()}
        block = draw.of([attention, dense], [attention], [{"kind": "layer_norm"}, attention, dense])
    front = [{"kind": "dense", "units": width}, {"kind": "position_embedding", "positions": {"kind": "normal"}}]
    end = draw.of({"kind": "global_pooling", "mode": "average"}, {"kind": "flatten"})
    return {"input": shape, "layers": [*front, {"kind": "repeat", "times": draw.depth(6), "layers": block}, end, _HEAD]}


def _dropout(draw: Draw) -> Json:
    width, rate = draw.of(16, 32, 64), draw.of(0.05, 0.1, 0.2, 0.3, 0.5)
    layer = {"kind": "dense", "units": width, "activation": draw.activation(), "weights": draw.weights(0.4)}
    inside = [layer, {"kind": "dropout", "rate": rate}]
    return {"features": _PIXELS, "layers": [{"kind": "repeat", "times": draw.depth(16), "layers": inside}, _HEAD]}


def _mixed(draw: Draw) -> Json:
    filters = draw.of(8, 12)
    kernel = {"kind": "convolution", "filters": filters, "size": [3, 3], "padding": "same", "weights": draw.weights()}
    act = {"kind": "activation", "activation": draw.activation()}
    branch = draw.of([kernel, act], [draw.norm(), act, kernel], [kernel, draw.norm(), act])
    skip = {"kind": "residual", "layers": branch}
    gate = {"kind": "parallel", "merge": draw.of("add", "average", "maximum"), "branches": [{"layers": branch}, {}]}
    front = {"kind": "convolution", "filters": filters, "size": [3, 3], "padding": "same", "stride": [2, 2]}
    blocks = {"kind": "repeat", "times": draw.depth(8), "layers": [draw.of(skip, gate)]}
    pool = {"kind": "pooling", "mode": "max", "size": [2, 2]}
    tail = {"kind": "repeat", "times": draw.depth(6), "layers": [{"kind": "dense", "units": 32, **_bent(draw)}]}
    return {"input": _IMAGE, "layers": [front, blocks, pool, {"kind": "flatten"}, tail, _HEAD]}


def _bent(draw: Draw) -> Json:
    return {"activation": draw.activation(), "weights": draw.weights()}


FAMILIES: dict[str, Callable[[Draw], Json]] = {
    "dense": _dense,
    "residual": _residual,
    "norm": _norm,
    "convolution": _convolution,
    "recurrent": _recurrent,
    "attention": _attention,
    "dropout": _dropout,
    "mixed": _mixed,
}
