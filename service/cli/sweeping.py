"""The points of a sweep, worked on by processes of this machine: the lines of a job, without a job."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import anyio

from service.core.settings import Settings
from service.jobs.size import chunk_of, seconds_a_point
from service.processes.pool import ProcessPool
from service.simulation.estimate import Limits
from service.simulation.results import ItemError
from service.studies.evaluation import ChunkResult, bisect_failures
from service.studies.sweep import Grid
from service.studies.tasks import points_of

Take = Callable[[int, ChunkResult], None]
_PRELOAD = ("service.studies.tasks", "service.theory.bounds:prove_built_ins")


@dataclass(frozen=True)
class Sweeping:
    """A sweep, and what works on it."""

    grid: Grid
    request: bytes  # JSON
    chunk: int
    limits: Limits  # of one point
    settings: Settings

    @classmethod
    def of(cls, grid: Grid, settings: Settings) -> "Sweeping":
        """By the settings of a job; MisplacedAxis where an axis has no place."""
        chunk = chunk_of(len(grid), seconds_a_point(grid), settings.job_chunk_seconds)
        limits = Limits(settings.sync_budget_flops * settings.job_patience, settings.memory_bytes_per_worker)
        return cls(grid, grid.spec.model_dump_json().encode(), chunk, limits, settings)

    def run(self, take: Take) -> None:
        """Work on all points, and hand the number of the first with the results of each chunk to `take`.

        KeyboardInterrupt, with the processes gone, where someone would not wait.
        """
        try:
            anyio.run(self._run, take)
        except ExceptionGroup as several:  # as a task group puts it where `take` has failed
            raise several.exceptions[0] from None

    async def _run(self, take: Take) -> None:
        pool = ProcessPool(self.settings, _PRELOAD)
        with _unheard_by_children():
            await pool.start()
        starts = iter(range(0, len(self.grid), self.chunk))
        async with anyio.create_task_group() as hands:
            for _ in range(self.settings.workers):
                hands.start_soon(self._hand, pool, starts, take)

    async def _hand(self, pool: ProcessPool, starts: Iterator[int], take: Take) -> None:
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
