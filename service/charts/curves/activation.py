"""An activation and its derivative, with the certified bounds of the derivative."""

from collections.abc import Iterator

import numpy as np

from service.charts.curves.architecture import activations, name_of
from service.charts.curves.rows import Row
from service.nn.activations import Activation
from service.simulation.results import SimulationReport
from service.theory.bounds import bounds
from service.theory.facts import Bound

FARTHEST = 5.0
POINTS = 201
MOST = 4
"""More curves than that nobody tells apart."""
VALUE, DERIVATIVE = "φ(z)", "φ'(z)"
_TALLEST = 6.0


def activation(report: SimulationReport) -> dict[str, list[Row]]:
    """`curves`: φ and φ' of the hidden layers' activations for z from −5 to 5; `bounds`: the certified ones of φ'."""
    known = shown(report)
    return {
        "curves": [row for one in known for row in _curves(one)],
        "bounds": [row for one in known for row in limits(one)],
    }


def shown(report: SimulationReport) -> list[Activation]:
    """The first four different activations of the hidden layers that are functions of one unit."""
    return [one for one in activations(report) if not one.only_output][:MOST]


def limits(activation: Activation) -> list[Row]:
    """The infimum and the supremum of φ', where they are certified and finite."""
    found = bounds(activation.closed).derivative
    ends = [("infimum", found.inf, found.inf.low), ("supremum", found.sup, found.sup.high)]
    return [
        {
            "activation": name_of(activation),
            "bound": f"{name} of φ'",
            "value": value,
            "attained": _attained(bound),
            "label": f"{name} {value:.6g}".replace("-", "−"),
        }
        for name, bound, value in ends
        if bound.certified and value is not None
    ]


def _attained(bound: Bound) -> str:
    return {True: "attained", False: "approached, never attained", None: "not known to be attained"}[bound.attained]


def _curves(activation: Activation) -> Iterator[Row]:
    z = np.linspace(-FARTHEST, FARTHEST, POINTS)
    with np.errstate(all="ignore"):
        value = activation.f(z)
        slope = activation.df(z, value)
    for series, values in ((VALUE, value), (DERIVATIVE, slope)):
        for at, height in zip(z.tolist(), values.tolist(), strict=True):
            visible = abs(height) <= _TALLEST  # a number that is none is not
            yield {
                "activation": name_of(activation),
                "series": series,
                "z": at,
                "value": height if visible else None,
            }
