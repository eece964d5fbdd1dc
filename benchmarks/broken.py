"""Forty broken networks: ten kinds of fault in each of four families; and the same networks without a fault."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

Json = dict[str, Any]
_WEIGHTS = {
    "dense": ("weights",),
    "convolution": ("weights",),
    "recurrent": ("weights", "recurrent_weights"),
    "attention": ("weights", "output_weights"),
}


def healthy(family: str, depth: int = 8) -> Json:
    """A network of that family that trains."""
    return {
        "network": _FAMILIES[family](depth),
        "loss": {"kind": "cross_entropy"},
        "data": {"samples": 32},
        "trials": 4,
    }


def _dense(depth: int) -> Json:
    return {"features": 64, "layers": [_repeat(depth, _layer("dense", units=32, activation="relu")), _output()]}


def _convolution(depth: int) -> Json:
    kernel = _layer("convolution", filters=8, size=[3], padding="same", activation="relu")
    image = {"kind": "image", "height": 6, "width": 6, "channels": 1}
    return {"input": image, "layers": [_repeat(depth // 2, kernel), {"kind": "flatten"}, _output()]}


def _recurrent(depth: int) -> Json:
    cells = [_layer("recurrent", cell="rnn", units=32, returns=returns) for returns in ("sequence", "last")]
    return {"input": {"kind": "sequence", "steps": max(8, depth), "features": 8}, "layers": [*cells, _output()]}


def _residual(depth: int) -> Json:
    trunk = _repeat(4, {"kind": "dense", "units": 16, "activation": {"kind": "tanh"}})
    attention = {"kind": "residual", "layers": [{"kind": "layer_norm"}, _layer("attention", heads=2)]}
    dense = _layer("dense", units=16, activation="relu")
    mlp = {"kind": "residual", "layers": [{"kind": "layer_norm"}, dense, _layer("dense", units=16)]}
    ends = [{"kind": "layer_norm"}, {"kind": "global_pooling"}, _output()]
    sequence = {"kind": "sequence", "steps": 4, "features": 16}
    return {"input": sequence, "layers": [trunk, _repeat(max(2, depth // 4), attention, mlp), *ends]}


def _layer(kind: str, activation: str | None = None, **fields: Any) -> Json:
    named = {"activation": {"kind": activation}} if activation else {}
    drawn = {"weights": {"kind": "he_normal"}} if activation else {}
    return {"kind": kind, **fields, **named, **drawn}


def _repeat(times: int, *layers: Json) -> Json:
    return {"kind": "repeat", "times": times, "layers": list(layers)}


def _output() -> Json:
    return {"kind": "dense", "units": 4, "activation": {"kind": "softmax"}}


_FAMILIES: dict[str, Callable[[int], Json]] = {
    "dense": _dense,
    "convolution": _convolution,
    "recurrent": _recurrent,
    "residual": _residual,
}


def _weighted(spec: Json, change: Callable[[Json, str], None]) -> Json:
    """Every field of hidden layers that says how weights are drawn, changed."""
    for layer in _nodes(spec["network"]["layers"][:-1]):
        for field in _WEIGHTS.get(layer["kind"], ()):
            change(layer, field)
    return spec


def _nodes(layers: list[Json]) -> list[Json]:
    found = []
    for one in layers:
        found += [one, *_nodes(one.get("layers", []))]
    return found


def _drawn(initializer: Json) -> Callable[[str], Json]:
    def of(family: str) -> Json:
        return _weighted(healthy(family), lambda layer, field: layer.update({field: deepcopy(initializer)}))

    return of


def _with_data(inputs: Json) -> Callable[[str], Json]:
    return lambda family: {**healthy(family), "data": {"samples": 32, "inputs": inputs}}


def _activated(kind: str) -> Callable[[str], Json]:
    def of(family: str) -> Json:
        spec = healthy(family, 12)
        for layer in _nodes(spec["network"]["layers"][:-1]):
            if layer["kind"] in ("dense", "convolution", "recurrent"):
                layer["activation"] = {"kind": kind}
                layer["weights"] = {"kind": "glorot_uniform"}
            if layer["kind"] == "residual":  # norms and shortcuts would make up for it
                layer["layers"] = [one for one in layer["layers"] if one["kind"] != "layer_norm"]
        return spec

    return of


def _biased(family: str) -> Json:
    spec = healthy(family)
    for layer in _nodes(spec["network"]["layers"][:-1]):
        if layer["kind"] in _WEIGHTS:
            layer["bias"] = {"kind": "normal", "std": 20.0}
            layer["activation"] = {"kind": "tanh"}
            if layer["kind"] == "attention":
                del layer["activation"]
    return spec


def _dropped(family: str) -> Json:
    """Dropout of 0.6 behind every layer; in a recurrent network behind every one of six."""
    spec = healthy(family, 16)
    dropout = {"kind": "dropout", "rate": 0.6}
    for layer in [{"kind": "network", **spec["network"]}, *_nodes(spec["network"]["layers"])]:
        inside = layer.get("layers", [])
        last = len(inside) - (layer["kind"] == "network")
        layer_list = [one for at, child in enumerate(inside) for one in _with_dropout(child, at < last, dropout)]
        inside[:] = layer_list
    if family == "recurrent":
        cells = spec["network"]["layers"]
        cells[:1] = [_repeat(5, cells[0], dropout)]
    return spec


def _with_dropout(child: Json, hidden: bool, dropout: Json) -> list[Json]:
    return [child, dict(dropout)] if hidden and child["kind"] in _WEIGHTS else [child]


def _too_deep(family: str) -> Json:
    """Sixty layers, or as many steps; no norm in residual branches."""
    spec = healthy(family, 60)
    for layer in _nodes(spec["network"]["layers"]):
        if layer["kind"] == "residual":
            layer["layers"] = [one for one in layer["layers"] if one["kind"] != "layer_norm"]
    if family == "residual":
        spec["network"]["layers"] = [one for one in spec["network"]["layers"] if one["kind"] != "layer_norm"]
    if family == "recurrent":
        return _weighted(spec, lambda layer, field: layer.update({field: {"kind": "lecun_uniform"}}))
    return spec


FAULTS: dict[str, Callable[[str], Json]] = {
    "weights too small": _drawn({"kind": "normal", "std": 0.01}),
    "weights too large": _drawn({"kind": "normal", "std": 4.0}),
    "weights with a mean": _drawn({"kind": "uniform", "low": 0.0, "high": 1.0}),
    "weights of zeros": _drawn({"kind": "zeros"}),
    "raw pixels": _with_data({"kind": "uniform", "low": 0.0, "high": 255.0}),
    "inputs far from 0": _with_data({"kind": "gaussian", "mean": 200.0, "std": 1.0}),
    "sigmoids": _activated("sigmoid"),
    "large biases": _biased,
    "heavy dropout": _dropped,
    "too deep": _too_deep,
}
"""What makes a family's network broken, by name."""
FAMILIES = tuple(_FAMILIES)


def broken() -> dict[tuple[str, str], Json]:
    """All of them, by family and fault."""
    return {(family, fault): deepcopy(make(family)) for family in FAMILIES for fault, make in FAULTS.items()}
