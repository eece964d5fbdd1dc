"""Charts, report pages and the script for browsers, rendered by a process of their own.

The service imports nothing that draws: what does is loaded in that process alone, when it starts and by the functions
that are sent there.
"""

import logging
from collections.abc import Callable
from functools import partial
from importlib import import_module

from service.charts.chart import ChartFormat, Theme
from service.charts.kinds import ChartName
from service.core.errors import Refusal
from service.core.settings import Settings
from service.processes.pool import PoolLimits, ProcessPool
from service.simulation.results import SimulationReport

_log = logging.getLogger("service")

_PRELOAD = ("service.charts.report_page", "service.charts.sweep", "service.charts.rendering:prepare")
_DIED = "The process that draws died; ask again, there will be a new one."
_SCRIPT_SECONDS = 30


class ChartRenderer:
    """Draws charts and writes report pages, one at a time; its process starts with the service or at the first call."""

    def __init__(self, settings: Settings) -> None:
        self._at_start = settings.draw_at_start
        limits = PoolLimits(1, settings.sync_deadline_seconds, max(1, settings.queue_limit))
        self._pool = ProcessPool(limits, _PRELOAD, cancellable=False, died=_DIED)  # to start another takes seconds
        self._script: bytes | None = None

    @property
    def waiting(self) -> int:
        """How many drawings wait for the process."""
        return self._pool.waiting

    async def chart(self, reports: list[bytes], name: ChartName, theme: Theme, wanted: ChartFormat) -> bytes:
        """A chart of `reports` as a file; QueueFull, DeadlineExceeded or WorkerFailed."""
        return await self._run(partial(_chart, reports, name, theme, wanted))

    async def job(self, draw: str, request: bytes, lines: list[bytes], theme: Theme, wanted: ChartFormat) -> bytes:
        """The chart that the function `draw`, written as `module:function`, makes of a job; raises what `chart` raises.

        `request` is its request as JSON, `lines` are those of its results that are drawn, a line of JSON each.
        """
        return await self._run(partial(_job, draw, request, lines, theme, wanted))

    async def page(self, report: bytes) -> bytes:
        """The report page of `report`; raises what `chart` raises."""
        return await self._run(partial(_page, report))

    async def script(self) -> bytes:
        """The script that draws charts in a browser, packed by gzip and made once; raises what `chart` raises."""
        if self._script is None:
            self._script = await self._run(_packed_script, _SCRIPT_SECONDS)
        return self._script

    async def warm(self) -> None:
        """Start the process and make the script, if that is wanted now; where it fails, the first call is told."""
        if not self._at_start:
            return
        try:
            await self.script()
        except (Refusal, ArithmeticError, LookupError, OSError, RuntimeError, TypeError, ValueError) as failure:
            _log.warning("nothing is drawn yet: %s", failure)

    async def end(self) -> None:
        """End the process, whatever it is at; the next call starts another."""
        await self._pool.end()

    async def _run(self, draw: Callable[[], bytes], seconds: float | None = None) -> bytes:
        return await self._pool.run(partial(_alone, draw), seconds)


def _alone(draw: Callable[[], bytes], _processes: int) -> bytes:
    """What `draw` returns; it uses one processor, however many are idle."""
    return draw()


def _chart(reports: list[bytes], name: ChartName, theme: Theme, wanted: ChartFormat) -> bytes:
    from service.charts.rendering import draw_report  # noqa: PLC0415

    return draw_report([SimulationReport.model_validate_json(report) for report in reports], name, theme, wanted)


def _job(draw: str, request: bytes, lines: list[bytes], theme: Theme, wanted: ChartFormat) -> bytes:
    module, _, function = draw.partition(":")
    drawn: bytes = getattr(import_module(module), function)(request, lines, theme, wanted)
    return drawn


def _page(report: bytes) -> bytes:
    from service.charts.report_page import page  # noqa: PLC0415

    return page(SimulationReport.model_validate_json(report)).encode()


def _packed_script() -> bytes:
    from service.charts.rendering import packed_script  # noqa: PLC0415

    return packed_script()
