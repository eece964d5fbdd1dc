"""A worker process as the pool holds it: launched, asked one thing at a time, killed."""

import asyncio
import os
import signal
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from socket import socket, socketpair
from subprocess import DEVNULL, Popen, TimeoutExpired
from typing import NamedTuple

import anyio
import anyio.lowlevel

from service.processes.worker import LENGTH_BYTES

_HANGS_SECONDS = 5.0
_ENDS_SECONDS = 1.0
"""A process that has not taken what it was asked for by then does nothing at all: it is stopped, or swapped out."""


SIMULATES = (
    "service.grading.tasks",
    "service.theory.profile",
    "service.core.kinds:complete",
    "service.theory.bounds:prove_built_ins",
)
"""What a process loads that simulates for clients who wait."""
WORKS_ON_JOBS = ("service.studies.evaluation", *SIMULATES)
"""What a process loads that works on jobs."""


class Launched(NamedTuple):
    """A worker process that is loading, and the end of the socket to it."""

    process: Popen[bytes]
    ours: socket


def launch(memory_bytes: int | None, preload: Sequence[str]) -> Launched:
    """A new one with so much address space (None: no limit), as `worker.py` has it; OSError where there are no more."""
    ours, theirs = socketpair()
    descriptor, arguments = theirs.fileno(), (str(memory_bytes or 0), *preload)
    try:
        with theirs, _signals_blocked():
            process = Popen(
                [sys.executable, "-m", "service.processes.worker", str(descriptor), str(os.getpid()), *arguments],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                stdin=DEVNULL,
                stdout=DEVNULL,
                pass_fds=[descriptor],
            )
    except OSError:
        ours.close()
        raise
    return Launched(process, ours)


def launched(count: int, memory_bytes: int | None, preload: Sequence[str]) -> list[Launched]:
    """As many as can be started of so many, which load while their parent does; the pool tries to start the others."""
    found = list[Launched]()
    with suppress(OSError):
        found.extend(launch(memory_bytes, preload) for _ in range(count))
    return found


class ProcessHangs(Exception):
    """The process does not take what it is asked for."""


class ProcessEnded(Exception):
    """The process has ended, or is being ended."""


class _Messages(asyncio.Protocol):
    """What comes from a process, one message after the other."""

    def __init__(self) -> None:
        self.closed = asyncio.get_running_loop().create_future()
        self._read = bytearray()
        self._whole: deque[bytes] = deque()
        self._waiter: asyncio.Future[None] | None = None

    def data_received(self, data: bytes) -> None:
        """Take what has come of a message, or of several."""
        self._read += data
        while len(self._read) >= LENGTH_BYTES:
            end = LENGTH_BYTES + int.from_bytes(self._read[:LENGTH_BYTES])
            if len(self._read) < end:
                break
            self._whole.append(bytes(memoryview(self._read)[LENGTH_BYTES:end]))
            del self._read[:end]
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that no more will come."""
        if not self.closed.done():
            self.closed.set_result(None)
        self._wake()

    async def next(self) -> bytes:
        """The next message; ProcessEnded."""
        while not self._whole:
            if self.closed.done():
                raise ProcessEnded
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return self._whole.popleft()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Process:
    """What the parent holds of a worker process."""

    def __init__(self, process: Popen[bytes], transport: asyncio.Transport, messages: _Messages) -> None:
        self._process = process
        self._transport = transport
        self._messages = messages
        self.busy = True  # until everything is loaded
        self.begun = False  # whether it has taken what it was asked for last

    @classmethod
    async def of(cls, launched: Launched) -> "Process":
        """One that is loading."""
        loop = asyncio.get_running_loop()
        return cls(launched.process, *await loop.create_unix_connection(_Messages, sock=launched.ours))

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def is_alive(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    async def answer(self, processes: int, request: bytes) -> bytes:
        """Its answer to the pickled task, which may use so many processors; ProcessHangs, or ProcessEnded."""
        await anyio.lowlevel.checkpoint_if_cancelled()  # as long as nothing is asked, the process is idle
        self.busy, self.begun = True, False
        message = processes.to_bytes(LENGTH_BYTES) + request
        try:
            with anyio.fail_after(_HANGS_SECONDS):
                self._transport.write(len(message).to_bytes(LENGTH_BYTES) + message)
                await self._messages.next()
        except TimeoutError:
            raise ProcessHangs from None
        self.begun = True
        return await self.receive()

    async def receive(self) -> bytes:
        """The next message, after which the process is idle; raises what `answer` raises."""
        message = await self._messages.next()
        self.busy = False
        return message

    async def ending(self) -> str:
        """How it has ended: `signal 9`, `status 1`; `unknown` where it has not within a second."""
        with suppress(TimeoutExpired):
            await anyio.to_thread.run_sync(self._process.wait, _ENDS_SECONDS)
        status = self._process.returncode
        return "unknown" if status is None else f"signal {-status}" if status < 0 else f"status {status}"

    def kill(self) -> None:
        """Kill the process; `end` waits for that."""
        self._process.kill()

    async def end(self) -> None:
        """Kill the process, and wait until it has ended, though the caller has been cancelled."""
        self._process.kill()
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._process.wait)
            self._transport.abort()
            await self._messages.closed


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Processes that are started in this block ignore what a terminal sends to all: their parent decides."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
