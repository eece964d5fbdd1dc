"""The processes of a pool: started in the background, looked at while they are idle, killed and replaced."""

import asyncio
import logging
import pickle
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from dataclasses import dataclass
from typing import Any

import anyio

from service.core.logs import fields
from service.processes.process import Launched, Process, ProcessEnded, ProcessHangs

_STARTS = 3
_START_SECONDS = 60
_LOOK_SECONDS = 10.0  # between two looks at the processes that are idle
_ANSWER_SECONDS = 10.0
_NOTHING = pickle.dumps(int)
_log = logging.getLogger("service.processes")


@dataclass
class Counts:
    """What has happened to the processes of a pool since it was made."""

    starts: int = 0  # processes that were started
    restarts: int = 0  # of these, in place of others
    deaths: int = 0  # processes that died by themselves
    hangs: int = 0  # processes that were killed since they took no work
    deadlines: int = 0  # processes that were killed at the deadline of their task
    aborts: int = 0  # processes that were killed since their caller had left


class Workers:
    """As many processes as are wanted; `freed` is called when one is idle, `failed` when none is there or starts."""

    def __init__(self, launch: Callable[[], Launched], freed: Callable[[], None], failed: Callable[[], None]) -> None:
        self.counts = Counts()
        self._launch = launch
        self._freed = freed
        self._failed = failed
        self._processes: set[Process] = set()
        self._idle: list[Process] = []  # the last one has worked last
        self._askers: deque[asyncio.Future[Process]] = deque()
        self._starting: set[Process] = set()
        self._starts = 0  # that are under way
        self._wanted = 0
        self._lives = 0  # how often all were ended
        self._tasks: set[asyncio.Task[None]] = set()
        self._watching: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """How many processes have loaded everything and are not known to have ended."""
        return len(self._processes)

    @property
    def loaded(self) -> int | None:
        """How many there are, where others are being started; None where none is."""
        return len(self._processes) if self._starts else None

    def want(self, count: int) -> None:
        """Have at least `count` processes from now on."""
        self._wanted = max(self._wanted, count)
        self._restock()

    def watch(self) -> None:
        """Look at those that are idle, again and again until the end, and replace what has ended or hangs."""
        if self._watching is None:
            self._watching = self.spawn(self._watch())

    def spawn(self, work: Coroutine[Any, Any, None], context: Context | None = None) -> asyncio.Task[None]:
        """Let `work` be done by a task that `end` waits for, in the context of a request or in none."""
        task = asyncio.create_task(work, context=context or Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def has_idle(self) -> bool:
        """Whether `take` has one."""
        while self._idle and not self._idle[-1].is_alive():
            self._bury(self._idle.pop())
        return bool(self._idle)

    def take(self) -> Process:
        """The one that has worked last, of those that are idle."""
        return self._idle.pop()

    async def next_free(self) -> Process:
        """One that is idle, now or as soon as there is one."""
        if self.has_idle():
            return self.take()
        asker: asyncio.Future[Process] = asyncio.get_running_loop().create_future()
        self._askers.append(asker)
        try:
            return await asker
        except asyncio.CancelledError:
            if asker.done() and not asker.cancelled():
                self.give_back(asker.result())
            raise

    def has(self, process: Process) -> bool:
        """Whether `process` is still one of these."""
        return process in self._processes

    def give_back(self, process: Process) -> None:
        """Let `process` be idle; where it is still at work, it is killed and another one started."""
        if process.busy or process not in self._processes:
            self._discard(process)
            return
        while self._askers:
            asker = self._askers.popleft()
            if not asker.done():
                asker.set_result(process)
                return
        self._idle.append(process)
        self._freed()

    def look(self) -> None:
        """Ask all that are idle for a sign of life."""
        resting, self._idle = self._idle, []
        for process in resting:
            self.spawn(self._ask(process))

    async def settled(self) -> None:
        """Wait until no process is being started."""
        while self._starts:
            await anyio.sleep(0.01)

    async def end(self) -> None:
        """End all processes, those that are being started as well, and wait until they have ended."""
        self._wanted, self._lives = 0, self._lives + 1
        self._idle.clear()
        if self._watching is not None:
            self._watching.cancel()
            self._watching = None
        for process in self._starting:
            process.kill()
        for process in list(self._processes):
            self._discard(process)
        with anyio.CancelScope(shield=True):
            while self._tasks:
                await asyncio.wait(self._tasks)

    def _bury(self, process: Process) -> None:
        """Replace a process that has ended by itself."""
        self.counts.deaths += 1
        _log.warning("an idle worker process has died; another one is started", extra=fields(pid=process.pid))
        self._discard(process)

    def _discard(self, process: Process) -> None:
        """Kill `process`, and start another where it is missing."""
        process.kill()
        self.spawn(process.end())
        if process in self._processes:
            self._processes.discard(process)
            self.counts.restarts += self._restock()

    def _restock(self) -> int:
        """Start as many processes as are missing; how many those are."""
        missing = max(0, self._wanted - len(self._processes) - self._starts)
        self._starts += missing
        for _ in range(missing):
            self.spawn(self._start(self._lives))
        return missing

    async def _start(self, life: int) -> None:
        """Start one process, in a few attempts."""
        process = None
        for _ in range(_STARTS):
            if process is None and life == self._lives:
                process = await self._started()
        self._starts -= 1
        if process is None:
            if not self._processes and not self._starts:
                self._failed()
            return
        self.counts.starts += 1
        if life == self._lives:
            self._processes.add(process)
        self.give_back(process)

    async def _started(self) -> Process | None:
        """A new process that has loaded everything; None where it could not."""
        try:
            process = await Process.of(self._launch())
        except OSError:
            return None
        self._starting.add(process)
        try:
            with anyio.fail_after(_START_SECONDS):
                await process.receive()
        except (TimeoutError, ProcessEnded):
            await process.end()
            return None
        finally:
            self._starting.discard(process)
        return process

    async def _watch(self) -> None:
        while True:
            await anyio.sleep(_LOOK_SECONDS)
            self._restock()
            self.look()

    async def _ask(self, process: Process) -> None:
        """Ask `process` for nothing, and replace it where it does not answer."""
        try:
            with anyio.fail_after(_ANSWER_SECONDS):
                await process.answer(0, _NOTHING)
        except (TimeoutError, ProcessHangs):
            self.counts.hangs += 1
            _log.warning(
                "an idle worker process does not answer; another one is started", extra=fields(pid=process.pid)
            )
        except ProcessEnded:
            self.counts.deaths += 1
        finally:
            self.give_back(process)
