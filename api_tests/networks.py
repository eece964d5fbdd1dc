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


def named(kind: str | Json) -> Json:
    """A kind by its name alone, or with its parameters."""
    return {"kind": kind} if isinstance(kind, str) else kind


def report(network: Json, **fields: Any) -> SimulationReport:
    """The report on `network`, with other fields of the specification as given."""
    return simulate(SimulationSpec.model_validate({"network": network, **fields}))
