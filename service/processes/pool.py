"""The pool of worker processes as the rest of the service sees it: one call, one report.

AnyIO's worker processes are used because a cancelled call really ends its process. A process is started by a call of
its own, outside the deadline and safe from a client's leaving: one whose start is interrupted would be leaked
(anyio#1337). That call has a limit far beyond what a start takes, so that nothing waits for ever.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import ceil
from time import perf_counter
from typing import TypeVar

from anyio import BrokenWorkerProcess, CapacityLimiter, create_task_group, fail_after, to_process

from service.core.errors import DeadlineExceeded, NotReady, QueueFull, WorkerFailed, WorkerNotStarted
from service.core.settings import Settings
from service.grading.grade import check, plans_of
from service.grading.spec import GradingSpec
from service.processes.child import Graded, arm, run, run_grading, run_task
from service.simulation.estimate import Limits, check_budget, check_budgets, estimate
from service.simulation.plan import plan
from service.simulation.results import Estimate
from service.simulation.spec import SimulationSpec
from service.theory.facts import ProfileSpec

T = TypeVar("T")

_BEYOND = "POST /v1/sweeps takes more, as a sweep of a single point."
_STARTS = 3
_START_SECONDS = 30
_NEWEST_SHARE = 0.2


class Worker:
    """A fixed number of processes, a bounded queue in front of them, a deadline and a memory limit for each call."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._limits = Limits(settings.sync_budget_flops, settings.memory_bytes_per_worker)
        self._slots = CapacityLimiter(settings.workers)
        self._processes = CapacityLimiter(settings.workers)
        self._mean_seconds = 0.1
        self._ready = False

    async def start(self) -> None:
        """Start all processes and load the engine in each."""
        async with create_task_group() as starting:
            for _ in range(self._settings.workers):
                starting.start_soon(self._arm)
        self._ready = True

    @property
    def busy(self) -> int:
        """How many processes are at work."""
        return int(self._slots.borrowed_tokens)

    @property
    def waiting(self) -> int:
        """How many simulations wait for a process."""
        return self._slots.statistics().tasks_waiting

    def check_ready(self) -> None:
        """Raise NotReady before `start` has finished."""
        if not self._ready:
            raise NotReady("The worker processes are not started yet.")

    def estimate(self, spec: SimulationSpec) -> Estimate:
        """What `spec` would cost; a SpecError where it does not fit together."""
        return estimate(plan(spec), self._limits)

    async def simulate(self, spec: SimulationSpec) -> bytes:
        """The report on `spec` as JSON; SpecError, BudgetExceeded, QueueFull, DeadlineExceeded or WorkerFailed."""
        check_budget(plan(spec), replace(self._limits, beyond=_BEYOND))
        return await self._answer(partial(run, spec))

    async def profile(self, spec: ProfileSpec) -> bytes:
        """The profile of an activation as JSON; QueueFull, DeadlineExceeded or WorkerFailed."""
        return await self._answer(partial(run, spec))

    async def grade(self, spec: GradingSpec, wanted: str) -> Graded:
        """The grading of `spec` in the format `wanted`, with its evidence; raises what `simulate` raises."""
        check(spec.rubric)
        check_budgets(plans_of(spec.rubric), self._limits)
        return await self._answer(partial(run_grading, spec, wanted))

    async def work(self, task: Callable[[], T], seconds: float) -> T:
        """What `task` returns in a process of its own; it may take so long, and wait for ever.

        DeadlineExceeded or WorkerFailed; it is really ended where it takes longer, or whoever waits is cancelled.
        """
        async with self._slots:
            await self._arm()
            return await self._ended(partial(run_task, task, self._settings.memory_bytes_per_worker), seconds)

    async def _answer(self, work: Callable[[int, int], T]) -> T:
        self._check_queue()
        await self._wait_for_slot()
        started = perf_counter()
        try:
            await self._arm()
            return await self._run(work)
        finally:
            self._slots.release()
            self._mean_seconds += _NEWEST_SHARE * (perf_counter() - started - self._mean_seconds)

    def _check_queue(self) -> None:
        if self._slots.available_tokens == 0 and self.waiting >= self._settings.queue_limit:
            raise self._queue_full()

    def _queue_full(self) -> QueueFull:
        seconds = ceil(self._mean_seconds * (self.waiting + 1) / self._settings.workers)
        return QueueFull(self.waiting, self._settings.queue_limit, max(1, seconds))

    async def _wait_for_slot(self) -> None:
        """Wait for a free process, as long as a simulation may take and no longer."""
        try:
            with fail_after(self._settings.sync_deadline_seconds):
                await self._slots.acquire()
        except TimeoutError:
            raise self._queue_full() from None

    async def _run(self, work: Callable[[int, int], T]) -> T:
        idle = int(self._slots.available_tokens)  # whose processors may help
        task = partial(work, self._settings.memory_bytes_per_worker, 1 + idle)
        return await self._ended(task, self._settings.sync_deadline_seconds)

    async def _ended(self, task: Callable[[], T], seconds: float) -> T:
        try:
            with fail_after(seconds):
                return await to_process.run_sync(task, cancellable=True, limiter=self._processes)
        except TimeoutError:
            raise DeadlineExceeded(seconds) from None
        except BrokenWorkerProcess:
            raise WorkerFailed("The process that simulated died; nothing else was lost.") from None
        except MemoryError:
            limit = self._settings.memory_bytes_per_worker
            sentence = f"The simulation ran out of the memory of its process, {limit} bytes."
            raise WorkerFailed(sentence, limit_bytes=limit) from None

    async def _arm(self) -> None:
        """Make sure that an idle process is there and loaded; one that died while idle is replaced."""
        for _ in range(_STARTS):
            if await self._armed():
                return
        raise WorkerNotStarted("No worker process could be started.")

    async def _armed(self) -> bool:
        try:
            with fail_after(_START_SECONDS, shield=True):
                await to_process.run_sync(
                    arm, self._settings.memory_bytes_per_worker, cancellable=True, limiter=self._processes
                )
        except (BrokenWorkerProcess, TimeoutError):
            return False
        return True
