"""Layers as a client writes them, with every weight and bias given."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from api_tests.nn.autograd import Part
from service.nn.activations import Activation, AnyActivation

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


def given_parts(layers: list[Json], path: str = "/network/layers") -> Iterator[Part]:
    """The layers of a specification whose weights are all given, after every repeat."""
    for position, layer in enumerate(layers):
        here = f"{path}/{position}"
        for _ in range(layer.get("times", 0)):
            yield from given_parts(layer["layers"], f"{here}/layers")
        if layer["kind"] != "repeat":
            activation = TypeAdapter(AnyActivation).validate_python(layer["activation"])
            weights, bias = (np.array(layer[own]["values"]) if own in layer else None for own in ("weights", "bias"))
            yield Part(here, activation, weights, bias)
