"""Specifications in one line each, for tests."""

from typing import Any

from service.simulation.results import SimulationReport
from service.simulation.simulate import simulate
from service.simulation.spec import SimulationSpec

Json = dict[str, Any]


def stack(depth: int, units: int, activation: str | Json = "tanh", weights: str | Json = "lecun_normal") -> Json:
    """`depth` dense hidden layers of `units` units on as many features, and one linear output."""
    hidden = {"kind": "dense", "units": units, "activation": named(activation), "weights": named(weights)}
    return {
        "features": units,
        "layers": [{"kind": "repeat", "times": depth, "layers": [hidden]}, {"kind": "dense", "units": 1}],
    }


def blocks(branch_scale: float = 1.0) -> Json:
    """Three residual blocks with a norm in each, branches side by side, a final norm and a linear output."""
    relu = {"kind": "dense", "units": 8, "activation": {"kind": "relu"}}
    block = {
        "kind": "residual",
        "layers": [{"kind": "layer_norm"}, relu, {"kind": "dense", "units": 8}],
        "branch_scale": branch_scale,
    }
    beside = {"kind": "parallel", "branches": [{"layers": [relu]}, {"layers": []}]}
    return {
        "features": 8,
        "layers": [
            {"kind": "repeat", "times": 3, "layers": [block]},
            beside,
            {"kind": "layer_norm"},
            {"kind": "dense", "units": 1},
        ],
    }


def named(kind: str | Json) -> Json:
    """A kind by its name alone, or with its parameters."""
    return {"kind": kind} if isinstance(kind, str) else kind


def report(network: Json, **fields: Any) -> SimulationReport:
    """The report on `network`, with other fields of the specification as given."""
    return simulate(SimulationSpec.model_validate({"network": network, **fields}))
