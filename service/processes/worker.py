"""A worker process: it answers one task after the other, until its parent has gone.

    python -m service.processes.worker <file descriptor> <bytes of memory> <name>…

The descriptor is a socket to the parent: a message is its length and so many bytes. The first message, an empty one,
tells that everything is loaded; then every task, pickled, has one answer: `(result, None)` or `(None, error)`, pickled.
Nothing heavy is imported before the limits are set.
"""

import pickle
import resource
import sys
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from io import BufferedIOBase
from pkgutil import resolve_name
from socket import socket
from types import TracebackType

from service.processes.system import die_with_parent, keep_freed_memory

LENGTH_BYTES = 8


def _serve(descriptor: int, memory_bytes: int, *preload: str) -> None:
    """Load what `preload` names, with `memory_bytes` of address space (0: no limit); then answer until the parent ends.

    A module is imported (`package.module`); a function without arguments is called (`package.module:function`).
    """
    die_with_parent()
    if memory_bytes:
        _limit_memory(memory_bytes)
        keep_freed_memory()
    for name in preload:
        found = resolve_name(name)
        if callable(found):
            found()
    with socket(fileno=descriptor) as parent, suppress(ConnectionError), parent.makefile("rwb") as stream:
        parent.set_inheritable(False)
        _send(stream, b"")
        while header := stream.read(LENGTH_BYTES):
            _send(stream, _answer(stream.read(int.from_bytes(header))))


def _limit_memory(limit: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    soft = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _send(stream: BufferedIOBase, message: bytes) -> None:
    stream.write(len(message).to_bytes(LENGTH_BYTES))
    stream.write(message)
    stream.flush()


def _answer(request: bytes) -> bytes:
    """The answer to a task; where its error cannot be pickled, a RuntimeError with the traceback stands for it."""
    with _Raised() as raised:
        task: Callable[[], object] = pickle.loads(request)
        return pickle.dumps((task(), None))
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
    _serve(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
