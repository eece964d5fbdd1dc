"""A worker process as the pool holds it: asked one thing at a time, killed."""

import asyncio
from collections import deque
from contextlib import suppress
from subprocess import Popen, TimeoutExpired

import anyio
import anyio.lowlevel

from service.processes.system import Launched
from service.processes.worker import LENGTH_BYTES

_HANGS_SECONDS = 5.0
_ENDS_SECONDS = 1.0
"""A process that has not taken what it was asked for by then does nothing at all: it is stopped, or swapped out."""


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
