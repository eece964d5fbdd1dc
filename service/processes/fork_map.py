"""Work spread over processors: helper processes that this one has forked once, and keeps for the next time.

Threads would have to take turns: NumPy lets go of the interpreter for microseconds only, and waking another thread
takes longer than that (two threads were between 0.5 and 1.5 times as fast as one). A fork for each piece of work costs
two milliseconds, and after it every page that either process writes to has to be copied or zeroed: a quarter of all
time where there is much memory to fill. A helper that is there already answers within a fraction of a millisecond.
"""

import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import NoReturn, TypeVar

from service.processes.system import die_with_parent

_Share = TypeVar("_Share")
_T = TypeVar("_T")

_IDLE_SECONDS = 10.0
"""A helper that has waited so long for work ends."""


def fork_map(work: Callable[[_Share], _T], shares: Sequence[_Share]) -> list[_T]:
    """`work` of every share, each but the first by a helper; `work`, the shares and what is found are pickled.

    What a helper could not do, for it died, failed or had no memory, is done here.
    """
    tasks = [partial(work, share) for share in shares]
    with ExitStack() as returned:
        helpers = _lent(len(tasks) - 1, returned)
        asked = list(zip(helpers, tasks[1:], strict=False))
        for helper, task in asked:
            helper.ask(task)
        own = tasks[0]()
        return [own, *(helper.answer(task) for helper, task in asked), *(task() for task in tasks[1 + len(helpers) :])]


@dataclass
class _Helper:
    """A forked process that does what it is asked to."""

    owner: int  # the process that forked it
    process: int
    pipe: Connection
    busy: bool = False

    @classmethod
    def start(cls) -> "_Helper":
        """A helper that is forked now."""
        owner, (ours, theirs) = os.getpid(), Pipe()
        with theirs:
            process = os.fork()
            if process == 0:
                _help(theirs, owner)
        return cls(owner, process, ours)

    def ask(self, work: Callable[[], object]) -> None:
        """Let it begin with `work`."""
        self.busy = True
        # It may have died while it had nothing to do, as `answer` will see.
        with suppress(BrokenPipeError, ConnectionResetError):
            self.pipe.send(work)

    def answer(self, work: Callable[[], _T]) -> _T:
        """What it found; what `work` finds here where there is no answer."""
        try:
            found: _T = self.pipe.recv()
        except (EOFError, OSError):  # it died, perhaps in the middle of a word
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
        self.end()

    def end(self) -> None:
        """End the process, whatever it is at."""
        self.pipe.close()
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(self.process, signal.SIGKILL)
            os.waitpid(self.process, 0)


_idle: list[_Helper] = []
"""The helpers of this process, kept warm for its next simulation."""


def reap_helpers() -> float | None:
    """Let no helper that has ended stay a zombie; in how many seconds others may have ended, where there are others."""
    for helper in [one for one in _idle if one.owner == os.getpid() and one.pipe.poll()]:
        _idle.remove(helper)
        helper.end()  # it has waited too long, or died: there is nothing else it would have to say
    return _IDLE_SECONDS / 2 if _idle else None


def _lent(count: int, returned: ExitStack) -> list[_Helper]:
    """So many helpers, or as many as the system has processes for."""
    helpers: list[_Helper] = []
    with suppress(OSError):
        for _ in range(count):
            helpers.append(returned.enter_context(_helper()))  # noqa: PERF401 - those before a failure are kept
    return helpers


def _helper() -> _Helper:
    """One that is idle, or a new one; those of the process that this one was forked from are not its own."""
    while _idle:
        helper = _idle.pop()
        if helper.owner != os.getpid():
            continue
        if not helper.pipe.poll():
            return helper
        helper.end()  # it has waited too long, or died: there is nothing else it would have to say
    return _Helper.start()


def _help(pipe: Connection, owner: int) -> NoReturn:
    """Do what is asked for through `pipe`, in a process just forked; end without any of its parent's last acts."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # to the whole group; its parent decides
        die_with_parent(owner)
        _close_all_but(pipe.fileno())
        while os.getppid() == owner and pipe.poll(_IDLE_SECONDS):
            pipe.send(pipe.recv()())
    except EOFError:
        pass
    finally:
        if sys.exc_info()[0] is not None:  # its parent does the work itself, and would say nothing
            traceback.print_exc()
        os._exit(0)


def _close_all_but(kept: int) -> None:
    """Close what was open in the parent, so that no reader waits for this process; errors are still written."""
    os.closerange(0, min(kept, 2))
    os.closerange(3, kept)
    os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX"))
