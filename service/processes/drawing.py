"""The drawing process as the rest of the service sees it: one call, one picture.

It is none of the worker processes: what renders charts reserves more address space than a simulation may have. It is
started with the service, or when it is first needed, and again whenever it has died; one that takes too long is killed.
"""

import logging
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from anyio import CancelScope, CapacityLimiter, fail_after, to_thread

from service.charts.names import ChartFormat, ChartName, Theme
from service.core.errors import DeadlineExceeded, QueueFull, Refusal, WorkerFailed
from service.core.settings import Settings
from service.processes import renderer as pen
from service.processes.renderer import Pen

T = TypeVar("T")

_log = logging.getLogger("service")

_SECONDS_A_PICTURE = 0.3
_START_SECONDS = 30


class Drawing:
    """Draws charts and writes report pages, one at a time, in a process of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._turn = CapacityLimiter(1)
        self._pen: Pen | None = None
        self._script: bytes | None = None

    async def chart(self, reports: list[bytes], name: ChartName, theme: Theme, wanted: ChartFormat) -> bytes:
        """A chart of `reports` as a file; QueueFull, DeadlineExceeded or WorkerFailed."""
        return await self._drawn(partial(pen.draw, reports, name, theme, wanted), self._settings.sync_deadline_seconds)

    async def sweep(self, request: bytes, lines: list[bytes], theme: Theme, wanted: ChartFormat) -> bytes:
        """A chart of the sweep `request`, which is JSON, from the results that it shows; raises what `chart` raises."""
        work = partial(pen.draw_sweep, request, lines, theme, wanted)
        return await self._drawn(work, self._settings.sync_deadline_seconds)

    async def page(self, report: bytes) -> bytes:
        """The report page of `report`; raises what `chart` raises."""
        return await self._drawn(partial(pen.write, report), self._settings.sync_deadline_seconds)

    async def script(self) -> bytes:
        """The script that draws charts in a browser, packed by gzip and made once; raises what `chart` raises."""
        if self._script is None:
            self._script = await self._drawn(pen.vega, _START_SECONDS)
        return self._script

    async def warm(self) -> None:
        """Start the process and make the script, if that is wanted now; where it fails, whoever asks first is told."""
        if not self._settings.draw_at_start:
            return
        try:
            await self.script()
        except (Refusal, RuntimeError) as failure:
            _log.warning("nothing is drawn yet: %s", failure)

    def end(self) -> None:
        """End the process, whatever it is at; the next picture starts another."""
        if self._pen is not None:
            self._pen.end()
        self._pen = None

    async def _drawn(self, work: Callable[[], T], seconds: float) -> T:
        waiting, limit = self._turn.statistics().tasks_waiting, self._settings.queue_limit
        if waiting and waiting >= limit:
            raise self._queue_full()
        try:
            with fail_after(self._settings.sync_deadline_seconds):
                await self._turn.acquire()
        except TimeoutError:
            raise self._queue_full() from None
        try:
            with CancelScope(shield=True):  # an answer that nobody waits for any more is read, or the next would get it
                found: T = await self._asked(await self._ready(), work, seconds)
            return found
        finally:
            self._turn.release()

    def _queue_full(self) -> QueueFull:
        waiting = self._turn.statistics().tasks_waiting
        return QueueFull(waiting, self._settings.queue_limit, max(1, round(_SECONDS_A_PICTURE * waiting)))

    async def _ready(self) -> Pen:
        if self._pen is not None and not self._pen.process.is_alive():
            self.end()  # it died while it had nothing to do: nobody need hear of it
        if self._pen is None:
            self._pen = _started()
            await self._asked(self._pen, pen.arm, _START_SECONDS)
        return self._pen

    async def _asked(self, one: Pen, work: Callable[[], T], seconds: float) -> T:
        try:
            with fail_after(seconds):
                return await to_thread.run_sync(one.ask, work, abandon_on_cancel=True)
        except TimeoutError:
            self.end()
            raise DeadlineExceeded(seconds) from None
        except (EOFError, OSError):
            self.end()
            raise WorkerFailed("The process that draws died; ask again, there will be a new one.") from None


def _started() -> Pen:
    try:
        return Pen.start()
    except OSError:
        raise WorkerFailed("The process that draws could not be started.") from None
