"""Jobs as the rest of the service sees them: accepted, told of, cancelled."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from math import ceil
from typing import Any, TypeVar

from anyio import CapacityLimiter, Event, move_on_after, to_thread
from sqlalchemy import Row

from service.errors import QueueFull, StoreUnavailable
from service.grading.batch import BatchSpec
from service.jobs.accepting import accepted_gradings, accepted_sweep
from service.jobs.aside import Aside
from service.jobs.assigning import Assignments
from service.jobs.describing import described, errors_in, page_of
from service.jobs.job import MOST_ERRORS, OPEN, Job, JobPage, JobStatus
from service.jobs.reading import JobReader
from service.jobs.records import Accepted, Asker, JobRecords
from service.jobs.results import JobResults
from service.settings import Settings
from service.store.database import Database
from service.store.engine import CONNECTIONS
from service.store.listing import Cursor
from service.studies.sweep import SweepSpec

T = TypeVar("T")

GLANCE_SECONDS = 0.25
"""How often a job that is watched is looked at."""


class Jobs:
    """Accepts work, tells how far it is, and stops it; what does it is another process."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._records = JobRecords(database)
        self._results = JobResults(database)
        self.results = JobReader(database)
        self.assignments = Assignments(database)
        self._database = database
        self._aside = Aside(settings)
        self._threads = CapacityLimiter(CONNECTIONS)

    async def sweep(self, spec: SweepSpec, asker: Asker) -> Job:
        """Accept a sweep; MisplacedAxis, IdempotencyConflict, QueueFull or StoreUnavailable."""
        return await self._accepted(partial(accepted_sweep, spec, self._settings), asker)

    async def grade(self, assignment: str, batch: BatchSpec, asker: Asker) -> Job:
        """Accept the gradings of a class; AssignmentNotFound, FlawedRubric, and what `sweep` raises."""
        rubric = (await self.assignments.get(assignment)).rubric
        return await self._accepted(partial(accepted_gradings, rubric, batch, self._settings), asker)

    async def job(self, job: str) -> Job:
        """The job with that id, with its first errors; JobNotFound or StoreUnavailable."""
        return await self._in_thread(partial(self._job, job))

    async def page(self, limit: int, after: Cursor | None = None, status: JobStatus | None = None) -> JobPage:
        """At most `limit` jobs, the newest first."""
        rows = await self._in_thread(partial(self._records.page, limit + 1, after, status))
        return page_of(rows, limit)

    async def cancel(self, job: str) -> Job:
        """End a job that has not ended: its processors are free within two seconds."""
        await self._in_thread(partial(self._records.end, job, JobStatus.CANCELLED))
        return await self.job(job)

    async def watch(self, job: str, after: int = -1, stopping: Event | None = None) -> AsyncIterator[Job]:
        """The job whenever more than `after` items are done, or its status is another, until it has ended.

        Nothing is told while the database fails; once `stopping` is set, nothing more.
        """
        stop = stopping or Event()
        seen: tuple[int, JobStatus | None] = (after, None)
        while not stop.is_set():
            found = await self._glance(job)
            if found is not None and _is_news(found, seen):
                yield found
            if found is not None and found.status not in OPEN:
                return
            seen = seen if found is None else (max(found.progress.done, seen[0]), found.status)
            with move_on_after(GLANCE_SECONDS):
                await stop.wait()

    async def run(self) -> None:
        """See to it that jobs are worked on, until cancelled."""
        await self._aside.run(self._has_work)

    async def under_way(self) -> dict[JobStatus, int]:
        """How many jobs are in each status that has not ended; StoreUnavailable. Whoever waits for it may leave."""
        work = self._records.under_way
        return await to_thread.run_sync(work, limiter=self._threads, abandon_on_cancel=True)

    async def close(self) -> None:
        """Let go of the database."""
        await self._in_thread(self._database.close)

    async def _accepted(self, request: Callable[[], Accepted], asker: Asker) -> Job:
        job = await self._in_thread(partial(self._accept, request, asker))
        self._aside.wake()
        return job

    def _accept(self, request: Callable[[], Accepted], asker: Asker) -> Job:
        accepted = request()
        under_way = self._records.open_count()
        if under_way >= self._settings.job_limit and not self._records.knows(asker):
            raise QueueFull(under_way, self._settings.job_limit, ceil(accepted.estimated_seconds))
        row = self._records.accept(accepted, asker)
        return described(row, [])

    def _has_work(self) -> bool:
        return self._records.open_count() > 0

    def _job(self, job: str) -> Job:
        row: Row[Any] = self._records.get(job)
        failed = self._results.failures(job, MOST_ERRORS) if row.failed else []
        return described(row, errors_in(failed))

    async def _glance(self, job: str) -> Job | None:
        try:
            return await self.job(job)
        except StoreUnavailable:
            return None

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await to_thread.run_sync(work, limiter=self._threads)


def _is_news(found: Job, seen: tuple[int, JobStatus | None]) -> bool:
    """Whether more is done, the status is another, or it has ended."""
    done, status = seen
    return found.progress.done > done or status not in (None, found.status) or found.status not in OPEN
