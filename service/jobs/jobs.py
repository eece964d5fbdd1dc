"""Jobs and assignments as the rest of the service sees them: accepted, watched, cancelled."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from math import ceil
from typing import Any

from anyio import Event, create_task_group, sleep
from sqlalchemy import Row

from service.core.clock import now
from service.core.context import request_context
from service.core.errors import AssignmentNotFound, QueueFull, QuotaExceeded, StoreUnavailable
from service.core.payload import Payload
from service.core.settings import Settings
from service.grading.batch import KeptRubric
from service.grading.spec import RubricSpec
from service.grading.tasks import assignment_json, kept_text
from service.jobs.acceptance import Desk, accepted_job, asked_digest
from service.jobs.heartbeats import BEAT_SECONDS, ExecutorRow, Heartbeats
from service.jobs.job import MOST_ERRORS, FailedItem, Job, JobPage, JobStatus
from service.jobs.liveness import liveness_of
from service.jobs.lookout import Lookout
from service.jobs.reader import JobReader
from service.jobs.records import JobRecords, Requester
from service.jobs.results import JobResults
from service.jobs.supervisor import WorkerSupervisor
from service.jobs.work import WORKS
from service.jobs.work.base import Accepted
from service.processes.flights import Threads
from service.processes.pool import ProcessPool
from service.simulation.estimate import OPERATIONS_PER_SECOND
from service.store.assignments import AssignmentStore, Check, allow
from service.store.database import Database
from service.store.listing import Cursor
from service.store.space import Space

_TIDY_SECONDS = 600.0  # between two searches for old jobs


class Assignments:
    """Rubrics under names, checked before they are kept; StoreUnavailable where the database fails."""

    def __init__(self, database: Database, space: Space, desk: Desk) -> None:
        self._store = AssignmentStore(database, space=space)
        self._desk = desk
        self._threads = Threads()

    async def put(
        self, name: str, payload: Payload[RubricSpec], owner: str = "", *, of_all: bool = False, check: Check = allow
    ) -> bytes:
        """Keep a rubric under a name: the assignment as JSON; FlawedRubric, or another SpecError.

        AssignmentConflict where another owner has that name, unless it is put `of_all`; StoreFull; what
        `check` raises of the one that is there.
        """
        text = await self._desk.opened(payload, partial(kept_text, payload))
        kept = await self._threads.run(self._store.put, name, text, owner, of_all=of_all, check=check)
        return await self._written(kept)

    async def get(self, name: str, owner: str | None = None) -> tuple[bytes, str]:
        """The assignment of that name as JSON, of that owner if one is given, and its version; AssignmentNotFound."""
        kept = await self._threads.run(self._store.get, name, owner)
        return await self._written(kept), kept.version

    async def drop(self, name: str, owner: str | None = None, check: Check = allow) -> None:
        """Forget an assignment, of that owner where one is given; AssignmentNotFound, or what `check` raises of it."""
        await self._threads.run(self._store.drop, name, owner, check)

    async def _written(self, kept: KeptRubric) -> bytes:
        return await self._desk.opened(Payload(kept.text, bytes), partial(assignment_json, kept))


class Jobs:
    """Accepts jobs, shows how far they are, and cancels them; executors work on them, in other processes."""

    def __init__(self, settings: Settings, database: Database, pool: ProcessPool | None = None) -> None:
        self._settings = settings
        self._desk = Desk(pool)
        space = Space.of(settings)
        self._records = JobRecords(database, space=space)
        self._results = JobResults(database)
        self.results = JobReader(database, self._desk)
        self.assignments = Assignments(database, space, self._desk)
        self._database = database
        self._heartbeats = Heartbeats(Database(settings.database_url), liveness_of(settings.database_url, ""))
        self._alive, self._lost = 0, set[str]()
        self._lookout = Lookout(self._look)
        self._supervisor = WorkerSupervisor(settings)
        self._threads = Threads()

    async def accept(self, kind: str, payload: Payload[Any], requester: Requester, parent: str = "") -> Job:
        """Accept a request for a job of that kind, which was sent to the resource `parent`, if to any.

        What its kind raises, IdempotencyConflict, QueueFull, StoreFull or StoreUnavailable.
        """
        asked = ""
        if requester.idempotency_key:
            asked = await self._desk.opened(payload, partial(asked_digest, payload, parent))
        known = await self._threads.run(self._records.known, requester, asked)
        if known is not None:
            return Job.of(known)
        try:
            found = await self._threads.run(WORKS[kind].parent, parent, self._database)
        except AssignmentNotFound:
            await self._desk.opened(payload, partial(asked_digest, payload, parent))  # its own faults come first
            raise
        accepted = await self._desk.opened(payload, partial(accepted_job, kind, payload, found, self._settings))
        row = await self._threads.run(self._kept, accepted, requester, asked)
        self._supervisor.wake()
        return Job.of(row)

    async def job(self, job: str, owner: str | None = None) -> Job:
        """The job with that id, with its first errors; JobNotFound, as for another `owner`, or StoreUnavailable."""
        return await self._threads.run(self._job, job, owner)

    async def page(
        self, limit: int, after: Cursor | None = None, status: JobStatus | None = None, owner: str | None = None
    ) -> JobPage:
        """At most `limit` jobs, the newest first, of that owner where one is given."""
        rows = await self._threads.run(self._records.page, limit + 1, after, status, owner)
        return JobPage.of(rows, limit)

    async def cancel(self, job: str, owner: str | None = None) -> Job:
        """End a job that has not ended: its processors are free within two seconds; JobNotFound, as `job` does."""
        await self._threads.run(self._records.end, job, JobStatus.CANCELLED, owner=owner)
        return await self.job(job, owner)

    async def purge(self, job: str, owner: str | None = None) -> Job:
        """End a job, and drop it with all its results; the job as it was. JobNotFound, as `job` does."""
        found = await self.cancel(job, owner)
        await self._threads.run(self._records.delete, job, owner)
        return found

    def watch(self, job: str, after: int = -1, stopping: Event | None = None) -> AsyncGenerator[Job]:
        """The job whenever it has come further than to its event `after`, until it has ended; nothing if it has.

        It pauses while the database fails, and ends once `stopping` is set; JobNotFound where the job is not kept.
        """
        return self._lookout.watch(job, after, stopping or Event())

    @property
    def watchers(self) -> int:
        """How many watch jobs now."""
        return self._lookout.watchers

    @property
    def executors_alive(self) -> int:
        """How many processes that work on jobs have been heard of, as far as this service has looked."""
        return self._alive

    @property
    def executors_lost(self) -> int:
        """How many of them hung, and were given up, since this service has started."""
        return len(self._lost)

    async def run(self) -> None:
        """Start executors while there are jobs, replace those that hang, and drop old jobs, until cancelled."""
        async with create_task_group() as background:
            background.start_soon(self._drop_old)
            background.start_soon(self._watch_executors)
            await self._supervisor.run(self._has_work)

    async def under_way(self) -> dict[JobStatus, int]:
        """How many jobs are in each status that has not ended; StoreUnavailable. A cancelled caller leaves at once."""
        return await self._threads.glance(self._records.under_way)

    async def stored_bytes(self) -> dict[str, int]:
        """The bytes of everything that is stored, by what it is; StoreUnavailable. Who is cancelled leaves at once."""
        return await self._threads.glance(self._records.stored_bytes)

    async def close(self) -> None:
        """Close the connections to the database."""
        await self._threads.run(self._heartbeats.close)
        await self._threads.run(self._database.close)

    def _kept(self, accepted: Accepted, requester: Requester, asked: str) -> Row[Any]:
        """The job as it is kept; QueueFull, QuotaExceeded, StoreFull, IdempotencyConflict."""
        queue = self._records.queue()
        if len(queue) >= self._settings.job_limit:
            raise QueueFull(len(queue), self._settings.job_limit, _until_one_ends(queue))
        self._check_quota(accepted, [one for one in queue if one[0] == requester.owner])
        return self._records.accept(accepted, requester, asked)

    def _check_quota(self, accepted: Accepted, own: Sequence[tuple[str, float]]) -> None:
        """Raise QuotaExceeded where that is more than who asks may have under way, beside what is its `own`."""
        quota = request_context().caller.quotas.queued_operations
        a_second = OPERATIONS_PER_SECOND * max(1, self._settings.job_workers)  # estimates are for all processes
        waiting = a_second * sum(seconds for _, seconds in own)
        more = a_second * accepted.estimated_seconds
        if quota is not None and waiting + more > quota:
            raise QuotaExceeded(waiting, more, quota, _until_one_ends(own))

    async def _drop_old(self) -> None:
        """Drop the jobs that ended long ago, every ten minutes."""
        while True:
            with suppress(StoreUnavailable):
                before = now() - timedelta(days=self._settings.job_retention_days)
                await self._threads.run(self._records.drop, before)
            await sleep(_TIDY_SECONDS)

    async def _watch_executors(self) -> None:
        """Look at the executors each second, and end that of this service where it is lost."""
        while True:
            with suppress(StoreUnavailable):
                self._replace_lost(await self._threads.run(self._heartbeats.look))
            await sleep(BEAT_SECONDS)

    def _replace_lost(self, found: Sequence[ExecutorRow]) -> None:
        """Count them, and end that of this service where it is lost: it is started again."""
        lost = [row for row in found if row.lost]
        self._alive = len(found) - len(lost)
        self._lost |= {row.name for row in lost}
        for row in (row for row in lost if row.here):
            self._supervisor.end(row.pid)

    def _has_work(self) -> bool:
        return self._records.open_count() > 0

    def _job(self, job: str, owner: str | None) -> Job:
        return self._in_full(Job.of(self._records.get(job, owner)))

    def _look(self, before: Mapping[str, int]) -> dict[str, Job | None]:
        """Those jobs that are further than these events, with their first errors; None for what is not kept."""
        found = {row.id: Job.of(row) for row in self._records.some(before)}
        gone: dict[str, Job | None] = {job: None for job in before if job not in found}
        return gone | {job: self._in_full(one) for job, one in found.items() if one.event > before[job]}

    def _in_full(self, found: Job) -> Job:
        """The job with its first errors."""
        failed = self._results.failures(found.id, MOST_ERRORS) if found.progress.failed else []
        return found.model_copy(update={"errors": FailedItem.first_in(failed)})


def _until_one_ends(queue: Sequence[tuple[str, float]]) -> int:
    """In how many seconds the first of these jobs ends, by the estimates: owners have the same turn."""
    shares = len({owner for owner, _ in queue})
    least = min((seconds for _, seconds in queue), default=0.0)
    return max(1, ceil(min(least * shares, sum(seconds for _, seconds in queue))))
