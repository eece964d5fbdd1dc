"""What a process asks of the system it runs on; imports nothing heavy, for it is called before NumPy is loaded."""

import ctypes
import os
import signal
import sys
from contextlib import suppress

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # of glibc's <malloc.h>
_KEPT_BYTES = 256 << 20
_STEP_BYTES = 16 << 20
_LARGEST_FROM_HEAP_BYTES = 32 << 20  # no more is allowed
_PR_SET_PDEATHSIG = 1
_DESCRIPTORS = 1 << 16  # as many as are asked for; some systems allow a thousand million


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
