"""Jobs as the rest of the service sees them: accepted, told of, cancelled, read."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import Any, TypeVar
from uuid import uuid4

from anyio import CapacityLimiter, Event, move_on_after, to_thread
from sqlalchemy import Row

from service.errors import QueueFull, ResultNotFound, SpecError, StoreUnavailable
from service.grading.batch import Assignment, BatchRequest, BatchSpec, digest_of
from service.grading.formats import FormatName
from service.grading.grade import check, plans_of
from service.grading.spec import Rubric
from service.jobs.aside import Aside
from service.jobs.describing import described, errors_in, page_of
from service.jobs.exporting import bundle, written
from service.jobs.job import MOST_ERRORS, OPEN, Job, JobKind, JobPage, JobStatus
from service.jobs.records import Accepted, Asker, JobRecords
from service.jobs.results import JobResults
from service.jobs.size import chunk_of, seconds_a_point, seconds_a_sheet
from service.jobs.work.kinds import WORKS
from service.settings import Settings
from service.simulation.estimate import Limits, check_budgets
from service.store.assignments import AssignmentStore
from service.store.database import Database
from service.store.engine import CONNECTIONS
from service.store.listing import Cursor
from service.studies.sweep import Grid, SweepSpec
from service.tables import csv_line
from service.version import ENGINE_VERSION

T = TypeVar("T")

GLANCE_SECONDS = 0.25
"""How often a job that is watched is looked at."""
_LINES_AT_ONCE = 2000


@dataclass(frozen=True)
class Found:
    """The request of a job as JSON, and the results it has so far, a line of JSON each."""

    kind: JobKind
    request: bytes
    lines: list[bytes]


class Jobs:
    """Accepts work and tells how far it is; what does it is another process."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._records = JobRecords(database)
        self._results = JobResults(database)
        self._assignments = AssignmentStore(database)
        self._database = database
        self._aside = Aside(settings)
        self._threads = CapacityLimiter(CONNECTIONS)

    async def sweep(self, spec: SweepSpec, asker: Asker) -> Job:
        """Accept a sweep; MisplacedAxis, IdempotencyConflict, QueueFull or StoreUnavailable."""
        return await self._accepted(partial(self._sweep, spec), asker)

    async def grade(self, assignment: str, batch: BatchSpec, asker: Asker) -> Job:
        """Accept the gradings of a class; AssignmentNotFound, FlawedRubric, and what `sweep` raises."""
        return await self._accepted(partial(self._gradings, assignment, batch), asker)

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

    async def results(self, job: str, first: int, limit: int) -> bytes:
        """A page of results from the item `first` on, as JSON; its cursor is null once there is nothing to come."""
        found = await self._in_thread(partial(self._records.get, job))
        lines = await self._in_thread(partial(self._results.lines, job, first, limit))
        reached = first + len(lines)
        over = reached >= found.total or (found.status not in OPEN and len(lines) < limit)
        cursor = b"null" if over else b'"%d"' % reached
        return b'{"items":[%s],"next_cursor":%s}' % (b",".join(lines), cursor)

    async def result(self, job: str, index: int) -> bytes:
        """One result, as JSON; JobNotFound or ResultNotFound."""
        found = await self._in_thread(partial(self._records.get, job))
        lines = await self._in_thread(partial(self._results.line, job, index))
        if not lines:
            raise ResultNotFound(
                "The job has not come to this item yet." if index < found.total else "The job has no such item.",
                index=index,
                total=found.total,
            )
        return lines[0]

    async def graded(self, job: str, index: int, wanted: FormatName) -> bytes:
        """One result as a platform reads it, that of a sweep as it is; raises what `result` raises."""
        found = await self._in_thread(partial(self._records.get, job))
        line = await self.result(job, index)
        return line if found.kind == JobKind.SWEEP else await self._in_thread(partial(written, line, wanted))

    async def bundle(self, job: str, wanted: FormatName) -> bytes:
        """A ZIP of the gradings so far as a platform reads them, and of their table; ResultNotFound for a sweep."""
        found = await self.found(job)
        if found.kind is not JobKind.GRADINGS:
            raise ResultNotFound("Only the results of gradings can be had as a ZIP; those of a sweep are a table.")
        return await self._in_thread(partial(bundle, found.request, found.lines, wanted))

    async def table(self, job: str) -> AsyncIterator[bytes]:
        """The results as lines of CSV (RFC 4180), below a row of names."""
        found = await self._in_thread(partial(self._records.get, job))
        request, _ = await self._in_thread(partial(self._records.request, job))
        work = WORKS[JobKind(found.kind)]
        header = await self._in_thread(partial(work.header, request))
        row = partial(work.row, columns=len(header))
        yield csv_line(header)
        first = 0
        while lines := await self._in_thread(partial(self._results.lines, job, first, _LINES_AT_ONCE)):
            yield await self._in_thread(partial(_rows, row, lines))
            first += len(lines)

    async def found(self, job: str) -> Found:
        """The request and all results so far, for whoever draws them; JobNotFound or StoreUnavailable."""
        row = await self._in_thread(partial(self._records.get, job))
        request, _ = await self._in_thread(partial(self._records.request, job))
        lines = await self._in_thread(partial(self._results.lines, job, 0, row.total))
        return Found(JobKind(row.kind), request, lines)

    async def put_assignment(self, name: str, rubric: Rubric) -> Assignment:
        """Keep a rubric under a name; FlawedRubric or StoreUnavailable."""
        return await self._in_thread(partial(self._put, name, rubric))

    async def assignment(self, name: str) -> Assignment:
        """The assignment of that name; AssignmentNotFound or StoreUnavailable."""
        return await self._in_thread(partial(self._assignments.get, name))

    async def drop_assignment(self, name: str) -> None:
        """Forget an assignment; AssignmentNotFound or StoreUnavailable."""
        await self._in_thread(partial(self._assignments.drop, name))

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
        if under_way >= self._settings.job_limit:
            raise QueueFull(under_way, self._settings.job_limit, ceil(accepted.estimated_seconds))
        row = self._records.accept(accepted, asker)
        return described(row, [])

    def _put(self, name: str, rubric: Rubric) -> Assignment:
        try:
            check(rubric)
            plans_of(rubric)
        except SpecError as error:
            error.pointer = (error.pointer or "").removeprefix("/rubric")  # the rubric is all that was sent
            raise
        return self._assignments.put(name, rubric)

    def _sweep(self, spec: SweepSpec) -> Accepted:
        seconds = seconds_a_point(Grid(spec))
        body = spec.model_dump_json().encode()
        return self._of_size(JobKind.SWEEP, spec.digest(), (spec.total, seconds), body)

    def _gradings(self, name: str, batch: BatchSpec) -> Accepted:
        rubric = self._assignments.get(name).rubric
        limits = Limits(self._settings.sync_budget_flops, self._settings.memory_bytes_per_worker)
        check(rubric)
        check_budgets(plans_of(rubric), limits)
        request = BatchRequest(rubric=rubric, submissions=batch.submissions).encoded()
        size = (len(batch.submissions), seconds_a_sheet(rubric))
        return self._of_size(JobKind.GRADINGS, digest_of(request), size, request)

    def _of_size(self, kind: JobKind, digest: str, size: tuple[int, float], request: bytes) -> Accepted:
        total, seconds = size
        return Accepted(
            id=uuid4().hex,
            kind=kind,
            digest=digest,
            engine_version=ENGINE_VERSION,
            total=total,
            chunk=chunk_of(total, seconds, self._settings.job_chunk_seconds),
            estimated_seconds=total * seconds / max(1, self._settings.job_workers),
            request=request,
        )

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


def _rows(row: Callable[[bytes], list[Any]], lines: list[bytes]) -> bytes:
    return b"".join(csv_line(row(line)) for line in lines)
