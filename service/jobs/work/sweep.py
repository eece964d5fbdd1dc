"""Sweeps: every item is a point."""

from functools import partial
from typing import Any

from service.core.settings import Settings
from service.jobs.job import JobKind
from service.jobs.records import Accepted
from service.jobs.size import seconds_a_point
from service.jobs.work.base import JobContext, JobWork, PreparedJob
from service.simulation.results import ItemError
from service.studies.evaluation import ChunkResult, digests_of, points_of
from service.studies.points import SweepPoint
from service.studies.sweep import Grid, SweepSpec


class SweepWork(JobWork):
    """Points are looked up by their digests first, and simulated where they are not kept."""

    kind = JobKind.SWEEP

    def accepted(self, spec: SweepSpec, settings: Settings) -> Accepted:
        """A job that sweeps; MisplacedAxis where one of its corners is no network."""
        size = (spec.total, seconds_a_point(Grid(spec)))
        return self._accepted(spec.digest(), size, spec.model_dump_json().encode(), settings)

    def load(self, job: str, request: bytes, prepared: bytes | None) -> PreparedJob:
        """The job with its grid."""
        return PreparedJob(job, request, Grid(SweepSpec.model_validate_json(request)))

    async def lines(self, job: PreparedJob, items: range, context: JobContext) -> ChunkResult:
        """The results of the points `items`."""
        digests = await context.pool.work(partial(digests_of, job.request, items), context.deadline_seconds)
        known = await context.cache.points({digest for digest in digests if digest is not None})
        task = partial(points_of, job.request, items, known, context.limits)
        found: ChunkResult = await context.pool.work(task, context.deadline_seconds)
        await context.cache.keep_points(found.points)
        return found

    def failed(self, job: PreparedJob, index: int, error: ItemError) -> bytes:
        """A point without a judgement."""
        return job.parts.point(index, error).model_dump_json().encode()

    def header(self, request: bytes) -> list[str]:
        """The axes, and what was found."""
        return SweepSpec.model_validate_json(request).columns()

    def row(self, line: bytes, columns: int) -> list[Any]:
        """A point in those columns."""
        return SweepPoint.model_validate_json(line).cells()
