"""Starting a worker process; imports nothing heavy, so that it loads while its parent does."""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from socket import socket, socketpair
from subprocess import DEVNULL, Popen
from typing import NamedTuple

SIMULATES = (
    "service.grading.tasks",
    "service.theory.profile",
    "service.core.kinds:complete",
    "service.theory.bounds:prove_built_ins",
)
"""What a process loads that simulates for clients who wait."""


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


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Processes that are started in this block ignore what a terminal sends to all: their parent decides."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
