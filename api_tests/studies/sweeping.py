"""What the tests of studies share: sweeps in one line, and simulations that cost nothing or are counted."""

from collections.abc import Sequence
from typing import Any

from api_tests.networks import Json, stack
from service.simulation.plan import Plan, plan
from service.simulation.spec import SimulationSpec
from service.studies.evaluation import ChunkResult, evaluate, reduced
from service.studies.points import Reduced, SweepPoint
from service.studies.sweep import Grid, SweepSpec

BASE: Json = {"network": stack(3, 4), "trials": 2, "data": {"samples": 4}}
"""A network that is simulated in a millisecond."""


def grid(*axes: Json, base: Json = BASE, **fields: Any) -> Grid:
    """The points of a sweep of `base`."""
    return Grid(SweepSpec.model_validate({"base": base, "axes": list(axes), **fields}))


def given(name: str, *values: Any, pointer: str | None = None) -> Json:
    """An axis by its values."""
    return {"name": name, "values": list(values), **({"pointer": pointer} if pointer else {})}


def spaced(name: str, start: float, stop: float, count: int, **fields: Any) -> Json:
    """An axis by a range; of `fields` the `scale` is the range's."""
    scale = {"scale": fields.pop("scale")} if "scale" in fields else {}
    return {"name": name, "range": {"start": start, "stop": stop, "count": count, **scale}, **fields}


def digest_of(body: Json) -> str:
    """The digest of a specification that is written by hand."""
    return plan(SimulationSpec.model_validate(body)).digest


def points(lines: ChunkResult) -> list[SweepPoint]:
    """The lines of an evaluation, read."""
    return [SweepPoint.model_validate_json(line) for line in lines.lines]


class Counting:
    """Simulates, and remembers what; the same network again and again where it may be any."""

    def __init__(self, really: bool = False) -> None:
        self.digests: list[str] = []
        self._really = really
        (self._any,) = reduced([plan(SimulationSpec.model_validate(BASE))])

    def __call__(self, plans: Sequence[Plan]) -> Sequence[Reduced]:
        """What is kept of each of `plans`."""
        digests = [made.digest for made in plans]
        self.digests += digests
        return reduced(plans) if self._really else [self._any.model_copy(update={"digest": one}) for one in digests]


def evaluated(swept: Grid, judge: Counting | None = None) -> list[SweepPoint]:
    """All points of a sweep."""
    return points(evaluate(swept, range(len(swept)), {}, judge or Counting()))
