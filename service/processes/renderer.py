"""The process that draws: what its parent holds of it, and what runs inside; the parent imports nothing that draws."""

import gzip
import os
import signal
import traceback
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import TypeVar

from platformdirs import user_cache_path

from service.charts.names import ChartFormat, ChartName, Theme
from service.processes.system import die_with_parent
from service.simulation.results import SimulationReport
from service.studies.sweep import SweepSpec

T = TypeVar("T")


@dataclass(frozen=True)
class Pen:
    """A process that does one thing after the other, and ends when nobody is left to ask it."""

    process: BaseProcess
    pipe: Connection

    @classmethod
    def start(cls) -> "Pen":
        """A new one, which loads what draws before it answers."""
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        with theirs:
            process = context.Process(target=_serve, args=(theirs,), daemon=True)
            process.start()
        return cls(process, ours)

    def ask(self, work: Callable[[], T]) -> T:
        """What `work` finds there; EOFError or OSError where the process has ended, RuntimeError where it failed."""
        self.pipe.send(work)
        found, failure = self.pipe.recv()
        if failure is not None:
            raise RuntimeError(failure)
        answer: T = found
        return answer

    def end(self) -> None:
        """End the process, whatever it is at; whoever waits for its answer gets an EOFError."""
        self.process.kill()
        self.process.join()


def _serve(pipe: Connection) -> None:
    die_with_parent()
    for ending in (signal.SIGINT, signal.SIGTERM):  # to the whole group; the parent decides, and dies last
        signal.signal(ending, signal.SIG_IGN)
    with suppress(EOFError, BrokenPipeError):
        while True:
            pipe.send(_outcome(pipe.recv()))


def _outcome(work: Callable[[], object]) -> tuple[object, str | None]:
    try:
        return work(), None
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError):  # a defect, told where it is logged
        return None, traceback.format_exc()


def arm() -> None:
    """Load what draws."""
    import service.charts.report_page.page  # noqa: PLC0415 - here, so that no deadline pays for them
    import service.charts.sweep  # noqa: F401, PLC0415
    from service.charts.chart import prepare  # noqa: PLC0415

    prepare()


def draw(reports: list[bytes], name: ChartName, theme: Theme, wanted: ChartFormat) -> bytes:
    """A chart of `reports`, which are JSON, as a file."""
    from service.charts.chart import drawn  # noqa: PLC0415 - loaded by `arm`

    return drawn([SimulationReport.model_validate_json(report) for report in reports], name, theme, wanted)


def draw_sweep(request: bytes, lines: list[bytes], theme: Theme, wanted: ChartFormat) -> bytes:
    """A chart of the sweep `request`, from those of its results that it shows, all of them JSON, as a file."""
    from service.charts.sweep import drawn  # noqa: PLC0415 - loaded by `arm`

    return drawn(SweepSpec.model_validate_json(request), lines, theme, wanted)


def write(report: bytes) -> bytes:
    """The report page of `report`, which is JSON."""
    from service.charts.report_page.page import page  # noqa: PLC0415 - loaded by `arm`

    return page(SimulationReport.model_validate_json(report)).encode()


def vega() -> bytes:
    """The script that draws charts in a browser, packed by gzip: made once, then read from the user's cache."""
    from service.charts.rendering import SCRIPT_VERSION, script  # noqa: PLC0415 - loaded by `arm`

    kept = user_cache_path("gradient-verdict", appauthor=False) / f"vega-{SCRIPT_VERSION}.js.gz"
    with suppress(OSError, EOFError, zlib.error):
        packed = kept.read_bytes()
        if gzip.decompress(packed):  # whole, by its checksum
            return packed
    packed = gzip.compress(script().encode(), mtime=0)
    with suppress(OSError):  # where nothing may be written, it is made at every start
        kept.parent.mkdir(parents=True, exist_ok=True)
        whole = kept.with_suffix(f".{os.getpid()}")
        whole.write_bytes(packed)
        whole.replace(kept)
    return packed
