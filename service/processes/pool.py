"""A pool of worker processes, with a bounded queue, a deadline and a memory limit; threads that wait for a database.

Every pool owns its processes, for their limits differ. They are started by the thread of the event loop, since Linux
ends them with the thread that has started them; their answers are awaited without a thread.
"""

import os
import pickle
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from math import ceil
from socket import socketpair
from subprocess import DEVNULL, Popen
from time import perf_counter
from typing import ParamSpec, TypeVar

import anyio
import anyio.lowlevel
from anyio.abc import UNIXSocketStream
from anyio.streams.buffered import BufferedByteStream

from service.core.errors import DeadlineExceeded, NotReady, QueueFull, WorkerFailed, WorkerNotStarted
from service.core.settings import Settings
from service.processes.worker import LENGTH_BYTES

CONNECTIONS = 5
"""To a database; so many threads may wait for it."""
_P = ParamSpec("_P")
_T = TypeVar("_T")

_STARTS = 3
_START_SECONDS = 60
_NEWEST_SHARE = 0.2
_HAS_ENDED = (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.IncompleteRead)


@dataclass(frozen=True)
class PoolLimits:
    """How many processes a pool has, and what a task of `run` may take."""

    processes: int
    deadline_seconds: float
    queue: int  # so many tasks may wait for a process
    memory_bytes: int | None = None  # address space of each process

    @classmethod
    def of(cls, settings: Settings, processes: int | None = None) -> "PoolLimits":
        """The limits of simulations; `processes` stands for the number of workers where it is given."""
        count, deadline = processes or settings.workers, settings.sync_deadline_seconds
        return cls(count, deadline, settings.queue_limit, settings.memory_bytes_per_worker)


class ProcessPool:
    """A fixed number of processes; tasks and what they return are pickled.

    `preload` names what every process loads when it starts: modules (`package.module`), and functions without
    arguments, which it calls (`package.module:function`). A call that is cancelled ends at once, and its process with
    it; one that is not `cancellable` ends with its task. `died` is the sentence about a process that has died at work.
    """

    def __init__(
        self,
        limits: PoolLimits,
        preload: Sequence[str] = (),
        cancellable: bool = True,
        died: str = "The process that simulated died; nothing else was lost.",
    ) -> None:
        self._limits = limits
        self._arguments = (str(limits.memory_bytes or 0), *preload)
        self._cancellable = cancellable
        self._died = died
        self._slots = anyio.CapacityLimiter(limits.processes)
        self._processes: set[_Process] = set()
        self._idle: list[_Process] = []  # the last one has worked last
        self._mean_seconds = 0.1
        self._ready = False

    async def start(self) -> None:
        """Start all processes, which load what is to be loaded; WorkerNotStarted. Without it, tasks start them."""
        async with anyio.create_task_group() as starting:
            for _ in range(self._limits.processes):
                starting.start_soon(self._start_one)
        self._ready = True

    async def end(self) -> None:
        """End all processes; WorkerFailed for the tasks they are at or start for. The next task starts another."""
        self._idle.clear()
        for process in list(self._processes):
            await self._end(process)

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

    async def run(
        self, task: Callable[[int], _T], seconds: float | None = None, *, cost_seconds: float | None = None
    ) -> _T:
        """The result of `task`, behind those that wait already; it has `seconds`, or else the deadline of the pool.

        `cost_seconds` is what it takes by its estimate.

        It is called with the number of processes whose processors it may use, its own among them. QueueFull,
        DeadlineExceeded, WorkerFailed, or what the task raises. What is loaded by a process that has to be started
        first does not count.
        """
        await self._wait_for_slot()
        started = perf_counter()
        try:
            async with self._process() as process:
                idle = int(self._slots.available_tokens)
                return await self._result(process, partial(task, 1 + idle), seconds or self._limits.deadline_seconds)
        finally:
            self._slots.release()
            self._mean_seconds += _NEWEST_SHARE * (perf_counter() - started - self._mean_seconds)

    async def work(self, task: Callable[[], _T], seconds: float) -> _T:
        """The result of `task`; it waits for a process as long as it takes, then has `seconds`.

        DeadlineExceeded, WorkerFailed, or what the task raises.
        """
        async with self._slots, self._process() as process:
            return await self._result(process, task, seconds)

    async def _wait_for_slot(self) -> None:
        """Wait for a free process, as long as a task may take and no longer."""
        if self._slots.available_tokens == 0 and self.waiting >= self._limits.queue:
            raise self._queue_full()
        try:
            with anyio.fail_after(self._limits.deadline_seconds):
                await self._slots.acquire()
        except TimeoutError:
            raise self._queue_full() from None

    def _queue_full(self) -> QueueFull:
        seconds = ceil(self._mean_seconds * (self.waiting + 1) / self._limits.processes)
        return QueueFull(self.waiting, self._limits.queue, max(1, seconds))

    async def _result(self, process: "_Process", task: Callable[[], _T], seconds: float) -> _T:
        request = pickle.dumps(task)
        try:
            with anyio.fail_after(seconds, shield=not self._cancellable):
                answer = await process.answer(request)
        except TimeoutError:
            raise DeadlineExceeded(seconds) from None
        except _HAS_ENDED:
            raise WorkerFailed(self._died) from None
        result, error = pickle.loads(answer)
        if error is None:
            found: _T = result
            return found
        limit = self._limits.memory_bytes
        if isinstance(error, MemoryError) and limit is not None:
            sentence = f"The simulation ran out of the memory of its process, {limit} bytes."
            raise WorkerFailed(sentence, limit_bytes=limit)
        raise error

    @asynccontextmanager
    async def _process(self) -> AsyncIterator["_Process"]:
        """A process that is idle, for the holder of a slot; it is ended unless it is idle again afterwards."""
        process = await self._alive()
        try:
            yield process
        finally:
            if process.busy or process not in self._processes:
                await self._end(process)
            else:
                self._idle.append(process)

    async def _alive(self) -> "_Process":
        """One of the idle processes, or a new one."""
        while self._idle:
            process = self._idle.pop()
            if process.is_alive():
                return process
            await self._end(process)
        for _ in range(_STARTS):
            with suppress(OSError, *_HAS_ENDED):  # a TimeoutError is an OSError
                return await self._started()
        raise WorkerNotStarted("No worker process could be started.")

    async def _start_one(self) -> None:
        async with self._slots, self._process():
            pass

    async def _started(self) -> "_Process":
        """A new process that has loaded everything, though its caller has been cancelled meanwhile."""
        process = await _Process.start(self._arguments)
        self._processes.add(process)
        try:
            with anyio.fail_after(_START_SECONDS, shield=True):
                await process.receive()
        except _HAS_ENDED:
            if process not in self._processes:  # the pool was ended: to start another would keep its owner waiting
                raise WorkerFailed(self._died) from None
            raise
        finally:
            if process.busy:
                await self._end(process)
        return process

    async def _end(self, process: "_Process") -> None:
        self._processes.discard(process)
        await process.end()


