"""A pool of worker processes of its own for a test, and tasks for it."""

import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from anyio import sleep

from api_tests.processes.processes import workers
from service.processes.fork_map import fork_map
from service.processes.pool import PoolLimits, ProcessPool

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds after which a test gives up waiting, and which a deadline has that no test waits for."""
HERE = __name__


@asynccontextmanager
async def started(
    processes: int = 1,
    deadline_seconds: float = PATIENCE,
    queue: int = 64,
    memory_bytes: int | None = None,
    preload: Sequence[str] = (),
    cancellable: bool = True,
    spare: int = 0,
) -> AsyncIterator[ProcessPool]:
    """A pool that has started, and has left neither a process nor a descriptor at the end of the block."""
    before, opened = workers(), len(os.listdir("/proc/self/fd"))
    pool = ProcessPool(PoolLimits(processes, deadline_seconds, queue, memory_bytes, spare), preload, cancellable)
    try:
        await pool.start()
        yield pool
    finally:
        await pool.end()
    assert workers() == before
    assert len(os.listdir("/proc/self/fd")) == opened


async def until(condition: Callable[[], object]) -> None:
    """Wait for `condition` without holding up anybody else."""
    stop = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < stop, "waited in vain"
        await sleep(0.01)


async def process_of(pool: ProcessPool) -> int:
    """The process that has the next task."""
    return await pool.work(os.getpid, PATIENCE)


FOREVER = partial(time.sleep, 600)
DIES = partial(os._exit, 1)


def any_processors(task: Callable[[], T], _: int) -> T:
    """A task of `run` that does not ask for processors."""
    return task()


def met(own: Path, other: Path) -> bool:
    """Whether another process makes the file `other`, once this one has made its `own`."""
    own.touch()
    stop = time.monotonic() + PATIENCE
    while not other.exists() and time.monotonic() < stop:
        time.sleep(0.01)
    return other.exists()


def survived_signals() -> str:
    """The answer of a process that a terminal has interrupted."""
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGTERM)
    return "survived"


def helped() -> list[int]:
    """The processes among which this one shares work; it is the first."""
    return fork_map(_process, [0, 1, 2])


def _process(_: int) -> int:
    return os.getpid()


def raise_unpicklable() -> None:
    """Fail with what no other process can be told."""
    raise ValueError("this one", lambda: None)


class OfTwo(Exception):
    """An error whose constructor takes two arguments, as that of many refusals does, and tells one."""

    def __init__(self, first: int, second: int) -> None:
        super().__init__(f"{first} and {second}")


def raise_of_two() -> None:
    """Fail with an error that can be pickled and not be read again."""
    raise OfTwo(1, 2)


class Misread(Exception):
    """An error that is a word once it was pickled."""

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)


def raise_misread() -> None:
    """Fail with an error that is read again as something else."""
    raise Misread("this one")


def begin() -> None:
    """What a process loads at its start: it leaves a line in the file STARTS, and fails until there are STARTS_FAILED.

    Then it waits for the file GATE, where the environment names one.
    """
    with Path(os.environ["STARTS"]).open("a+") as starts:
        starts.write(f"{os.getpid()}\n")
        starts.seek(0)
        if len(starts.readlines()) <= int(os.environ.get("STARTS_FAILED", "0")):
            os._exit(1)
    while "GATE" in os.environ and not Path(os.environ["GATE"]).exists():
        time.sleep(0.01)
