"""Sweeps: every item is a point."""

from functools import partial
from typing import Any

from service.jobs.job import JobKind
from service.jobs.work.base import JobWork, Means, Opened
from service.simulation.results import ItemError
from service.studies.evaluation import ChunkResult, digests_of, points_of
from service.studies.points import SweepPoint
from service.studies.sweep import Grid, SweepSpec


class SweepWork(JobWork):
    """Points are looked up by their digests first, and simulated where they are not kept."""

    kind = JobKind.SWEEP

    def opened(self, job: str, request: bytes, prepared: bytes | None) -> Opened:
        """With its grid."""
        return Opened(job, request, Grid(SweepSpec.model_validate_json(request)))

    async def lines(self, opened: Opened, items: range, means: Means) -> ChunkResult:
        """The points `items`."""
        digests = await means.pool.work(partial(digests_of, opened.request, items), means.deadline_seconds)
        known = await means.keeping.points({digest for digest in digests if digest is not None})
        task = partial(points_of, opened.request, items, known, means.limits)
        found: ChunkResult = await means.pool.work(task, means.deadline_seconds)
        await means.keeping.keep_points(found.points)
        return found

    def failed(self, opened: Opened, index: int, error: ItemError) -> bytes:
        """A point without a judgement."""
        return opened.parts.point(index, error).model_dump_json().encode()

    def header(self, request: bytes) -> list[str]:
        """The axes, and what was found."""
        return SweepSpec.model_validate_json(request).columns()

    def row(self, line: bytes, columns: int) -> list[Any]:
        """A point."""
        return SweepPoint.model_validate_json(line).cells()