class _Process:
    """What the parent holds of a worker process."""

    def __init__(self, process: Popen[bytes], stream: UNIXSocketStream) -> None:
        self._process = process
        self._stream = BufferedByteStream(stream)
        self.busy = True  # until everything is loaded

    @classmethod
    async def start(cls, arguments: Sequence[str]) -> "_Process":
        """A new one, which loads what it has to; OSError where the system has no more."""
        ours, theirs = socketpair()
        descriptor = theirs.fileno()
        try:
            with theirs, _signals_blocked():
                process = Popen(
                    [sys.executable, "-m", "service.processes.worker", str(descriptor), *arguments],
                    env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                    stdin=DEVNULL,
                    stdout=DEVNULL,
                    pass_fds=[descriptor],
                )
        except OSError:
            ours.close()
            raise
        return cls(process, await UNIXSocketStream.from_socket(ours))

    def is_alive(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    async def answer(self, request: bytes) -> bytes:
        """Its answer to `request`; raises one of _HAS_ENDED where the process has ended."""
        await anyio.lowlevel.checkpoint_if_cancelled()  # as long as nothing is asked, the process is idle
        self.busy = True
        await self._stream.send(len(request).to_bytes(LENGTH_BYTES) + request)
        return await self.receive()

    async def receive(self) -> bytes:
        """The next message, after which the process is idle; raises what `answer` raises."""
        length = int.from_bytes(await self._stream.receive_exactly(LENGTH_BYTES))
        message = await self._stream.receive_exactly(length)
        self.busy = False
        return message

    async def end(self) -> None:
        """Kill the process, and wait until it has ended, though the caller has been cancelled."""
        self._process.kill()
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._process.wait)
            await self._stream.aclose()


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Processes that are started in this block ignore what a terminal sends to all: their parent decides."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Threads:
    """A few threads, as many as a database has connections; those of the endpoints stay free if it is slow."""

    def __init__(self, count: int = CONNECTIONS) -> None:
        self._limiter = anyio.CapacityLimiter(count)

    async def run(self, work: Callable[_P, _T], *arguments: _P.args, **named: _P.kwargs) -> _T:
        """The result of `work` for these arguments; a caller that is cancelled waits until it has ended."""
        return await anyio.to_thread.run_sync(partial(work, *arguments, **named), limiter=self._limiter)

    async def glance(self, work: Callable[[], _T]) -> _T:
        """The result of `work`; a caller that is cancelled does not wait for it."""
        return await anyio.to_thread.run_sync(work, limiter=self._limiter, abandon_on_cancel=True)
