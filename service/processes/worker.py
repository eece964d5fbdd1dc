"""A worker process: it answers one task after the other, until its parent has gone.

    python -m service.processes.worker <file descriptor> <process number of the parent> <bytes of memory> <name>…

The descriptor is a socket to the parent: a message is its length and so many bytes. The first message, an empty one,
tells that everything is loaded. A request is the number of processors (0: the task is called without it) and the task,
pickled; an empty message tells that it is taken, and then comes its answer, `(result, None)` or `(None, error)`,
pickled. Nothing heavy is imported before the limits are set.
"""

import gc
import pickle
import resource
import sys
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from io import BufferedIOBase
from pkgutil import resolve_name
from select import select
from socket import socket
from types import TracebackType

from service.core.logs import start_logs
from service.processes.fork_map import reap_helpers
from service.processes.system import die_with_parent, keep_freed_memory

LENGTH_BYTES = 8


def _serve(descriptor: int, parent_process: int, memory_bytes: int, *preload: str) -> None:
    """Load what `preload` names, with `memory_bytes` of address space (0: no limit); then answer until the parent ends.

    A module is imported (`package.module`); a function without arguments is called (`package.module:function`).
    """
    die_with_parent(parent_process)
    if memory_bytes:
        _limit_memory(memory_bytes)
        keep_freed_memory()
    start_logs()
    for name in preload:
        found = resolve_name(name)
        if callable(found):
            found()
    gc.freeze()  # what is loaded by now stays: no collection need look at it again and again
    with socket(fileno=descriptor) as parent, suppress(ConnectionError), parent.makefile("rwb") as stream:
        parent.set_inheritable(False)
        _send(stream, b"")
        while header := _next_header(parent, stream):
            request = stream.read(int.from_bytes(header))
            _send(stream, b"")
            _send(stream, _answer(int.from_bytes(request[:LENGTH_BYTES]), memoryview(request)[LENGTH_BYTES:]))


def _next_header(parent: socket, stream: BufferedIOBase) -> bytes:
    """The length of the next request, empty where the parent has gone; helpers that end meanwhile are reaped."""
    while not select([parent], [], [], reap_helpers())[0]:
        pass
    return stream.read(LENGTH_BYTES)


def _limit_memory(limit: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    soft = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _send(stream: BufferedIOBase, message: bytes) -> None:
    stream.write(len(message).to_bytes(LENGTH_BYTES))
    stream.write(message)
    stream.flush()


def _answer(processes: int, request: memoryview) -> bytes:
    """The answer to a task; where its error cannot be pickled, a RuntimeError with the traceback stands for it."""
    with _Raised() as raised:
        task: Callable[..., object] = pickle.loads(request)
        return pickle.dumps((task(processes) if processes else task(), None))
    with _Raised():
        answer = pickle.dumps((None, raised.error))
        if isinstance(pickle.loads(answer)[1], Exception):  # the constructors of some errors do not allow that
            return answer
    return pickle.dumps((None, RuntimeError("".join(getattr(raised.error, "__notes__", ())))))


class _Raised(AbstractContextManager["_Raised"]):
    """Keeps the error of its block, with the traceback as a note, which is not pickled itself."""

    error: Exception | None = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        error.add_note("".join(traceback.format_exception(kind, error, trace)))
        self.error = error
        return True


if __name__ == "__main__":
    _serve(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])
