"""What worker processes do for sweeps; a sweep is JSON, read once in each process."""

from collections.abc import Mapping
from functools import lru_cache

from service.simulation.estimate import Limits, check_budget
from service.simulation.plan import Plan
from service.simulation.results import SimulationReport
from service.simulation.simulate import simulate_plan
from service.studies.evaluation import ChunkResult, evaluate
from service.studies.sweep import Grid, SweepSpec

_JOBS_AT_ONCE = 4


def digests_of(request: bytes, items: range) -> list[str | None]:
    """The digests of the points `items` of the sweep `request`; None where a specification is not valid."""
    return [_grid(request).digest(index) for index in items]


def points_of(request: bytes, items: range, known: Mapping[str, bytes], limits: Limits) -> ChunkResult:
    """The results of the points `items` of the sweep `request`; those that are `known` are not simulated again."""

    def simulate(made: Plan) -> SimulationReport:
        check_budget(made, limits)
        return simulate_plan(made)

    return evaluate(_grid(request), items, known, simulate)


@lru_cache(_JOBS_AT_ONCE)
def _grid(request: bytes) -> Grid:
    return Grid(SweepSpec.model_validate_json(request))
