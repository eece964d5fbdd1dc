"""Jobs as the rest of the service sees them: accepted, told of, cancelled."""

from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from hashlib import sha256
from math import ceil
from typing import Any, TypeVar

from anyio import CapacityLimiter, Event, create_task_group, move_on_after, sleep, to_thread
from pydantic import BaseModel
from sqlalchemy import Row

from service.core.errors import QueueFull, StoreUnavailable
from service.core.settings import Settings
from service.grading.batch import BatchSpec
from service.jobs.accepting import accepted_gradings, accepted_sweep
from service.jobs.aside import Aside
from service.jobs.assigning import Assignments
from service.jobs.describing import described, errors_in, page_of
from service.jobs.job import MOST_ERRORS, OPEN, Job, JobPage, JobStatus
from service.jobs.reading import JobReader
from service.jobs.records import Accepted, Asker, JobRecords, now
from service.jobs.results import JobResults
from service.store.archive import TIDY_SECONDS
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
        return await self._accepted(partial(accepted_sweep, spec, self._settings), asker, partial(_written, "", spec))

    async def grade(self, assignment: str, batch: BatchSpec, asker: Asker) -> Job:
        """Accept the gradings of a class; AssignmentNotFound, FlawedRubric, and what `sweep` raises."""
        request = partial(self._gradings, assignment, batch)
        return await self._accepted(request, asker, partial(_written, assignment, batch))

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
                yield await self._in_full(found)
            if found is not None and found.status not in OPEN:
                return
            seen = seen if found is None else (max(found.progress.done, seen[0]), found.status)
            with move_on_after(GLANCE_SECONDS):
                await stop.wait()

    async def run(self) -> None:
        """See to it that jobs are worked on, until cancelled."""
        async with create_task_group() as beside:
            beside.start_soon(self._drop_old)
            await self._aside.run(self._has_work)

    async def under_way(self) -> dict[JobStatus, int]:
        """How many jobs are in each status that has not ended; StoreUnavailable. Whoever waits for it may leave."""
        work = self._records.under_way
        return await to_thread.run_sync(work, limiter=self._threads, abandon_on_cancel=True)

    async def close(self) -> None:
        """Let go of the database."""
        await self._in_thread(self._database.close)

    async def _accepted(self, request: Callable[[], Accepted], asker: Asker, written: Callable[[], str]) -> Job:
        job = await self._in_thread(partial(self._accept, request, asker, written))
        self._aside.wake()
        return job

    def _accept(self, request: Callable[[], Accepted], asker: Asker, written: Callable[[], str]) -> Job:
        asked = written() if asker.idempotency_key else ""
        known = self._records.known(asker, asked)
        if known is not None:
            return described(known, [])
        accepted = request()
        under_way = self._records.open_count()
        if under_way >= self._settings.job_limit:
            raise QueueFull(under_way, self._settings.job_limit, ceil(accepted.estimated_seconds))
        return described(self._records.accept(accepted, asker, asked), [])

    def _gradings(self, assignment: str, batch: BatchSpec) -> Accepted:
        return accepted_gradings(self.assignments.rubric(assignment), batch, self._settings)

    async def _drop_old(self) -> None:
        """Drop the jobs that have ended long ago, again and again."""
        while True:
            with suppress(StoreUnavailable):
                before = now() - timedelta(days=self._settings.job_retention_days)
                await self._in_thread(partial(self._records.drop, before))
            await sleep(TIDY_SECONDS)

    def _has_work(self) -> bool:
        return self._records.open_count() > 0

    def _job(self, job: str) -> Job:
        row: Row[Any] = self._records.get(job)
        failed = self._results.failures(job, MOST_ERRORS) if row.failed else []
        return described(row, errors_in(failed))

    async def _glance(self, job: str) -> Job | None:
        """The job without its errors; None while the database fails."""
        try:
            return described(await self._in_thread(partial(self._records.get, job)), [])
        except StoreUnavailable:
            return None

    async def _in_full(self, found: Job) -> Job:
        """The job with its errors, as far as they can be had."""
        with suppress(StoreUnavailable):
            return await self.job(found.id) if found.progress.failed else found
        return found

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await to_thread.run_sync(work, limiter=self._threads)


def _written(where: str, what: BaseModel) -> str:
    """A digest of what was sent, whatever version of the service reads it."""
    return sha256(f"{where}\n{what.model_dump_json()}".encode()).hexdigest()


def _is_news(found: Job, seen: tuple[int, JobStatus | None]) -> bool:
    """Whether more is done, the status is another, or it has ended."""
    done, status = seen
    return found.progress.done > done or status not in (None, found.status) or found.status not in OPEN
