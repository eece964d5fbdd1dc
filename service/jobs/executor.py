"""An executor: a process that works on jobs, beside others; whatever it leaves undone at its end another takes up."""

import logging
import signal
import socket
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from time import monotonic
from uuid import uuid4

from anyio import create_task_group, sleep, to_thread

from service.errors import StoreUnavailable
from service.jobs.acting import Acting
from service.jobs.engine import ALL, FAILED, PENDING, Handed, JobEngine
from service.jobs.liveness import Liveness
from service.jobs.records import JobRecords, now
from service.store.failures import FAILURES

MOST_ATTEMPTS = 5
"""So often is a chunk begun; one that ends every executor is an error after that."""
LOOK_SECONDS = 0.4
REAP_SECONDS = 3.0
DROP_SECONDS = 600.0
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

    async def run(self, retention: timedelta, for_ever: bool = True) -> None:
        """Work on jobs, for ever or until there have been none for a while."""
        await _until_it_works(self._hold)
        await self._engine.launch()
        async with create_task_group() as tending:
            tending.start_soon(_every, LOOK_SECONDS, self._acting.stop_ended)
            tending.start_soon(_every, LOOK_SECONDS, self._hand_in)
            tending.start_soon(_every, REAP_SECONDS, self._reap)
            tending.start_soon(_every, REAP_SECONDS, self._forget)
            tending.start_soon(_every, DROP_SECONDS, self._find_lost)
            tending.start_soon(_every, DROP_SECONDS, partial(self._drop, retention))
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
        await self._hold()
        for job in await to_thread.run_sync(self._records.to_dispatch):
            await self._engine.hand_in(job)
            await to_thread.run_sync(partial(self._records.note, job, dispatched=True))

    async def _reap(self) -> None:
        """Take up what the dead have left: they were found dead twice, for a lock may be lost for a moment."""
        pending = await self._engine.handed(PENDING)
        free = await to_thread.run_sync(self._liveness.dead, {one.executor for one in pending})
        dead, self._suspects = free & self._suspects, free
        left = [one for one in pending if one.executor in dead]
        for one in left + await self._engine.handed(FAILED):
            await self._take_up(one)

    async def _take_up(self, one: Handed) -> None:
        if one.job in await to_thread.run_sync(self._records.ended, {one.job}):
            await self._engine.forget([one])  # nobody waits for it
        elif await to_thread.run_sync(self._records.attempt, one.job, one.start) >= MOST_ATTEMPTS:
            _log.error("%s is given up: it was begun %d times", one.id, MOST_ATTEMPTS)
            await self._acting.give_up(one.job, one.start)
            await self._engine.forget([one])
        elif one.status in FAILED:
            await self._engine.begin_anew(one)
        else:
            await self._engine.take_up(one)

    async def _forget(self) -> None:
        """Let the engine forget the jobs that have ended; what still runs of them is on its way out."""
        for job in await to_thread.run_sync(self._records.to_sweep):
            left = [one for one in await self._engine.handed(ALL, job) if one.status not in PENDING]
            await self._engine.forget(left)
            if not await self._engine.handed(ALL, job):
                await to_thread.run_sync(partial(self._records.note, job, swept=True))

    async def _find_lost(self) -> None:
        """Tell the engine once more of what it knows nothing of: its database may be another than it was."""
        for job in await to_thread.run_sync(self._records.dispatched):
            if not await self._engine.handed(ALL, job):
                _log.warning("the engine knows nothing of job %s, and is told of it again", job)
                await to_thread.run_sync(partial(self._records.note, job, dispatched=False))

    async def _drop(self, retention: timedelta) -> None:
        await to_thread.run_sync(self._records.drop, now() - retention)


async def _every(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    """Do `work` again and again; what an outage keeps it from is done after that."""
    while True:
        try:
            await work()
        except (StoreUnavailable, *FAILURES) as error:
            _log.debug("jobs wait for the database: %s", error)
        await sleep(seconds)


async def _until_it_works(work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            return await work()
        except FAILURES as error:
            _log.warning("no jobs yet: %s", str(error).partition("\n")[0])
            await sleep(REAP_SECONDS)
