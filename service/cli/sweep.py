"""A sweep without a server: its progress, its results as they come, and what they come to."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import BinaryIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from service.cli.complaining import REFUSED, Complaining
from service.cli.findings import Findings
from service.cli.page import page
from service.cli.sweeping import Sweeping, Take
from service.core.settings import Settings
from service.studies.evaluation import ChunkResult
from service.studies.sweep import Grid, SweepSpec

INTERRUPTED = 130
"""The exit status of what Ctrl-C has ended."""
STANDARD_OUTPUT = "-"


@dataclass(frozen=True)
class Wanted:
    """What is to be made of the results: a table in a file, lines of JSON, a summary where neither takes its place."""

    csv: str | None
    json: bool

    @property
    def summary(self) -> bool:
        """Whether the standard output is free for it."""
        return not self.json and self.csv != STANDARD_OUTPUT


def sweep_file(path: Path, wanted: Wanted, workers: int | None) -> int:
    """Sweep what `path` says (- is standard input), write the results as they come, and return the exit status."""
    with Complaining(path) as reading, ExitStack() as files:
        grid = Grid(SweepSpec.model_validate(reading.read(path)))
        settings = Settings() if workers is None else Settings(workers=workers)
        sweeping = Sweeping.of(grid, settings)
        out = sys.stdout.buffer
        table = None if wanted.csv is None else files.enter_context(_opened(wanted.csv, out))
        findings = Findings(grid.spec, table, out if wanted.json else None)
        started = monotonic()
        status = _swept(sweeping, findings)
        findings.finish()
        if wanted.summary:
            seconds = monotonic() - started
            page().print(f"{findings.done} of {len(grid)} points in {seconds:.1f} s, processes: {settings.workers}")
            findings.show(page())
        return status
    return REFUSED


def _swept(sweeping: Sweeping, findings: Findings) -> int:
    try:
        with _shown(len(sweeping.grid), findings.take) as take:
            sweeping.run(take)
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


@contextmanager
def _shown(total: int, take: Take) -> Iterator[Take]:
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
    if csv == STANDARD_OUTPUT:
        yield out
        return
    try:
        with Path(csv).open("wb") as file:
            yield file
    except OSError as error:
        error.filename = error.filename or csv
        raise
