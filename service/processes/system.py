"""What a process asks of the system it runs on, and how a worker process is started; imports nothing heavy."""

import ctypes
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from socket import socket, socketpair
from subprocess import DEVNULL, Popen
from typing import NamedTuple

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # of glibc's <malloc.h>
_KEPT_BYTES = 256 << 20
_STEP_BYTES = 16 << 20
_LARGEST_FROM_HEAP_BYTES = 32 << 20  # no more is allowed
_PR_SET_PDEATHSIG = 1
_DESCRIPTORS = 1 << 16  # as many as are asked for; some systems allow a thousand million


SIMULATES = (
    "service.grading.tasks",
    "service.theory.profile",
    "service.core.kinds:complete",
    "service.theory.bounds:prove_built_ins",
)
"""What a process loads that simulates for clients who wait."""


def single_blas_thread() -> None:
    """Ask for one BLAS thread in this process and in all that it starts; to be called before NumPy is imported.

    Processes and threads would fight for the processors otherwise.
    """
    for library in ("OPENBLAS", "OMP", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")


def keep_freed_memory() -> None:
    """Let this process keep up to 256 MiB that it has freed; where the C library is not glibc, nothing happens.

    Handing memory back and asking again costs more than the maths: every page that is new to a process has to be zeroed
    by the kernel first, a microsecond for 4 KiB or three nanoseconds for each number, as long as it takes to draw it.
    """
    if sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "mallopt"):
        return
    for option, value in (
        (_MMAP_THRESHOLD, _LARGEST_FROM_HEAP_BYTES),
        (_TRIM_THRESHOLD, _KEPT_BYTES),
        (_TOP_PAD, _STEP_BYTES),
    ):
        ctypes.CDLL(None).mallopt(option, value)


def die_with_parent(parent: int) -> None:
    """Let the system end this process when `parent`, which started it, ends; end at once where it has ended already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the system was asked
        os._exit(1)


def descriptors() -> int:
    """How many files and connections this process may have open, once its limit is raised as far as it may be."""
    if sys.platform == "win32":
        return _DESCRIPTORS
    import resource  # noqa: PLC0415 - it is not there on every system

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


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
