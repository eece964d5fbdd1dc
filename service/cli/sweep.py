"""`sweep`: the points of a sweep, worked on by processes of this machine, written and summed up as they come."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic
from typing import BinaryIO

import anyio
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from service.cli.console import REFUSED, InputFiles, output
from service.cli.sweep_results import SweepResults
from service.core.settings import Settings
from service.jobs.size import chunk_of, seconds_a_point
from service.processes.pool import ProcessPool
from service.simulation.estimate import Limits
from service.simulation.results import ItemError
from service.studies.evaluation import ChunkResult, bisect_failures, points_of
from service.studies.sweep import Grid, SweepSpec

_INTERRUPTED = 130  # the exit status of what Ctrl-C has ended
_STANDARD_OUTPUT = "-"
_PRELOAD = ("service.studies.evaluation", "service.theory.bounds:prove_built_ins")
_Take = Callable[[int, ChunkResult], None]


def sweep_file(path: Path, *, csv: str | None, as_json: bool, workers: int | None) -> int:
    """Sweep what `path` says (- is standard input), write the results as they come, and return the exit status.

    `csv` is the file of the table, - for standard output, where the lines of JSON go as well; a summary for people is
    printed where neither is.
    """
    if as_json and csv == _STANDARD_OUTPUT:
        sys.stderr.write("Standard output takes either the table or the lines of JSON.\n")
        return REFUSED
    with InputFiles() as inputs, ExitStack() as files:
        grid = Grid(SweepSpec.model_validate(inputs.read(path)))
        settings = Settings() if workers is None else Settings(workers=workers)
        run = SweepRun.of(grid, settings)
        out = sys.stdout.buffer
        table = None if csv is None else files.enter_context(_opened(csv, out))
        results = SweepResults(grid.spec, table, out if as_json else None)
        started = monotonic()
        status = _run(run, results)
        results.finish()
        if not as_json and csv != _STANDARD_OUTPUT:
            seconds = monotonic() - started
            output().print(f"{results.done} of {len(grid)} points in {seconds:.1f} s, processes: {settings.workers}")
            results.show(output())
        return status
    return REFUSED


@dataclass(frozen=True)
class SweepRun:
    """A sweep, and what works on it."""

    grid: Grid
    request: bytes  # JSON
    chunk: int
    limits: Limits  # of one point
    settings: Settings

    @classmethod
    def of(cls, grid: Grid, settings: Settings) -> "SweepRun":
        """By the settings of a job; MisplacedAxis where an axis has no place."""
        chunk = chunk_of(len(grid), seconds_a_point(grid), settings.job_chunk_seconds)
        limits = Limits.of(settings, settings.job_patience)
        return cls(grid, grid.spec.model_dump_json().encode(), chunk, limits, settings)

    def run(self, take: _Take) -> None:
        """Work on all points, and hand the number of the first with the results of each chunk to `take`.

        KeyboardInterrupt, with the processes gone, where someone would not wait.
        """
        try:
            anyio.run(self._run, take)
        except ExceptionGroup as several:  # as a task group puts it where `take` has failed
            raise several.exceptions[0] from None

    async def _run(self, take: _Take) -> None:
        pool = ProcessPool(self.settings, _PRELOAD)
        with _unheard_by_children():
            await pool.start()
        starts = iter(range(0, len(self.grid), self.chunk))
        async with anyio.create_task_group() as workers:
            for _ in range(self.settings.workers):
                workers.start_soon(self._worker, pool, starts, take)

    async def _worker(self, pool: ProcessPool, starts: Iterator[int], take: _Take) -> None:
        async def work(items: range) -> ChunkResult:
            task = partial(points_of, self.request, items, {}, self.limits)
            return await pool.work(task, self.settings.job_deadline_seconds)

        for start in starts:
            items = range(start, min(start + self.chunk, len(self.grid)))
            take(start, await bisect_failures(items, work, self._failed))

    def _failed(self, index: int, error: ItemError) -> bytes:
        return self.grid.point(index, error).model_dump_json().encode()


@contextmanager
def _unheard_by_children() -> Iterator[None]:
    """Processes that are started meanwhile never hear of Ctrl-C, which goes to all: this process decides."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _run(run: SweepRun, results: SweepResults) -> int:
    try:
        with _shown(len(run.grid), results.take) as take:
            run.run(take)
    except KeyboardInterrupt:
        return _INTERRUPTED
    return 0


@contextmanager
def _shown(total: int, take: _Take) -> Iterator[_Take]:
    """`take` with a progress bar on standard error, where that is a terminal."""
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("points, left:"), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("", total=total)

        def taken(start: int, found: ChunkResult) -> None:
            take(start, found)
            progress.advance(bar, len(found.lines))

        yield taken


@contextmanager
def _opened(csv: str, out: BinaryIO) -> Iterator[BinaryIO]:
    """The file of the table; what keeps it from being written says its name."""
    if csv == _STANDARD_OUTPUT:
        yield out
        return
    try:
        with Path(csv).open("wb") as file:
            yield file
    except OSError as error:
        error.filename = error.filename or csv
        raise
