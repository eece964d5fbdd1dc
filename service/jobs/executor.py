"""An executor: a process that works on jobs, beside others; what it leaves undone at its end another recovers."""

import logging
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from time import monotonic

from anyio import CancelScope, create_task_group, sleep

from service.core.errors import StoreUnavailable
from service.jobs.engine import ENGINE_FAILURES, JobEngine
from service.jobs.heartbeats import BEAT_SECONDS, ExecutorLost, Heartbeats
from service.jobs.liveness import Liveness
from service.jobs.records import JobRecords
from service.jobs.runner import ChunkRunner
from service.processes.flights import Threads
from service.store.failures import FAILURES

_TEND_SECONDS = 0.4
_RECOVER_SECONDS = 3.0
_GIVEN_UP = 4
"""The status of an executor that others have given up."""
_end_process = os._exit  # without a farewell: all that it does is done by others
_IDLE_SECONDS = 120.0
"""After so long without work, an executor that a service has started ends: it is started again when it is needed."""
_MOST_DISPATCHED = 50
"""So many jobs of one owner are enqueued at a time; others wait in their order."""

_log = logging.getLogger("service.jobs")


class Executor:
    """Tells the engine which jobs are open, which have ended, and which executors are dead: it knows none of that."""

    def __init__(
        self, engine: JobEngine, runner: ChunkRunner, records: JobRecords, liveness: Liveness, heartbeats: Heartbeats
    ) -> None:
        self._engine = engine
        self._runner = runner
        self._records = records
        self._liveness = liveness
        self._heartbeats = heartbeats
        self._threads = Threads()
        self._suspects: set[str] = set()
        self._idle_since: float | None = None

    async def run(self, for_ever: bool) -> None:
        """Work on jobs, for ever or until there have been none for a while."""
        await _until_it_works(self._hold)
        try:
            await self._engine.launch()
            await self._work(for_ever)
        finally:  # however it ends: a process that goes on claiming would keep what it does not work on
            with CancelScope(shield=True), suppress(StoreUnavailable):
                await self._engine.close()
                await self._threads.run(self._heartbeats.forget, {self._engine.executor})

    async def tend(self) -> None:
        """Enqueue the open jobs that the engine does not have, purge those that have ended, and stop the work on them.

        The table of jobs alone says which are open, and the engine which it has: an engine that has lost all is told
        all again. Open jobs are read last, so that none is taken for ended that was accepted meanwhile.
        """
        await self._hold()
        running, enqueued = self._runner.running(), await self._engine.jobs()
        owners = await self._threads.run(self._records.open_owners)
        self._runner.stop(running - owners.keys())
        for job in enqueued - owners.keys():
            await self._engine.purge(job)
        for job in _due(owners, enqueued):
            await self._engine.enqueue(job)
        self._idle_since = None if owners else self._idle_since or monotonic()

    async def recover(self) -> None:
        """Recover what dead executors have claimed and what is lost here, and retry what has failed.

        Each has to be seen twice, for a lock may be lost for a moment, and work begins in one; those that were given
        up need not. What is claimed here and never begins is lost: the database's answer to the claim was.
        """
        claimed = await self._engine.claimed()
        given_up = await self._threads.run(self._heartbeats.lost)
        expired = await self._threads.run(self._liveness.expired, given_up.union(claimed.values()))
        here = {one for one, executor in claimed.items() if executor == self._engine.executor}
        lost = {one for one in here if not self._engine.has_begun(one)}
        before, self._suspects = self._suspects, expired | lost
        await self._engine.recover((expired & before) | given_up.intersection(claimed.values()))
        await self._engine.resume(lost & before)
        await self._engine.retry()
        await self._threads.run(self._heartbeats.forget, (given_up & expired).difference(claimed.values()))

    async def beat(self) -> None:
        """Count on, look for executors that do not, and end this process at once where others have given it up.

        It is done in the event loop, so that one that hangs is silent; what was claimed here is done elsewhere.
        """
        try:
            await self._threads.run(self._heartbeats.beat, self._engine.executor)
        except ExecutorLost:
            _log.warning("executor %s was given up by others, and ends", self._engine.executor)
            _end_process(_GIVEN_UP)
        await self._threads.run(self._heartbeats.look)

    async def _work(self, for_ever: bool) -> None:
        async with create_task_group() as tending:
            tending.start_soon(_every, _TEND_SECONDS, self.tend)
            tending.start_soon(_every, _RECOVER_SECONDS, self.recover)
            tending.start_soon(_every, BEAT_SECONDS, self.beat)
            if not for_ever:
                await self._idle()
                tending.cancel_scope.cancel()

    async def _idle(self) -> None:
        """Wait until there has been nothing to do for a while."""
        while self._idle_since is None or monotonic() - self._idle_since < _IDLE_SECONDS:
            await sleep(_RECOVER_SECONDS)

    async def _hold(self) -> None:
        await self._threads.run(self._liveness.hold)


def _due(owners: Mapping[str, str], enqueued: Collection[str]) -> list[str]:
    """The open jobs to be enqueued, in the order of `owners`: some of every owner's, not thousands at once."""
    there = Counter(owner for job, owner in owners.items() if job in enqueued)
    due: list[str] = []
    for job, owner in owners.items():
        if job not in enqueued and there[owner] < _MOST_DISPATCHED:
            there[owner] += 1
            due.append(job)
    return due


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
            await sleep(_RECOVER_SECONDS)
