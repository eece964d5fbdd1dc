"""What an executor does for jobs: it hands their chunks out, works on them, and stops when they are cancelled.

Whatever it does may be done again by another executor, at the same time or later: results are kept once.
"""

import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from anyio import CancelScope, sleep, to_thread
from pydantic import ValidationError
from sqlalchemy import Row

from service.errors import JobNotFound, Refusal, StoreUnavailable
from service.jobs.job import OPEN, JobKind, JobStatus
from service.jobs.records import JobRecords
from service.jobs.results import JobResults
from service.jobs.work.base import Means, Opened
from service.jobs.work.kinds import WORKS
from service.results import ItemError
from service.studies.apart import apart
from service.studies.evaluation import Lines

T = TypeVar("T")
Enqueue = Callable[[str, int, str], Awaitable[None]]

ABANDONED = ItemError(
    code="abandoned",
    detail="Whoever worked on this has died each time before it was done; it is not tried again.",
    pointer=None,
)
LONGEST_FAULT = 500
_JOBS_AT_ONCE = 8
_AGAIN_SECONDS = 1.0
_CHUNKS_BETWEEN_LOOKS = 50

_log = logging.getLogger("service.jobs")


class Acting:
    """Works on the jobs of one database by means of one pool of processes."""

    def __init__(self, records: JobRecords, results: JobResults, means: Means) -> None:
        self._records = records
        self._results = results
        self._means = means
        self._opened: OrderedDict[str, Opened] = OrderedDict()
        self._running: dict[str, set[CancelScope]] = {}

    async def dispatch(self, job: str, enqueue: Enqueue) -> None:
        """Prepare a job, and hand all of its chunks out; those that were handed out before are so once."""
        row = await self._row(job)
        if row is None:
            return
        if not await self._begin(row):
            return
        for number, start in enumerate(range(0, row.total, row.chunk)):
            if number % _CHUNKS_BETWEEN_LOOKS == 0 and await self._row(job) is None:
                return
            await enqueue(job, start, row.owner or job)

    async def chunk(self, job: str, start: int) -> None:
        """Work on the items of a job from `start` on, and keep their results; nothing where they are there already."""
        row = await self._row(job)
        if row is None or await _surely(partial(self._results.has, job, start)):
            return
        with self._cancellable(job) as scope:
            opened = await self._open(row)
            found = Lines() if opened is None else await self._lines(opened, row.kind, _items(row, start))
        if opened is None or scope.cancelled_caught:
            return
        for defect in found.defects:
            _log.error("a defect met job %s:\n%s", job, defect)
        await _surely(partial(self._results.keep, job, start, found.lines, found.failed))

    async def give_up(self, job: str, start: int) -> None:
        """Each of the items from `start` on gets an error as its result; the job ends where it was to be dispatched."""
        row = await self._row(job)
        if row is None:
            return
        if start < 0:
            await self._fail(job, ABANDONED.detail)
            return
        opened = await self._open(row)
        if opened is not None:
            lines = [WORKS[JobKind(row.kind)].failed(opened, index, ABANDONED) for index in _items(row, start)]
            await _surely(partial(self._results.keep, job, start, lines, len(lines)))

    async def stop_ended(self) -> None:
        """Stop the work on jobs that have ended; their processes are killed."""
        running = set(self._running)
        ended = await to_thread.run_sync(self._records.ended, running) if running else set()
        for scope in [scope for job in ended for scope in self._running.get(job, ())]:
            scope.cancel()

    async def _begin(self, row: Row[Any]) -> bool:
        """Prepare a job, unless that was done before; whether it can be worked on."""
        request, prepared = await _surely(partial(self._records.request, row.id))
        try:
            if prepared is None:
                prepared = await WORKS[JobKind(row.kind)].prepare(request, self._means)
        except (Refusal, ValidationError) as refusal:
            await self._fail(row.id, str(refusal))
            return False
        return await _surely(partial(self._records.start, row.id, prepared)) and await self._open(row) is not None

    async def _fail(self, job: str, fault: str) -> None:
        await _surely(partial(self._records.end, job, JobStatus.FAILED, fault[:LONGEST_FAULT]))

    async def _row(self, job: str) -> Row[Any] | None:
        """The job, where it is still to be worked on."""
        try:
            row = await _surely(partial(self._records.get, job))
        except JobNotFound:
            return None
        return row if row.status in OPEN else None

    async def _open(self, row: Row[Any]) -> Opened | None:
        """The job, ready to be worked on; a request of another version that cannot be read ends it."""
        if row.id not in self._opened:
            request, prepared = await _surely(partial(self._records.request, row.id))
            try:
                opened = await to_thread.run_sync(WORKS[JobKind(row.kind)].opened, row.id, request, prepared)
            except (Refusal, ValidationError) as refusal:
                await self._fail(row.id, str(refusal))
                return None
            self._opened[row.id] = opened
        self._opened.move_to_end(row.id)
        while len(self._opened) > _JOBS_AT_ONCE:
            self._opened.popitem(last=False)
        return self._opened[row.id]

    async def _lines(self, opened: Opened, kind: str, items: range) -> Lines:
        work = WORKS[JobKind(kind)]
        return await apart(items, lambda some: work.lines(opened, some, self._means), partial(work.failed, opened))

    @contextmanager
    def _cancellable(self, job: str) -> Iterator[CancelScope]:
        with CancelScope() as scope:
            self._running.setdefault(job, set()).add(scope)
            try:
                yield scope
            finally:
                self._running[job].discard(scope)
                self._running = {one: scopes for one, scopes in self._running.items() if scopes}


def _items(row: Row[Any], start: int) -> range:
    """The items of the chunk that begins with `start`."""
    return range(start, min(start + row.chunk, row.total))


async def _surely(work: Callable[[], T]) -> T:
    """What `work` returns, tried until the database can be had: a chunk outlives an outage."""
    while True:
        try:
            return await to_thread.run_sync(work)
        except StoreUnavailable:
            await sleep(_AGAIN_SECONDS)
