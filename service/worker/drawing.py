"""The drawing process as the rest of the service sees it: one call, one picture.

It is none of the worker processes: what renders charts reserves more address space than a simulation may have. It is
started with the service and again whenever it has died; one that takes too long is killed.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial
from multiprocessing import get_context
from typing import TypeVar

from anyio import CapacityLimiter, fail_after

from service.charts.names import ChartFormat, ChartName, Theme
from service.errors import DeadlineExceeded, QueueFull, Refusal, WorkerFailed
from service.settings import Settings
from service.worker import pen

T = TypeVar("T")

_log = logging.getLogger("service")

_SECONDS_A_PICTURE = 0.3
_START_SECONDS = 30


class Drawing:
    """Draws charts and writes report pages, one at a time, in a process of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._turn = CapacityLimiter(1)
        self._pool: ProcessPoolExecutor | None = None
        self._process = 0
        self._script: bytes | None = None

    async def chart(self, reports: list[bytes], name: ChartName, theme: Theme, wanted: ChartFormat) -> bytes:
        """A chart of `reports` as a file; QueueFull, DeadlineExceeded or WorkerFailed."""
        return await self._drawn(partial(pen.draw, reports, name, theme, wanted))

    async def page(self, report: bytes) -> bytes:
        """The report page of `report`; raises what `chart` raises."""
        return await self._drawn(partial(pen.write, report))

    async def script(self) -> bytes:
        """The script that draws charts in a browser, packed by gzip and made once; raises what `chart` raises."""
        if self._script is None:
            self._script = await self._drawn(pen.vega)
        return self._script

    async def warm(self) -> None:
        """Start the process and make the script; where that fails, whoever asks first will be told."""
        try:
            await self.script()
        except Refusal as refusal:
            _log.warning("nothing can be drawn yet: %s", refusal.sentence)

    def end(self) -> None:
        """End the process, whatever it is at."""
        if self._pool is not None:
            with suppress(ProcessLookupError):
                self._kill()
            self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = None

    def _kill(self) -> None:
        if self._process:  # 0, before it has told its number, would be this process and all of its group
            os.kill(self._process, signal.SIGKILL)
        self._process = 0

    async def _drawn(self, work: Callable[[], T]) -> T:
        waiting, limit = self._turn.statistics().tasks_waiting, self._settings.queue_limit
        if waiting and waiting >= limit:
            raise QueueFull(waiting, limit, max(1, round(_SECONDS_A_PICTURE * waiting)))
        async with self._turn:
            pool = await self._started()
            return await self._run(pool, work, self._settings.sync_deadline_seconds)

    async def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn"))
            self._process = await self._run(self._pool, pen.arm, _START_SECONDS)
        return self._pool

    async def _run(self, pool: ProcessPoolExecutor, work: Callable[[], T], seconds: float) -> T:
        try:
            with fail_after(seconds):
                return await asyncio.wrap_future(pool.submit(work))
        except TimeoutError:
            self.end()
            raise DeadlineExceeded(seconds) from None
        except BrokenProcessPool:
            self.end()
            raise WorkerFailed("The process that draws died; ask again, there will be a new one.") from None
