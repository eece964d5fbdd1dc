"""An executor: a process that works on jobs, beside others; what it leaves undone at its end another reclaims."""

import logging
from collections.abc import Awaitable, Callable
from time import monotonic

from anyio import create_task_group, sleep

from service.core.errors import StoreUnavailable
from service.jobs.engine import ENGINE_FAILURES, JobEngine, WorkItem
from service.jobs.liveness import Liveness
from service.jobs.records import JobRecords
from service.jobs.runner import ChunkRunner
from service.processes.threads import Threads
from service.store.failures import FAILURES

_LOOK_SECONDS = 0.4
_REAP_SECONDS = 3.0
_STALLED_SECONDS = 600.0
"""A job that has not moved for so long is divided once more: what is handed out already is not so twice."""
_IDLE_SECONDS = 120.0
"""After so long without work, an executor that a service has started ends: it is started again when it is needed."""

_log = logging.getLogger("service.jobs")


class Executor:
    """Tends the engine: tells it of new jobs, reclaims what expired executors have left, purges what has ended."""

    def __init__(self, engine: JobEngine, runner: ChunkRunner, records: JobRecords, liveness: Liveness) -> None:
        self._engine = engine
        self._runner = runner
        self._records = records
        self._liveness = liveness
        self._threads = Threads()
        self._suspects: set[str] = set()
        self._progress: dict[str, int] = {}

    async def run(self, for_ever: bool = True) -> None:
        """Work on jobs, for ever or until there have been none for a while."""
        await _until_it_works(self._hold)
        await self._runner.end_outdated()
        await self._engine.launch()
        async with create_task_group() as tending:
            tending.start_soon(_every, _LOOK_SECONDS, self._hold)
            tending.start_soon(_every, _LOOK_SECONDS, self._runner.stop_ended)
            tending.start_soon(_every, _LOOK_SECONDS, self.enqueue_new)
            tending.start_soon(_every, _REAP_SECONDS, self.reclaim)
            tending.start_soon(_every, _REAP_SECONDS, self.purge)
            tending.start_soon(_every, _STALLED_SECONDS, self.divide_stalled)
            if not for_ever:
                await self._idle()
                tending.cancel_scope.cancel()

    async def enqueue_new(self) -> None:
        """Tell the engine of the jobs that it has not heard of."""
        for job in await self._threads.run(self._records.to_dispatch):
            await self._engine.enqueue_job(job)
            await self._threads.run(self._records.note, job, dispatched=True)

    async def reclaim(self) -> None:
        """Reclaim what no executor works on, and start again what has failed.

        It has to be seen twice, for a lock may be lost for a moment, and work begins in one.
        """
        pending = await self._engine.pending()
        expired = await self._threads.run(self._liveness.expired, {one.executor for one in pending})
        left = {one.id for one in pending if one.executor in expired or self._has_lost(one)}
        again, self._suspects = left & self._suspects, left
        for one in [one for one in pending if one.id in again] + await self._engine.failed():
            await self._reclaim(one)

    async def purge(self) -> None:
        """Let the engine forget the jobs that have ended; what still runs of them is on its way out."""
        for job in await self._threads.run(self._records.to_purge):
            items = await self._engine.of_job(job)
            await self._engine.purge([one for one in items if not one.is_pending])
            if all(one.is_done for one in items):
                await self._threads.run(self._records.note, job, forgotten=True)

    async def divide_stalled(self) -> None:
        """Dispatch once more the jobs that have not moved: a chunk of theirs, or all, may be lost to the engine."""
        done = await self._threads.run(self._records.dispatched)
        stalled = [job for job, count in done.items() if self._progress.get(job) == count]
        self._progress = done
        for job in stalled:
            dispatch = await self._engine.dispatch_of(job)
            if dispatch is None or dispatch.is_done:
                _log.warning("job %s has not moved for a while, and is divided once more", job)
                await self._engine.purge([] if dispatch is None else [dispatch])
                await self._threads.run(self._records.note, job, dispatched=False)

    async def _idle(self) -> None:
        """Wait until there has been nothing to do for a while."""
        idle_since = monotonic()
        while monotonic() - idle_since < _IDLE_SECONDS:
            await sleep(_REAP_SECONDS)
            if await self._has_work():
                idle_since = monotonic()

    async def _has_work(self) -> bool:
        try:
            return await self._threads.run(self._records.open_count) > 0
        except StoreUnavailable:
            return True

    async def _hold(self) -> None:
        await self._threads.run(self._liveness.hold)

    def _has_lost(self, one: WorkItem) -> bool:
        """Whether that was claimed here, and was never begun: an answer of the database was lost."""
        return one.executor == self._engine.executor and (one.job, one.start) not in self._runner.busy

    async def _reclaim(self, one: WorkItem) -> None:
        if one.job in await self._threads.run(self._records.ended, {one.job}):
            await self._engine.purge([one])
        elif one.has_failed:
            await self._engine.restart(one)
        else:
            await self._engine.reclaim(one)


async def _every(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    """Do `work` again and again; what an outage keeps it from is done after that."""
    while True:
        try:
            await work()
        except (StoreUnavailable, *FAILURES) as error:
            _log.debug("jobs wait for the database: %s", error)
        except ENGINE_FAILURES as error:
            _log.warning("the engine of jobs fails: %s", str(error).partition("\n")[0])
        await sleep(seconds)


async def _until_it_works(work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            return await work()
        except FAILURES as error:
            _log.warning("no jobs yet: %s", str(error).partition("\n")[0])
            await sleep(_REAP_SECONDS)
