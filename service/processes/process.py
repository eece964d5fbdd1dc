"""A worker process as the pool holds it: asked one thing at a time, killed."""

from contextlib import suppress
from subprocess import Popen, TimeoutExpired

import anyio
import anyio.lowlevel
from anyio.abc import UNIXSocketStream
from anyio.streams.buffered import BufferedByteStream

from service.processes.launch import Launched
from service.processes.worker import LENGTH_BYTES

HAS_ENDED = (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.IncompleteRead)
"""What is raised where a process has ended."""
_HANGS_SECONDS = 5.0
_ENDS_SECONDS = 1.0
"""A process that has not taken what it was asked for by then does nothing at all: it is stopped, or swapped out."""


class ProcessHangs(Exception):
    """The process does not take what it is asked for."""


class Process:
    """What the parent holds of a worker process."""

    def __init__(self, process: Popen[bytes], stream: UNIXSocketStream) -> None:
        self._process = process
        self._stream = BufferedByteStream(stream)
        self.busy = True  # until everything is loaded
        self.begun = False  # whether it has taken what it was asked for last

    @classmethod
    async def of(cls, launched: Launched) -> "Process":
        """One that is loading."""
        return cls(launched.process, await UNIXSocketStream.from_socket(launched.ours))

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def is_alive(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    async def answer(self, processes: int, request: bytes) -> bytes:
        """Its answer to the pickled task, which may use so many processors; ProcessHangs, or one of HAS_ENDED."""
        await anyio.lowlevel.checkpoint_if_cancelled()  # as long as nothing is asked, the process is idle
        self.busy, self.begun = True, False
        message = processes.to_bytes(LENGTH_BYTES) + request
        try:
            with anyio.fail_after(_HANGS_SECONDS):
                await self._stream.send(len(message).to_bytes(LENGTH_BYTES) + message)
                await self._receive()
        except TimeoutError:
            raise ProcessHangs from None
        self.begun = True
        return await self.receive()

    async def receive(self) -> bytes:
        """The next message, after which the process is idle; raises what `answer` raises."""
        message = await self._receive()
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
            await self._stream.aclose()

    async def _receive(self) -> bytes:
        length = int.from_bytes(await self._stream.receive_exactly(LENGTH_BYTES))
        return await self._stream.receive_exactly(length)
