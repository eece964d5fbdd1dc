"""The networks that are measured: five shapes, from a course's homework to a thousand layers."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Shape:
    """`trials` networks of `hidden` tanh layers of `units` units under N(0, 1/n), one linear output, on `samples`."""

    name: str
    trials: int
    hidden: int
    units: int
    samples: int

    def spec(self, precision: str) -> dict[str, Any]:
        """The network as a specification in JSON."""
        hidden = {"kind": "dense", "units": self.units, "activation": {"kind": "tanh"}}
        layers = [{"kind": "repeat", "times": self.hidden, "layers": [hidden]}, {"kind": "dense", "units": 1}]
        return {
            "network": {"features": self.units, "layers": layers},
            "data": {"samples": self.samples},
            "trials": self.trials,
            "precision": precision,
        }


SHAPES = [
    Shape("homework", 1000, 2, 2, 32),
    Shape("small", 200, 10, 32, 32),
    Shape("medium", 32, 50, 128, 64),
    Shape("wide", 4, 20, 1024, 64),
    Shape("deep", 16, 1000, 64, 32),
]
