"""Sweeps: every item is a point."""

from collections.abc import Callable
from functools import partial
from statistics import fmean
from time import perf_counter
from typing import Any, ClassVar

from service.charts.sweep_points import Extract
from service.core.kinds import Model
from service.core.settings import Settings
from service.jobs.work.base import Accepted, JobChart, JobContext, JobWork, PreparedJob
from service.simulation.estimate import OPERATIONS_PER_SECOND, cost
from service.simulation.results import ItemError
from service.studies.evaluation import ChunkResult, digests_of, points_of
from service.studies.points import SweepPoint
from service.studies.sweep import Grid, SweepSpec
from service.studies.validation import plan_corner, plan_sample

_SECONDS_A_POINT = 3e-3  # of any size: its specification, its theory, its statistics, its verdict
_SAMPLES = 16  # of the points between the corners: their costs are looked at


class SweepWork(JobWork):
    """Points are looked up by their digests first, and simulated where they are not kept."""

    kind: ClassVar[str] = "sweep"
    result: ClassVar[type[Model]] = SweepPoint
    chart: ClassVar[JobChart | None] = JobChart(
        "service.charts.sweep:draw_sweep",
        lambda request: Extract.of(SweepSpec.model_validate_json(request)).indexes(),
    )

    def accept(self, request: SweepSpec, settings: Settings) -> Accepted:
        """A job that sweeps; MisplacedAxis where one of its corners is no network."""
        size = (request.total, seconds_a_point(Grid(request)))
        return self._accepted(size, request.model_dump_json().encode(), settings, request.digest())

    def load(self, request: bytes, prepared: bytes | None) -> PreparedJob:
        return PreparedJob(request, Grid(SweepSpec.model_validate_json(request)))

    async def lines(self, job: PreparedJob, items: range, context: JobContext) -> ChunkResult:
        known: dict[str, bytes] = {}
        if context.cache.keeps_points:
            digests = await context.pool.work(partial(digests_of, job.request, items), context.deadline_seconds)
            known = await context.cache.points({digest for digest in digests if digest is not None})
        task = partial(points_of, job.request, items, known, context.limits)
        found: ChunkResult = await context.pool.work(task, context.deadline_seconds)
        await context.cache.keep_points(found.points)
        return found

    def failed(self, job: PreparedJob, index: int, error: ItemError) -> bytes:
        return job.parts.point(index, error).model_dump_json().encode()

    def table(self, request: bytes) -> tuple[list[str], Callable[[bytes], list[Any]]]:
        names = SweepSpec.model_validate_json(request).columns()
        return names, lambda line: SweepPoint.model_validate_json(line).cells()


def seconds_a_point(grid: Grid) -> float:
    """Seconds of one processor for a point, by the cost of some; MisplacedAxis where a corner is no network."""
    started = perf_counter()
    corners = [plan_corner(grid, index) for index in grid.corners()]
    between = range(0, len(grid), max(1, len(grid) // _SAMPLES))
    found = [made for made in (plan_sample(grid, index) for index in between) if made is not None]
    made = [*corners, *found]
    planning = 2.0 * (perf_counter() - started) / len(made)  # each point is planned twice; a base may be megabytes
    operations = fmean(cost(one).floating_point_operations for one in made)
    return max(_SECONDS_A_POINT, planning) + operations / OPERATIONS_PER_SECOND
