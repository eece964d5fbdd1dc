"""The process beside a service that works on its jobs: started when there is work, and again whenever it has died.

It is a process of its own so that the service keeps its speed, and so that what works on jobs is the same program on
one machine and on many: `python -m service worker`.
"""

import logging
import os
import sys
from collections.abc import Callable

from anyio import CancelScope, Event, move_on_after, open_process, sleep, to_thread

from service.errors import StoreUnavailable
from service.settings import Settings

_log = logging.getLogger("service.jobs")

_AGAIN_SECONDS = 1.0
_LOOK_SECONDS = 30.0


class Aside:
    """Starts the process that works on jobs when it is first needed, and keeps it alive from then on."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._wanted: Event | None = None

    def wake(self) -> None:
        """There is work; to be called in the event loop."""
        if self._wanted is not None:
            self._wanted.set()

    async def run(self, has_work: Callable[[], bool]) -> None:
        """Start the process as soon as there is work, and again whenever it ends, until cancelled."""
        if self._settings.job_workers == 0:
            return
        self._wanted = Event()
        while not self._wanted.is_set() and not await _is_true(has_work):  # of an earlier life, or another service's
            with move_on_after(_LOOK_SECONDS):
                await self._wanted.wait()
        while True:
            status = await self._process()
            _log.warning("the process that works on jobs has ended with status %d; it is started again", status)
            await sleep(_AGAIN_SECONDS)

    async def _process(self) -> int:
        command = [sys.executable, "-m", "service", "worker", "--with-parent"]
        process = await open_process(
            command, stdin=None, stdout=None, stderr=None, env=os.environ | self._settings.variables()
        )
        try:
            return await process.wait()
        finally:
            with CancelScope(shield=True):
                if process.returncode is None:
                    process.kill()  # whatever it is at is taken up again
                    await process.wait()


async def _is_true(condition: Callable[[], bool]) -> bool:
    try:
        return await to_thread.run_sync(condition)
    except StoreUnavailable:
        return False
