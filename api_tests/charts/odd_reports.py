"""Reports at the edges of what can be simulated, by what is odd about them."""

from functools import cache
from typing import Any

from api_tests.networks import Json, blocks, named, report, stack
from service.simulation.results import SimulationReport

HISTOGRAMS = {"include": ["histograms"]}
FORMULA = "where(z < 0, 0.01*z, z)"
"""It has a character that markup begins with."""


def _dense(units: int, activation: str | Json = "tanh", **fields: Any) -> Json:
    return {"kind": "dense", "units": units, "activation": named(activation), **fields}


def _network(*layers: Json) -> Json:
    return {"features": 3, "layers": list(layers)}


MIXED = _network(
    {"kind": "activation", "activation": {"kind": "tanh"}},
    _dense(5, "linear"),
    {"kind": "activation", "activation": {"kind": "sin"}},
    _dense(4, {"kind": "expression", "formula": FORMULA}),
    _dense(2, "softmax"),
)

SPECIFICATIONS: dict[str, Json] = {
    "vanishing": {"network": stack(10, 32, "sigmoid"), **HISTOGRAMS},
    "exploding": {"network": stack(12, 32, "tanh", {"kind": "variance_scaling", "scale": 9.0})},
    "stable": {"network": stack(6, 32, "exu"), **HISTOGRAMS},
    "collapsing": {"network": stack(20, 16, "stanh")},
    "dead": {"network": _network(_dense(4), _dense(4, weights={"kind": "zeros"}), _dense(1))},
    "overflowing": {"network": stack(40, 8, "linear", {"kind": "normal", "std": 1e60})},
    "no hidden layer": {"network": _network(_dense(2))},
    "one hidden layer": {"network": _network(_dense(5), _dense(1))},
    "no weights": {"network": _network(*2 * [{"kind": "activation", "activation": {"kind": "tanh"}}])},
    "mixed layers": {"network": MIXED},
    "one trial": {"network": stack(3, 4), "trials": 1},
    "dying units": {"network": stack(8, 3, "relu", "he_normal"), "trials": 32},
    "blocks of two": {
        "network": {
            "features": 3,
            "layers": [
                {
                    "kind": "repeat",
                    "times": 150,
                    "layers": [{"kind": "activation", "activation": {"kind": "tanh"}}, _dense(3, "linear")],
                },
                _dense(1, "linear"),
                {"kind": "activation", "activation": {"kind": "sigmoid"}},
            ],
        },
        "trials": 2,
    },
    "one kind twice": {
        "network": _network(
            _dense(3, {"kind": "leaky_relu", "negative_slope": 0.9}), _dense(3, "leaky_relu"), _dense(1)
        )
    },
    "blocks": {"network": blocks(), **HISTOGRAMS},
    "small branches": {"network": blocks(branch_scale=0.001)},
    "nothing but norms": {"network": _network(*2 * [{"kind": "layer_norm"}])},
    "many bins": {"network": stack(50, 16, "tanh"), **HISTOGRAMS},
    "5000 layers": {"network": stack(4999, 2), "trials": 2, "data": {"samples": 2}},
    "bands far out": {
        "network": stack(3, 8),
        "policy": {
            "kind": "sgd",
            "vanishing_mild": -900,
            "vanishing_severe": -1000,
            "exploding_mild": 900,
            "exploding_severe": 1000,
        },
    },
    "bands at nothing": {
        "network": stack(3, 8),
        "policy": {
            "kind": "sgd",
            "vanishing_mild": -1e-9,
            "vanishing_severe": -1e-9,
            "exploding_mild": 1e-9,
            "exploding_severe": 1e-9,
        },
    },
}


@cache
def odd(name: str) -> SimulationReport:
    """The report of that name, made once."""
    specification = {"data": {"samples": 8}, "trials": 8, **SPECIFICATIONS[name]}
    return report(specification.pop("network"), **specification)
