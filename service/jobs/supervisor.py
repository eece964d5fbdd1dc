"""The process beside a service that works on its jobs: started when there is work, and again when it dies.

It is a process of its own so that the service keeps its speed, and so that the same program works on jobs on
one machine and on many: `python -m service worker`.
"""

import logging
import os
import sys
from collections.abc import Callable
from time import monotonic

from anyio import CancelScope, Event, move_on_after, open_process, sleep
from anyio.abc import Process

from service.core.errors import StoreUnavailable
from service.core.settings import Settings
from service.processes.flights import Threads

_log = logging.getLogger("service.jobs")

_COMMAND = [sys.executable, "-m", "service", "worker", "--with-parent"]
_AGAIN_SECONDS = 1.0
_SETTLED_SECONDS = 20.0  # a process that dies sooner is started again less and less often
_LOOK_SECONDS = 30.0


class WorkerSupervisor:
    """Starts the process that works on jobs when it is needed; it ends by itself after a while without work."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._wanted: Event | None = None
        self._running: Process | None = None
        self._threads = Threads()

    def wake(self) -> None:
        """Tell that there is work; to be called in the event loop."""
        if self._wanted is not None:
            self._wanted.set()

    def end(self, pid: int) -> None:
        """Kill the process that works on jobs, if it is `pid`: it is lost, and another is started in its place."""
        if self._running is not None and self._running.pid == pid and self._running.returncode is None:
            self._running.kill()

    async def run(self, has_work: Callable[[], bool]) -> None:
        """Start the process whenever there is work, and again when it dies, until cancelled."""
        if self._settings.job_workers == 0:
            return
        pause = _AGAIN_SECONDS
        while True:
            await self._until_wanted(has_work)
            started = monotonic()
            status = await self._process()
            pause = _AGAIN_SECONDS if monotonic() - started > _SETTLED_SECONDS else min(2 * pause, _LOOK_SECONDS)
            if status:
                _log.warning("what works on jobs has ended with status %d; it is started again in %g s", status, pause)
                await sleep(pause)

    async def _until_wanted(self, has_work: Callable[[], bool]) -> None:
        """Wait for a job: a new one, one of an earlier life, or another service's."""
        self._wanted = Event()
        while not self._wanted.is_set() and not await self._is_true(has_work):
            with move_on_after(_LOOK_SECONDS):
                await self._wanted.wait()

    async def _process(self) -> int:
        """The status with which the process has ended: 0 where it had nothing to do any more."""
        environment = os.environ | self._settings.variables()
        command = [*_COMMAND, str(os.getpid())]
        process = await open_process(command, stdin=None, stdout=None, stderr=None, env=environment)
        self._running = process
        try:
            return await process.wait()
        finally:
            self._running = None
            await _killed(process)

    async def _is_true(self, condition: Callable[[], bool]) -> bool:
        try:
            return await self._threads.run(condition)
        except StoreUnavailable:
            return False


async def _killed(process: Process) -> None:
    """End `process`, where it has not ended; another reclaims its work."""
    if process.returncode is None:
        process.kill()
    with CancelScope(shield=True):
        await process.wait()
