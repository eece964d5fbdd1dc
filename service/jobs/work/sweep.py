"""Sweeps: every item is a point."""

from collections.abc import Callable
from functools import partial
from math import ceil
from statistics import fmean, median
from time import thread_time
from typing import Any, ClassVar

from service.charts.sweep_points import Extract
from service.core.kinds import Model
from service.core.settings import Settings
from service.jobs.work.base import Accepted, JobChart, JobContext, JobWork, PreparedJob
from service.simulation.estimate import cost
from service.simulation.plan import Plan
from service.simulation.results import ItemError
from service.studies.evaluation import ChunkResult, digests_of, points_of
from service.studies.points import SweepPoint
from service.studies.sweep import Grid, SweepSpec
from service.studies.validation import plan_corner, plan_sample

_SECONDS_A_POINT = 5e-4  # of any size: its specification, its theory, its statistics, its verdict
_SHARE_IN_A_STACK = 0.4  # of the estimate, where calls are shared with other points and no step is tried
_LOOKED_UP = 16  # points of a chunk are looked for first, and all of them where one of these is kept
_SAMPLES = 16  # of the points between the corners: their costs are looked at


class SweepWork(JobWork):
    """Points are looked up by their digests first, and simulated where they are not kept.

    To plan a point for its digest takes a quarter of what it takes to simulate it: some of a chunk tell for all.
    """

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
        some = items[:: ceil(len(items) / _LOOKED_UP)]  # where none of these is kept, hardly any of the others is
        known = await self._kept(job, some, context)
        if known and len(some) < len(items):
            known = await self._kept(job, items, context)
        task = partial(points_of, job.request, items, known, context.limits)
        found: ChunkResult = await context.pool.work(task, context.deadline_seconds)
        await context.cache.keep_points(found.points)
        return found

    async def _kept(self, job: PreparedJob, items: range, context: JobContext) -> dict[str, bytes]:
        """Those of the points that are kept, as JSON by their digests."""
        if not context.cache.keeps_points:
            return {}
        digests = await context.pool.work(partial(digests_of, job.request, items), context.deadline_seconds)
        return await context.cache.points({digest for digest in digests if digest is not None})

    def failed(self, job: PreparedJob, index: int, error: ItemError) -> bytes:
        return job.parts.point(index, error).model_dump_json().encode()

    def table(self, request: bytes) -> tuple[list[str], Callable[[bytes], list[Any]]]:
        names = SweepSpec.model_validate_json(request).columns()
        return names, lambda line: SweepPoint.model_validate_json(line).cells()


def seconds_a_point(grid: Grid) -> float:
    """Seconds of one processor for a point, by the cost of some; MisplacedAxis where a corner is no network."""
    corners = [plan_corner(grid, index) for index in grid.corners()]
    found, took = [], []
    for index in range(0, len(grid), max(1, len(grid) // _SAMPLES)):
        started = thread_time()
        found.append(plan_sample(grid, index))
        took.append(thread_time() - started)
    planning = 2.0 * median(took)  # a point that may be kept is planned twice; a base may be megabytes
    seconds = fmean(_seconds(one) for one in (*corners, *found) if one is not None)
    return max(_SECONDS_A_POINT, planning) + seconds


def _seconds(made: Plan) -> float:
    """Seconds of one processor for the passes of a point."""
    costs = cost(made)
    return costs.seconds * (_SHARE_IN_A_STACK if costs.regime.plans > 1 else 1.0)
