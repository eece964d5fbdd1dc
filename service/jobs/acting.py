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

from service.core.errors import BudgetExceeded, DeadlineExceeded, JobNotFound, SpecError, StoreUnavailable
from service.core.version import ENGINE_VERSION
from service.jobs.job import OPEN, JobKind, JobStatus
from service.jobs.records import JobRecords
from service.jobs.results import JobResults
from service.jobs.turns import Turns
from service.jobs.work.base import Means, Opened
from service.jobs.work.kinds import WORKS
from service.simulation.results import ItemError
from service.studies.evaluation import ChunkResult, bisect_failures

T = TypeVar("T")
Enqueue = Callable[[str, int, str], Awaitable[None]]

MOST_ATTEMPTS = 5
"""So often is a chunk begun; one that is never ended is an error after that."""
MOST_DISPATCHES = 25
"""So often is a job dispatched: what ends the executor is rather one of the chunks beside."""
ABANDONED = ItemError(
    code="abandoned",
    detail="It was begun again and again and never came to its end; it is not tried once more.",
    pointer=None,
)
UNWORKABLE = (SpecError, BudgetExceeded, DeadlineExceeded, ValidationError)
"""What ends a job when it is prepared or opened, for it would be so every time."""
WHOLE = -1
"""Where what is done for a job as a whole begins."""
LONGEST_FAULT = 500
_JOBS_AT_ONCE = 8
_AGAIN_SECONDS = 1.0
_CHUNKS_BETWEEN_LOOKS = 50

_log = logging.getLogger("service.jobs")


class Acting:
    """Works on the jobs of one database by means of one pool of processes."""

    def __init__(self, records: JobRecords, results: JobResults, means: Means, at_once: int = 1) -> None:
        self._records = records
        self._results = results
        self._means = means
        self._turns = Turns(at_once)
        self._opened: OrderedDict[str, Opened] = OrderedDict()
        self._running: dict[str, set[CancelScope]] = {}
        self.busy: set[tuple[str, int]] = set()
        """What is being done: jobs with the starts of their chunks."""

    async def dispatch(self, job: str, enqueue: Enqueue) -> None:
        """Prepare a job, and hand all of its chunks out; those that were handed out before are so once."""
        with self._doing(job, WHOLE):
            await self._dispatch(job, enqueue)

    async def chunk(self, job: str, start: int) -> None:
        """Work on the items of a job from `start` on, and keep their results; nothing where they are there already."""
        found: ChunkResult | None = None
        with self._doing(job, start):
            found = await self._chunk(job, start)
        if found is None:
            return
        for defect in found.defects:
            _log.error("a defect met job %s:\n%s", job, defect)
        await _surely(partial(self._results.keep, job, start, found.lines, found.failed))

    async def stop_ended(self) -> None:
        """Stop the work on jobs that have ended; their processes are killed."""
        running = set(self._running)
        ended = await to_thread.run_sync(self._records.ended, running) if running else set()
        for scope in [scope for job in ended for scope in self._running.get(job, ())]:
            scope.cancel()

    async def _dispatch(self, job: str, enqueue: Enqueue) -> None:
        row = await self._row(job)
        if row is None:
            return
        if await _surely(partial(self._records.attempt, job, WHOLE)) > MOST_DISPATCHES:
            await self._fail(job, ABANDONED.detail)
        elif await self._begin(row):
            await self._hand_out(row, enqueue)

    async def _hand_out(self, row: Row[Any], enqueue: Enqueue) -> None:
        for number, start in enumerate(range(0, row.total, row.chunk)):
            if number % _CHUNKS_BETWEEN_LOOKS == 0 and await self._row(row.id) is None:
                return
            await enqueue(row.id, start, row.owner or row.id)

    async def _chunk(self, job: str, start: int) -> ChunkResult | None:
        """The results of a chunk, unless there is nothing to be done for it."""
        row = await self._row(job)
        if row is None or await _surely(partial(self._results.has, job, start)):
            return None
        opened = await self._open(row)
        if opened is None:
            return None
        begun = await _surely(partial(self._records.attempts, job, start))
        async with self._turns.taken(alone=begun > 0):  # who was begun before may have ended all that were beside it
            attempts = await _surely(partial(self._records.attempt, job, start))
            if attempts > MOST_ATTEMPTS:
                return _abandoned(opened, row, start)
            return await self._lines(opened, row.kind, _items(row, start))

    async def _begin(self, row: Row[Any]) -> bool:
        """Prepare a job, unless that was done before; whether it can be worked on. What raises is tried again."""
        request, prepared = await _surely(partial(self._records.request, row.id))
        try:
            prepared = await self._prepared(row, request, prepared)
        except UNWORKABLE as refusal:
            await self._fail(row.id, str(refusal))
            return False
        return await _surely(partial(self._records.start, row.id, prepared)) and await self._open(row) is not None

    async def _prepared(self, row: Row[Any], request: bytes, prepared: bytes | None) -> bytes | None:
        """What is worked out once for all items; another version of the engine has other numbers."""
        if prepared is not None and row.engine_version == ENGINE_VERSION:
            return prepared
        return await WORKS[JobKind(row.kind)].prepare(request, self._means)

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
                prepared = await self._prepared(row, request, prepared)
                opened = await to_thread.run_sync(WORKS[JobKind(row.kind)].opened, row.id, request, prepared)
            except UNWORKABLE as refusal:
                await self._fail(row.id, str(refusal))
                return None
            self._opened[row.id] = opened
        self._opened.move_to_end(row.id)
        while len(self._opened) > _JOBS_AT_ONCE:
            self._opened.popitem(last=False)
        return self._opened[row.id]

    async def _lines(self, opened: Opened, kind: str, items: range) -> ChunkResult:
        work = WORKS[JobKind(kind)]
        return await bisect_failures(
            items, lambda some: work.lines(opened, some, self._means), partial(work.failed, opened)
        )

    @contextmanager
    def _doing(self, job: str, start: int) -> Iterator[None]:
        """What is done inside is known, and stops when the job ends."""
        with CancelScope() as scope:
            self.busy.add((job, start))
            self._running.setdefault(job, set()).add(scope)
            try:
                yield
            finally:
                self.busy.discard((job, start))
                self._running[job].discard(scope)
                self._running = {one: scopes for one, scopes in self._running.items() if scopes}


def _items(row: Row[Any], start: int) -> range:
    """The items of the chunk that begins with `start`."""
    return range(start, min(start + row.chunk, row.total))


def _abandoned(opened: Opened, row: Row[Any], start: int) -> ChunkResult:
    items = _items(row, start)
    _log.error("the chunk of job %s that begins with %d is given up", row.id, start)
    return ChunkResult([WORKS[JobKind(row.kind)].failed(opened, index, ABANDONED) for index in items], len(items))


async def _surely(work: Callable[[], T]) -> T:
    """What `work` returns, tried until the database can be had: a chunk outlives an outage."""
    while True:
        try:
            return await to_thread.run_sync(work)
        except StoreUnavailable:
            await sleep(_AGAIN_SECONDS)
