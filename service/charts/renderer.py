"""Charts, report pages and the script for browsers, rendered by a process of their own.

The service imports nothing that draws: what does is loaded in that process alone, when it starts and by the functions
that are sent there.
"""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256
from importlib import import_module

import anyio

from service.charts.chart import ChartFormat, Theme
from service.charts.kinds import ChartName
from service.core.cache import Cache
from service.core.errors import Refusal
from service.core.settings import Settings
from service.processes.flights import Flights
from service.processes.pool import PoolLimits, ProcessPool
from service.simulation.results import SimulationReport

_log = logging.getLogger("service")

_PRELOAD = (
    "service.charts.renderer:limit_memory",
    "service.charts.report_page",
    "service.charts.sweep",
    "service.charts.rendering:prepare",
)
_DIED = "The process that draws died; ask again, there will be a new one."
_SCRIPT_SECONDS = 30
_CACHE_BYTES = 32 << 20
_MOST_BYTES = 2 << 30  # of data; what draws reserves 64 GiB of addresses and uses a hundredth of them
_COMPARED_BYTES = 16 << 20
"""Of several reports in one chart: two seconds of a processor."""
_SECONDS, _SECONDS_PER_BYTE = 0.3, 1.1e-7
_HASHED_AT_ONCE_BYTES = 256 << 10


class ChartTooLarge(Refusal):
    """The reports are too much for one chart."""

    code = "chart-too-large"

    def __init__(self, reports: int, size: int, limit: int) -> None:
        super().__init__(
            f"The {reports} reports are {size} bytes together, and {limit} are drawn in one chart: "
            "compare fewer, or networks of fewer layers.",
            reports=reports,
            bytes=size,
            limit_bytes=limit,
        )


class ChartRenderer:
    """Draws charts and writes report pages, one at a time; its process starts with the service or at the first call.

    The drawings used last are kept, and what several ask for at a time is drawn once.
    """

    def __init__(self, settings: Settings) -> None:
        self._at_start = settings.draw_at_start
        limits = PoolLimits(1, settings.sync_deadline_seconds, max(1, settings.queue_limit))
        self._pool = ProcessPool(limits, _PRELOAD, cancellable=False, died=_DIED)  # to start another takes seconds
        self._script: bytes | None = None
        self._kept = Cache(min(_CACHE_BYTES, settings.cache_bytes))
        self._flights = Flights(self._pool)

    @property
    def waiting(self) -> int:
        """How many drawings wait for the process."""
        return self._pool.waiting

    async def chart(self, reports: list[bytes], name: ChartName, theme: Theme, wanted: ChartFormat) -> bytes:
        """A chart of `reports` as a file; ChartTooLarge, QueueFull, DeadlineExceeded or WorkerFailed."""
        size = sum(map(len, reports))
        if len(reports) > 1 and size > _COMPARED_BYTES:
            raise ChartTooLarge(len(reports), size, _COMPARED_BYTES)
        return await self._drawn(partial(_chart, reports, name, theme, wanted), reports, f"{name} {theme} {wanted}")

    async def job(self, draw: str, request: bytes, lines: list[bytes], theme: Theme, wanted: ChartFormat) -> bytes:
        """The chart that the function `draw`, written as `module:function`, makes of a job; raises what `chart` raises.

        `request` is its request as JSON, `lines` are those of its results that are drawn, a line of JSON each.
        """
        draws = partial(_job, draw, request, lines, theme, wanted)
        return await self._drawn(draws, [request, *lines], f"{draw} {theme} {wanted}")

    async def page(self, report: bytes) -> bytes:
        """The report page of `report`; raises what `chart` raises."""
        return await self._drawn(partial(_page, report), [report], "page")

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

    async def _drawn(self, draw: Callable[[], bytes], parts: Sequence[bytes], what: str) -> bytes:
        """What `draw` makes of `parts`, from memory where that has been drawn of late."""
        size = sum(map(len, parts))
        if size <= _HASHED_AT_ONCE_BYTES:
            name = _name(what, parts)
        else:
            name = await anyio.to_thread.run_sync(_name, what, parts)
        kept = self._kept.get(name)
        if kept is not None:
            return kept
        work = partial(self._run, draw, None, _SECONDS + _SECONDS_PER_BYTE * size)
        drawn, _ = await self._flights.join(name, work)
        self._kept.put(name, drawn)
        return drawn

    async def _run(
        self, draw: Callable[[], bytes], seconds: float | None = None, cost_seconds: float = _SECONDS
    ) -> bytes:
        return await self._pool.run(partial(_alone, draw), seconds, cost_seconds=cost_seconds)


def limit_memory() -> None:
    """Let this process have 2 GiB of data and no more, where the system can; it dies where that is not enough."""
    try:
        import resource  # noqa: PLC0415 - it is not there on every system
    except ModuleNotFoundError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    soft = _MOST_BYTES if hard == resource.RLIM_INFINITY else min(hard, _MOST_BYTES)
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _name(what: str, parts: Sequence[bytes]) -> str:
    """A digest of what is drawn and of all that it is drawn from."""
    digest = sha256(what.encode())
    for part in parts:
        digest.update(len(part).to_bytes(8))
        digest.update(part)
    return digest.hexdigest()


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
