"""Layers as a client writes them, with every weight and bias given."""

from typing import Any

import numpy as np

from service.nn.activations import Activation

Json = dict[str, Any]


def asked(one: Any) -> Json:
    """`one` as a client writes it."""
    return one.model_dump(mode="json")


def dense(rng: np.random.Generator, fan_in: int, units: int, activation: Activation, scale: float = 1.2) -> Json:
    weights = rng.normal(0.0, scale / np.sqrt(fan_in), (fan_in, units))
    return {
        "kind": "dense",
        "units": units,
        "activation": asked(activation),
        "weights": {"kind": "explicit", "values": weights.tolist()},
        "bias": {"kind": "explicit", "values": rng.normal(0.0, 0.3, units).tolist()},
    }


def standalone(activation: Activation) -> Json:
    return {"kind": "activation", "activation": asked(activation)}


def repeated(times: int, *layers: Json) -> Json:
    return {"kind": "repeat", "times": times, "layers": list(layers)}
