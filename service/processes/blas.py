"""One BLAS thread for each process, so that processes and threads do not fight; it imports nothing heavy."""

import os


def single_blas_thread() -> None:
    """Ask for one thread; to be called before NumPy is imported, and inherited by every process started later."""
    for library in ("OPENBLAS", "OMP", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
