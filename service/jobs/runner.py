"""What an executor does for jobs: it hands their chunks out, works on them, and stops when they are cancelled.

Another executor may do all of it again, at the same time or later: results are kept once.
"""

import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any, ParamSpec, TypeVar

from anyio import CancelScope, Lock, Semaphore, sleep
from pydantic import ValidationError
from sqlalchemy import Row

from service.core.errors import (
    BudgetExceeded,
    DeadlineExceeded,
    JobNotFound,
    SpecError,
    StoreFull,
    StoreUnavailable,
    WorkerNotStarted,
)
from service.core.version import ENGINE_VERSION
from service.jobs.job import OPEN, JobStatus
from service.jobs.records import JobRecords
from service.jobs.results import JobResults
from service.jobs.work import WORKS
from service.jobs.work.base import JobContext, PreparedJob
from service.processes.flights import Threads
from service.simulation.results import ItemError
from service.studies.evaluation import ChunkResult

_P = ParamSpec("_P")
_T = TypeVar("_T")
_Enqueue = Callable[[str, int, str], Awaitable[None]]

_MOST_ATTEMPTS = 5
"""So often is a chunk begun; one that is never ended is an error after that."""
_MOST_DISPATCHES = 25
"""So often is a job dispatched: one of its chunks is more likely to end the executor than the dispatch is."""
_WHOLE = -1
"""Where what is done for a job as a whole begins."""
_ABANDONED = ItemError(
    code="abandoned",
    detail="It was begun again and again and never came to its end; it is not tried once more.",
    pointer=None,
)
_UNWORKABLE = (SpecError, BudgetExceeded, DeadlineExceeded, ValidationError)
"""What ends a job when it is prepared or loaded, for it would be so every time."""
_OUTDATED = "It was accepted by engine {}, and this service computes with engine {}; POST it again."
"""What is said of a job whose results would be those of two engines."""
_LONGEST_FAULT = 500
_JOBS_AT_ONCE = 8
_AGAIN_SECONDS = 1.0
_CHUNKS_BETWEEN_LOOKS = 50

_log = logging.getLogger("service.jobs")


