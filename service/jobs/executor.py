"""An executor: a process that works on jobs, beside others; whatever it leaves undone at its end another takes up."""

import logging
import signal
import socket
from collections.abc import Awaitable, Callable
from functools import partial
from time import monotonic
from uuid import uuid4

from anyio import create_task_group, sleep, to_thread

from service.core.errors import StoreUnavailable
from service.jobs.acting import Acting
from service.jobs.engine import ALL, DONE, ENGINE_FAILURES, FAILED, PENDING, Handed, JobEngine
from service.jobs.liveness import Liveness
from service.jobs.records import JobRecords
from service.store.failures import FAILURES

LOOK_SECONDS = 0.4
REAP_SECONDS = 3.0
STALLED_SECONDS = 600.0
"""A job that has not moved for so long is divided once more: what is handed out already is not so twice."""
IDLE_SECONDS = 120.0
"""After so long without work, an executor that a service has started ends: it is started again when it is needed."""

_log = logging.getLogger("service.jobs")


def executor_name() -> str:
    """A name that no other executor has or will have."""
    return f"{socket.gethostname()}-{uuid4().hex[:12]}"


def crash_only() -> None:
    """End at once when told to: what must outlive a power cut needs no farewell."""
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.SIG_DFL)


class Executor:
    """Tends the engine: tells it of new jobs, takes up what the dead have left, forgets what has ended."""

    def __init__(self, engine: JobEngine, acting: Acting, records: JobRecords, liveness: Liveness) -> None:
        self._engine = engine
        self._acting = acting
        self._records = records
        self._liveness = liveness
        self._suspects: set[str] = set()
        self._progress: dict[str, int] = {}

    async def run(self, for_ever: bool = True) -> None:
        """Work on jobs, for ever or until there have been none for a while."""
        await _until_it_works(self._hold)
        await self._engine.launch()
        async with create_task_group() as tending:
            tending.start_soon(_every, LOOK_SECONDS, self._hold)
            tending.start_soon(_every, LOOK_SECONDS, self._acting.stop_ended)
            tending.start_soon(_every, LOOK_SECONDS, self._hand_in)
            tending.start_soon(_every, REAP_SECONDS, self._reap)
            tending.start_soon(_every, REAP_SECONDS, self._forget)
            tending.start_soon(_every, STALLED_SECONDS, self._divide_stalled)
            if not for_ever:
                await self._idle()
                tending.cancel_scope.cancel()

    async def _idle(self) -> None:
        """Wait until there has been nothing to do for a while."""
        idle_since = monotonic()
        while monotonic() - idle_since < IDLE_SECONDS:
            await sleep(REAP_SECONDS)
            if await self._has_work():
                idle_since = monotonic()

    async def _has_work(self) -> bool:
        try:
            return await to_thread.run_sync(self._records.open_count) > 0
        except StoreUnavailable:
            return True

    async def _hold(self) -> None:
        await to_thread.run_sync(self._liveness.hold)

    async def _hand_in(self) -> None:
        for job in await to_thread.run_sync(self._records.to_dispatch):
            await self._engine.hand_in(job)
            await to_thread.run_sync(partial(self._records.note, job, dispatched=True))

    async def _reap(self) -> None:
        """Take up what nobody works on: seen twice, for a lock may be lost for a moment, and work begins in one."""
        pending = await self._engine.handed(PENDING)
        free = await to_thread.run_sync(self._liveness.dead, {one.executor for one in pending})
        left = {one.id for one in pending if one.executor in free or self._has_lost(one)}
        again, self._suspects = left & self._suspects, left
        for one in [one for one in pending if one.id in again] + await self._engine.handed(FAILED):
            await self._take_up(one)

    def _has_lost(self, one: Handed) -> bool:
        """Whether that was claimed here, and was never begun: an answer of the database was lost."""
        return one.executor == self._engine.executor and (one.job, one.start) not in self._acting.busy

    async def _take_up(self, one: Handed) -> None:
        if one.job in await to_thread.run_sync(self._records.ended, {one.job}):
            await self._engine.forget([one])  # nobody waits for it
        elif one.status in FAILED:
            await self._engine.begin_anew(one)
        else:
            await self._engine.take_up(one)

    async def _forget(self) -> None:
        """Let the engine forget the jobs that have ended; what still runs of them is on its way out."""
        for job in await to_thread.run_sync(self._records.to_forget):
            there = await self._engine.handed(ALL, job)
            await self._engine.forget([one for one in there if one.status not in PENDING])
            if all(one.status in DONE for one in there):
                await to_thread.run_sync(partial(self._records.note, job, forgotten=True))

    async def _divide_stalled(self) -> None:
        """Dispatch once more the jobs that have not moved: a chunk of theirs, or all, may be lost to the engine."""
        done = await to_thread.run_sync(self._records.dispatched)
        stalled = [job for job, count in done.items() if self._progress.get(job) == count]
        self._progress = done
        for job in stalled:
            dispatch = await self._engine.dispatch_of(job)
            if dispatch is None or dispatch.status in DONE:
                _log.warning("job %s has not moved for a while, and is divided once more", job)
                await self._engine.forget([] if dispatch is None else [dispatch])
                await to_thread.run_sync(partial(self._records.note, job, dispatched=False))


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
            await sleep(REAP_SECONDS)
