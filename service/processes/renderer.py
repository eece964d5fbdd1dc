"""A process that renders, as the rest of the service sees it: one call, one result, one after the other.

It is none of the worker processes: what renders reserves more address space than a simulation may have. It is started
when it is first needed, and again whenever it has died; one that takes too long is killed. What is rendered, its caller
says: work is sent through a pipe as a callable.
"""

import signal
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import TypeVar

from anyio import CancelScope, CapacityLimiter, fail_after, to_thread

from service.core.errors import DeadlineExceeded, QueueFull, WorkerFailed
from service.core.settings import Settings
from service.processes.system import die_with_parent

T = TypeVar("T")

_SECONDS_A_PICTURE = 0.3
_START_SECONDS = 30


class RendererProcess:
    """One spawned process with a bounded queue in front of it and a deadline for each call."""

    def __init__(self, settings: Settings, preload: Callable[[], None]) -> None:
        """`preload` is called in every new process, before its first work: no deadline pays for what it loads."""
        self._settings = settings
        self._preload = preload
        self._turn = CapacityLimiter(1)
        self._process: _Process | None = None

    async def run(self, work: Callable[[], T], seconds: float | None = None) -> T:
        """What `work` returns there, within `seconds`, or else the deadline of a simulation.

        QueueFull, DeadlineExceeded, WorkerFailed where the process ended, RuntimeError where the work failed.
        """
        await self._wait_for_turn()
        try:
            with CancelScope(shield=True):  # an answer is read though its caller has left, or the next would get it
                allowed = self._settings.sync_deadline_seconds if seconds is None else seconds
                found: T = await self._answer(await self._ready(), work, allowed)
            return found
        finally:
            self._turn.release()

    def end(self) -> None:
        """End the process, whatever it is at; the next call starts another."""
        if self._process is not None:
            self._process.end()
        self._process = None

    async def _wait_for_turn(self) -> None:
        waiting, limit = self._turn.statistics().tasks_waiting, self._settings.queue_limit
        if waiting and waiting >= limit:
            raise self._queue_full()
        try:
            with fail_after(self._settings.sync_deadline_seconds):
                await self._turn.acquire()
        except TimeoutError:
            raise self._queue_full() from None

    def _queue_full(self) -> QueueFull:
        waiting = self._turn.statistics().tasks_waiting
        return QueueFull(waiting, self._settings.queue_limit, max(1, round(_SECONDS_A_PICTURE * waiting)))

    async def _ready(self) -> "_Process":
        if self._process is not None and not self._process.process.is_alive():
            self.end()  # it died while it had nothing to do, so no call has failed
        if self._process is None:
            self._process = _Process.start()
            await self._answer(self._process, self._preload, _START_SECONDS)
        return self._process

    async def _answer(self, process: "_Process", work: Callable[[], T], seconds: float) -> T:
        try:
            with fail_after(seconds):
                return await to_thread.run_sync(process.ask, work, abandon_on_cancel=True)
        except TimeoutError:
            self.end()
            raise DeadlineExceeded(seconds) from None
        except (EOFError, OSError):
            self.end()
            raise WorkerFailed("The process that draws died; ask again, there will be a new one.") from None


@dataclass(frozen=True)
class _Process:
    """What the parent holds of a process that does one thing after the other, until its parent has gone."""

    process: BaseProcess
    pipe: Connection

    @classmethod
    def start(cls) -> "_Process":
        """A new one; WorkerFailed where the system has none."""
        context = get_context("spawn")
        try:
            ours, theirs = context.Pipe()
            with theirs:
                process = context.Process(target=_serve, args=(theirs,), daemon=True)
                process.start()
        except OSError:
            raise WorkerFailed("The process that draws could not be started.") from None
        return cls(process, ours)

    def ask(self, work: Callable[[], T]) -> T:
        """What `work` returns there; EOFError or OSError where the process has ended, RuntimeError where it failed."""
        self.pipe.send(work)
        found, failure = self.pipe.recv()
        if failure is not None:
            raise RuntimeError(failure)
        answer: T = found
        return answer

    def end(self) -> None:
        """Kill the process; a call that waits for its answer gets an EOFError."""
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