class ChunkRunner:
    """Works on the chunks of the jobs of one database with one pool of processes."""

    def __init__(self, records: JobRecords, results: JobResults, context: JobContext, at_once: int) -> None:
        self._records = records
        self._results = results
        self._context = context
        self._at_once = at_once
        self._slots = Semaphore(at_once)
        self._one_alone = Lock()
        self._threads = Threads()
        self._loaded: OrderedDict[str, PreparedJob] = OrderedDict()
        self._scopes: list[tuple[str, CancelScope]] = []

    async def dispatch(self, job: str, enqueue: _Enqueue) -> None:
        """Prepare a job, and hand all of its chunks out; those that were handed out before are so once."""
        with self._stoppable(job):
            await self._dispatch(job, enqueue)

    async def run(self, job: str, start: int) -> None:
        """Work on the items of a job from `start` on, and keep their results; nothing where they are there already."""
        with self._stoppable(job):
            found = await self._run(job, start)
            if found is None:
                return
            for defect in found.defects:
                _log.error("a defect met job %s:\n%s", job, defect)
            await self._surely(self._results.keep, job, start, found.lines, found.failed)

    def running(self) -> set[str]:
        """The jobs that are being worked on."""
        return {job for job, _ in self._scopes}

    def stop(self, jobs: Collection[str]) -> None:
        """Stop the work on `jobs`, which have ended; their processes are killed."""
        for scope in [scope for job, scope in self._scopes if job in jobs]:
            scope.cancel()

    async def _dispatch(self, job: str, enqueue: _Enqueue) -> None:
        row = await self._open_row(job)
        if row is None:
            return
        dispatches = await self._surely(self._records.attempt, job, _WHOLE)
        if dispatches > _MOST_DISPATCHES:
            await self._fail(job, _ABANDONED.detail)
        elif dispatches and await self._begin(row):
            await self._hand_out(row, enqueue)

    async def _hand_out(self, row: Row[Any], enqueue: _Enqueue) -> None:
        for number, start in enumerate(range(0, row.total, row.chunk)):
            if number % _CHUNKS_BETWEEN_LOOKS == 0 and await self._open_row(row.id) is None:
                return
            await enqueue(row.id, start, row.owner or row.id)

    async def _run(self, job: str, start: int) -> ChunkResult | None:
        """The results of a chunk, unless there is nothing to be done for it."""
        row = await self._open_row(job)
        if row is None or await self._surely(self._results.has, job, start):
            return None
        loaded = await self._load(row)
        if loaded is None:
            return None
        attempts = await self._surely(self._records.attempts, job, start)
        # A chunk that was begun before may have ended all that were beside it.
        async with self._slot(alone=attempts > 0):
            attempts = await self._surely(self._records.attempt, job, start)
            if attempts > _MOST_ATTEMPTS:
                return _abandoned(loaded, row, start)
            return await self._result(loaded, row, start) if attempts else None

    async def _begin(self, row: Row[Any]) -> bool:
        """Prepare a job, unless that was done before; whether it can be worked on. What raises is tried again."""
        request, prepared = await self._surely(self._records.request, row.id)
        try:
            prepared = await self._prepared(row, request, prepared)
            begun = await self._surely(self._records.start, row.id, prepared)
        except (*_UNWORKABLE, StoreFull) as refusal:
            await self._fail(row.id, str(refusal))
            return False
        return begun and await self._load(row) is not None

    async def _prepared(self, row: Row[Any], request: bytes, prepared: bytes | None) -> bytes | None:
        """What is worked out once for all items."""
        return prepared if prepared is not None else await WORKS[row.kind].prepare(request, self._context)

    async def _fail(self, job: str, fault: str) -> None:
        await self._surely(self._records.end, job, JobStatus.FAILED, fault[:_LONGEST_FAULT])

    async def _open_row(self, job: str) -> Row[Any] | None:
        """The job, where it is still to be worked on; one that another version of the engine has accepted ends."""
        try:
            row = await self._surely(self._records.get, job)
        except JobNotFound:
            return None
        if row.status not in OPEN:
            return None
        if row.engine_version != ENGINE_VERSION:
            await self._fail(job, _OUTDATED.format(row.engine_version, ENGINE_VERSION))
            return None
        return row

    async def _load(self, row: Row[Any]) -> PreparedJob | None:
        """The job, ready to be worked on; a request that this version cannot read ends it."""
        if row.id not in self._loaded:
            request, prepared = await self._surely(self._records.request, row.id)
            try:
                prepared = await self._prepared(row, request, prepared)
                loaded = await self._threads.run(WORKS[row.kind].load, request, prepared)
            except _UNWORKABLE as refusal:
                await self._fail(row.id, str(refusal))
                return None
            self._loaded[row.id] = loaded
        self._loaded.move_to_end(row.id)
        while len(self._loaded) > _JOBS_AT_ONCE:
            self._loaded.popitem(last=False)
        return self._loaded[row.id]

    async def _result(self, loaded: PreparedJob, row: Row[Any], start: int) -> ChunkResult:
        """The results of a chunk, as soon as there is a process that works on it."""
        while True:
            try:
                return await WORKS[row.kind].chunk(loaded, _items(row, start), self._context)
            except WorkerNotStarted:  # no attempt of the chunk's: the machine is too busy
                await sleep(_AGAIN_SECONDS)

    @contextmanager
    def _stoppable(self, job: str) -> Iterator[None]:
        """The block ends early where the job has ended."""
        with CancelScope() as scope:
            self._scopes.append((job, scope))
            try:
                yield
            finally:
                self._scopes.remove((job, scope))

    @asynccontextmanager
    async def _slot(self, alone: bool) -> AsyncIterator[None]:
        """A slot beside others, or all of them; one task after the other gathers all, or two would wait for each other.

        DBOS limits how many a process works on, and lets none of them be alone.
        """
        async with AsyncExitStack() as held:
            if alone:
                await held.enter_async_context(self._one_alone)
            for _ in range(self._at_once if alone else 1):
                await held.enter_async_context(self._slots)
            yield

    async def _surely(self, work: Callable[_P, _T], *arguments: _P.args, **named: _P.kwargs) -> _T:
        """What `work` returns, tried until the database can be had: a chunk outlives an outage."""
        while True:
            try:
                return await self._threads.run(work, *arguments, **named)
            except StoreUnavailable:
                await sleep(_AGAIN_SECONDS)


def _items(row: Row[Any], start: int) -> range:
    """The items of the chunk that begins with `start`."""
    return range(start, min(start + row.chunk, row.total))


def _abandoned(loaded: PreparedJob, row: Row[Any], start: int) -> ChunkResult:
    items = _items(row, start)
    _log.error("the chunk of job %s that begins with %d is given up", row.id, start)
    return ChunkResult([WORKS[row.kind].failed(loaded, index, _ABANDONED) for index in items], len(items))
