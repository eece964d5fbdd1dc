"""`sweep`: the points of a sweep, worked on by processes of this machine, written and summed up as they come."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import BinaryIO

import anyio
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from service.cli.console import REFUSED, InputFiles, output
from service.cli.sweep_results import SweepResults
from service.core.settings import Settings
from service.jobs.work.base import Accepted, JobCache, JobContext
from service.jobs.work.sweep import SweepWork
from service.processes.pool import PoolLimits, ProcessPool
from service.store.stores import NullStore
from service.studies.evaluation import ChunkResult
from service.studies.sweep import SweepSpec

_WORK = SweepWork()
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
        spec = SweepSpec.model_validate(inputs.read(path))
        settings = Settings() if workers is None else Settings(workers=workers)
        run = SweepRun(_WORK.accept(spec, settings), settings)
        out = sys.stdout.buffer
        table = None if csv is None else files.enter_context(_opened(csv, out))
        results = SweepResults(spec, table, out if as_json else None)
        started = monotonic()
        status = _run(run, results)
        results.finish()
        if not as_json and csv != _STANDARD_OUTPUT:
            seconds = monotonic() - started
            output().print(f"{results.done} of {spec.total} points in {seconds:.1f} s, processes: {settings.workers}")
            results.show(output())
        return status
    return REFUSED


@dataclass(frozen=True)
class SweepRun:
    """A sweep that is worked on as a job is, with nothing kept."""

    accepted: Accepted
    settings: Settings

    def run(self, take: _Take) -> None:
        """Work on all points, and hand the number of the first with the results of each chunk to `take`.

        KeyboardInterrupt, with the processes gone, where someone would not wait.
        """
        try:
            anyio.run(self._run, take)
        except ExceptionGroup as several:  # as a task group puts it where `take` has failed
            raise several.exceptions[0] from None

    async def _run(self, take: _Take) -> None:
        pool = ProcessPool(PoolLimits.of(self.settings), _PRELOAD)
        try:
            await pool.start()
            await self._work(JobContext.of(self.settings, pool, JobCache(None, NullStore())), take)
        finally:
            await pool.end()

    async def _work(self, context: JobContext, take: _Take) -> None:
        starts = iter(range(0, self.accepted.total, self.accepted.chunk))
        async with anyio.create_task_group() as workers:
            for _ in range(self.settings.workers):
                workers.start_soon(self._worker, context, starts, take)

    async def _worker(self, context: JobContext, starts: Iterator[int], take: _Take) -> None:
        job = _WORK.load(self.accepted.request, None)
        for start in starts:
            items = range(start, min(start + self.accepted.chunk, self.accepted.total))
            take(start, await _WORK.chunk(job, items, context))


def _run(run: SweepRun, results: SweepResults) -> int:
    try:
        with _shown(run.accepted.total, results.take) as take:
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
