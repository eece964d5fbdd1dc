"""Work spread over processors: helper processes that this one has forked once, and keeps for the next time.

Threads would have to take turns: NumPy lets go of the interpreter for microseconds only, and waking another thread
takes longer than that (two threads were between 0.5 and 1.5 times as fast as one). A fork for each piece of work costs
two milliseconds, and after it every page that either process writes to has to be copied or zeroed: a quarter of all
time where there is much memory to fill. A helper that is there already answers within a fraction of a millisecond.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import NoReturn, TypeVar

from service.simulation.memory import give_back_freed_memory

Share = TypeVar("Share")
T = TypeVar("T")

_IDLE_SECONDS = 10.0
"""A helper that has waited so long for work gives its memory back, and waits on."""
_PR_SET_PDEATHSIG = 1


def spread(work: Callable[[Share], T], shares: Sequence[Share]) -> list[T]:
    """`work` of every share, each but the first by a helper; `work`, the shares and what is found are pickled.

    What a helper could not do, for it died, failed or had no memory, is done here.
    """
    tasks = [partial(work, share) for share in shares]
    with ExitStack() as returned:
        helpers = [returned.enter_context(_helper()) for _ in tasks[1:]]
        for helper, task in zip(helpers, tasks[1:], strict=True):
            helper.ask(task)
        own = tasks[0]()
        return [own, *(helper.answer(task) for helper, task in zip(helpers, tasks[1:], strict=True))]


def die_with_parent() -> None:
    """Let the system end this process when the one that started it ends, where it can."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@dataclass
class _Helper:
    """A forked process that does what it is asked to."""

    owner: int  # the process that forked it
    process: int
    pipe: Connection
    busy: bool = False

    @classmethod
    def start(cls) -> "_Helper":
        """One more."""
        ours, theirs = Pipe()
        owner, process = os.getpid(), os.fork()
        if process == 0:
            _help(theirs, owner)
        theirs.close()
        return cls(owner, process, ours)

    def ask(self, work: Callable[[], object]) -> None:
        """Let it begin with `work`."""
        self.busy = True
        with suppress(
            BrokenPipeError, ConnectionResetError
        ):  # it died while it had nothing to do, as `answer` will see
            self.pipe.send(work)

    def answer(self, work: Callable[[], T]) -> T:
        """What it found; what `work` finds here where there is no answer."""
        try:
            found: T = self.pipe.recv()
        except (EOFError, ConnectionResetError):
            return work()
        self.busy = False
        return found

    def __enter__(self) -> "_Helper":
        return self

    def __exit__(self, *_: object) -> None:
        """Keep it for the next time; end it where it has not answered."""
        if not self.busy:
            _idle.append(self)
            return
        self.pipe.close()
        os.kill(self.process, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(self.process, 0)


_idle: list[_Helper] = []
"""The helpers of this process, as its memory is: whoever simulates in it finds them warm."""


def _helper() -> _Helper:
    """One that is idle, or a new one; those of the process that this one was forked from are not its own."""
    while _idle:
        helper = _idle.pop()
        if helper.owner == os.getpid():
            return helper
    return _Helper.start()


def _help(pipe: Connection, owner: int) -> NoReturn:
    """Do what is asked for through `pipe`, in a process just forked; end without any of its parent's last acts."""
    try:
        die_with_parent()
        _close_all_but(pipe.fileno())
        while os.getppid() == owner:
            _answer_once(pipe)
    finally:
        os._exit(0)


def _answer_once(pipe: Connection) -> None:
    if not pipe.poll(_IDLE_SECONDS):
        give_back_freed_memory()
    pipe.send(pipe.recv()())


def _close_all_but(kept: int) -> None:
    """Close what was open in the parent, so that nobody waits for this process to do so; errors are still written."""
    os.closerange(0, min(kept, 2))
    os.closerange(3, kept)
    os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX"))
