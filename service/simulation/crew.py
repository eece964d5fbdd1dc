"""Work spread over processors by forking: every process has the plan already, and sends back what it found.

Threads would have to take turns: NumPy lets go of the interpreter for microseconds only, and waking another thread
takes longer than that (two threads were between 0.5 and 1.5 times as fast as one). A fork costs two milliseconds.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Generic, NoReturn, TypeVar

T = TypeVar("T")

_PR_SET_PDEATHSIG = 1


def spread(work: Callable[[int], T], processes: int) -> list[T]:
    """`work(0)`, `work(1)`, …, each but the first in a process of its own, which ends with this one."""
    with ExitStack() as ended:
        helpers = [ended.enter_context(_Helper.start(partial(work, share))) for share in range(1, processes)]
        return [work(0), *(helper.result() for helper in helpers)]


def die_with_parent() -> None:
    """Let the system end this process when the one that started it ends, where it can."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@dataclass(frozen=True)
class _Helper(Generic[T]):
    """A forked process at work."""

    work: Callable[[], T]
    process: int
    pipe: Connection

    @classmethod
    def start(cls, work: Callable[[], T]) -> "_Helper[T]":
        """A process that does `work` and nothing else."""
        ours, theirs = Pipe(duplex=False)
        parent, process = os.getpid(), os.fork()
        if process == 0:
            _help(work, theirs, parent)
        theirs.close()
        return cls(work, process, ours)

    def result(self) -> T:
        """What it found; what it could not do, for it died or had no memory, is done here."""
        try:
            found: T = self.pipe.recv()
        except EOFError:
            return self.work()
        return found

    def __enter__(self) -> "_Helper[T]":
        return self

    def __exit__(self, *_: object) -> None:
        """End the process, done or not."""
        self.pipe.close()
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)


def _help(work: Callable[[], object], pipe: Connection, parent: int) -> NoReturn:
    """Do `work` in a process just forked, and leave without any of its parent's last acts."""
    try:
        die_with_parent()
        if os.getppid() == parent:
            pipe.send(work())
    finally:
        os._exit(0)
