"""`python -m benchmarks.calibration [train] [measure]`: rows, numbers, and the page of the evidence after them."""

import os
import sys

from service.processes.system import single_blas_thread

single_blas_thread()

from benchmarks.calibration.evidence import write  # noqa: E402 - NumPy comes after the thread limit
from benchmarks.calibration.measures import measure_all  # noqa: E402
from benchmarks.calibration.rows import train_all  # noqa: E402

_PROCESSES = os.cpu_count() or 1

if "train" in sys.argv:
    train_all(_PROCESSES)
if "measure" in sys.argv:
    measure_all(_PROCESSES)
write()
