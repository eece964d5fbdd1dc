"""Freed memory is kept for the next array: handing it back to the system and asking again costs more than the maths.

Every page that is new to a process has to be zeroed by the kernel first, a microsecond for 4 KiB or three nanoseconds
for each number, as long as it takes to draw it. It imports nothing heavy.
"""

import ctypes
import sys

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # of glibc's <malloc.h>
_KEPT_BYTES = 256 << 20
_STEP_BYTES = 16 << 20
_LARGEST_FROM_HEAP_BYTES = 32 << 20  # no more is allowed


def keep_freed_memory() -> None:
    """Let this process keep up to 256 MiB that it has freed; where the C library is not glibc, nothing happens."""
    if sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "mallopt"):
        return
    for option, value in (
        (_MMAP_THRESHOLD, _LARGEST_FROM_HEAP_BYTES),
        (_TRIM_THRESHOLD, _KEPT_BYTES),
        (_TOP_PAD, _STEP_BYTES),
    ):
        ctypes.CDLL(None).mallopt(option, value)
