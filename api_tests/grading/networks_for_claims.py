"""Reports that say what a test wants them to say, made of one that was measured."""

from functools import cache
from typing import Any

from api_tests.networks import Json, report, stack
from service.simulation.layer_results import Spread
from service.simulation.results import Interval, SimulationReport
from service.simulation.spec import SimulationSpec

NETWORK: Json = {"network": stack(3, 4), "trials": 8}


def variant(seed: int) -> Json:
    """The network under another name."""
    return {**NETWORK, "seed": seed}


@cache
def _measured() -> SimulationReport:
    return report(stack(3, 4), trials=8)


def spread(median: float | None, low: float | None = None, high: float | None = None, std: float = 0.0) -> Spread:
    """A spread of a hundred trials."""
    low, high = (median if low is None else low), (median if high is None else high)
    count = 0 if median is None else 100
    return Spread(median=median, p05=low, p95=high, mean=median, std=None if median is None else std, count=count)


def saying(digest: str = "digest", **verdict: Any) -> SimulationReport:
    """A report whose verdict has these fields."""
    known = _measured()
    return known.model_copy(update={"digest": digest, "verdict": known.verdict.model_copy(update=verdict)})


def gaining(median: float, width: float = 0.001, digest: str = "digest") -> SimulationReport:
    """A report of a network with this gain per layer, known to within `width`."""
    interval = Interval(low=median - width, high=median + width)
    return saying(digest, gain_per_layer=spread(median), gain_per_layer_interval=interval)


class Counting:
    """A simulation that answers by the seed of the specification and keeps count."""

    def __init__(self, reports: dict[int, SimulationReport]) -> None:
        self.reports = reports
        self.asked: list[int] = []

    def __call__(self, spec: SimulationSpec) -> SimulationReport:
        self.asked.append(spec.seed)
        return self.reports[spec.seed]
