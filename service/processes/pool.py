"""A pool of worker processes, with a bounded queue, a deadline and a memory limit.

AnyIO's worker processes are used because a cancelled call really ends its process. A process is started by a call of
its own, outside the deadline and safe from a client's leaving: one whose start is interrupted would be leaked
(anyio#1337). That call has a limit far beyond what a start takes, so that nothing waits for ever.
"""

import resource
import signal
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from math import ceil
from pkgutil import resolve_name
from time import perf_counter
from types import TracebackType
from typing import TypeVar

from anyio import BrokenWorkerProcess, CapacityLimiter, create_task_group, fail_after, to_process

from service.core.errors import DeadlineExceeded, NotReady, QueueFull, WorkerFailed, WorkerNotStarted
from service.core.settings import Settings
from service.processes.system import die_with_parent, keep_freed_memory

_T = TypeVar("_T")

_STARTS = 3
_START_SECONDS = 30
_NEWEST_SHARE = 0.2


class ProcessPool:
    """A fixed number of processes; tasks and what they return are pickled.

    `preload` names what every process loads when it starts: modules (`package.module`), and functions without
    arguments, which it calls (`package.module:function`).
    """

    def __init__(self, settings: Settings, preload: Sequence[str] = ()) -> None:
        self._settings = settings
        self._armed_by = partial(_arm, settings.memory_bytes_per_worker, tuple(preload))
        self._slots = CapacityLimiter(settings.workers)
        self._processes = CapacityLimiter(settings.workers)
        self._mean_seconds = 0.1
        self._ready = False

    async def start(self) -> None:
        """Start all processes and load in each what is to be loaded."""
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
        """How many tasks wait for a process."""
        return self._slots.statistics().tasks_waiting

    def check_ready(self) -> None:
        """Raise NotReady before `start` has finished."""
        if not self._ready:
            raise NotReady("The worker processes are not started yet.")

    async def run(self, task: Callable[[int], _T]) -> _T:
        """What `task` returns in a process of the pool, behind those that wait already.

        It is called with the number of processes whose processors it may use, its own among them. QueueFull,
        DeadlineExceeded, WorkerFailed, or what the task raises.
        """
        self._check_queue()
        await self._wait_for_slot()
        started = perf_counter()
        try:
            await self._arm()
            idle = int(self._slots.available_tokens)
            return await self._result(partial(task, 1 + idle), self._settings.sync_deadline_seconds)
        finally:
            self._slots.release()
            self._mean_seconds += _NEWEST_SHARE * (perf_counter() - started - self._mean_seconds)

    async def work(self, task: Callable[[], _T], seconds: float) -> _T:
        """What `task` returns in a process of the pool; it waits for one as long as it takes, then has `seconds`.

        DeadlineExceeded, WorkerFailed, or what the task raises. Its process is ended where it takes longer, and where
        the caller is cancelled.
        """
        async with self._slots:
            await self._arm()
            return await self._result(task, seconds)

    def _check_queue(self) -> None:
        if self._slots.available_tokens == 0 and self.waiting >= self._settings.queue_limit:
            raise self._queue_full()

    def _queue_full(self) -> QueueFull:
        seconds = ceil(self._mean_seconds * (self.waiting + 1) / self._settings.workers)
        return QueueFull(self.waiting, self._settings.queue_limit, max(1, seconds))

    async def _wait_for_slot(self) -> None:
        """Wait for a free process, as long as a task may take and no longer."""
        try:
            with fail_after(self._settings.sync_deadline_seconds):
                await self._slots.acquire()
        except TimeoutError:
            raise self._queue_full() from None

    async def _result(self, task: Callable[[], _T], seconds: float) -> _T:
        limit = self._settings.memory_bytes_per_worker
        try:
            with fail_after(seconds):
                armed = partial(_run, self._armed_by, task)
                return await to_process.run_sync(armed, cancellable=True, limiter=self._processes)
        except TimeoutError:
            raise DeadlineExceeded(seconds) from None
        except BrokenWorkerProcess:
            raise WorkerFailed("The process that simulated died; nothing else was lost.") from None
        except MemoryError:
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
                await to_process.run_sync(self._armed_by, cancellable=True, limiter=self._processes)
        except (BrokenWorkerProcess, TimeoutError):
            return False
        return True


_is_armed = False  # in a worker process: the limits belong to it as a whole


def _arm(memory_bytes: int, preload: Sequence[str]) -> None:
    """Bind this process to its parent's life and to its share of memory, and load what `preload` names."""
    global _is_armed  # noqa: PLW0603
    if _is_armed:
        return
    for ending in (signal.SIGINT, signal.SIGTERM):  # to the whole group; the parent decides, and dies last
        signal.signal(ending, signal.SIG_IGN)
    die_with_parent()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    keep_freed_memory()
    for name in preload:
        found = resolve_name(name)
        if callable(found):
            found()
    _is_armed = True


def _run(arm: Callable[[], None], task: Callable[[], _T]) -> _T:
    """What `task` returns; armed first, for between two calls a process may have been replaced."""
    arm()
    with _TracebackNoted():
        return task()


class _TracebackNoted:
    """Writes the traceback into an exception: only the exception itself travels to the parent."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            error.add_note("".join(traceback.format_exception(kind, error, trace)))
