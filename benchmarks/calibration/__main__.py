"""`python -m benchmarks.calibration train`: rows of trained networks."""

import sys

from service.processes.system import single_blas_thread

single_blas_thread()

from benchmarks.calibration.rows import train_all  # noqa: E402 - NumPy comes after the thread limit

if sys.argv[1:2] == ["train"]:
    train_all(int(sys.argv[2]) if len(sys.argv) > 2 else 2)
