"""How the cost grows with depth and with trials: the slope of log time against log size is 1 where it is linear."""

import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from service.processes.system import single_blas_thread  # noqa: E402 - the root is on the path only now

single_blas_thread()

import numpy as np  # noqa: E402 - NumPy comes after the thread limit

from benchmarks.shapes import Shape  # noqa: E402
from service.processes.system import keep_freed_memory  # noqa: E402
from service.simulation.simulate import simulate  # noqa: E402
from service.simulation.spec import SimulationSpec  # noqa: E402

DEPTHS, TRIALS, ROUNDS = [40, 80, 160, 320], [100, 200, 400, 800], 3


def slope(sizes: list[int], shape_of: Callable[[int], Shape]) -> float:
    """Of log time against log size, by least squares; sizes are measured in turn and the best of each counts."""
    specs = [SimulationSpec.model_validate(shape_of(size).spec("float64")) for size in sizes]
    seconds = np.full((ROUNDS, len(sizes)), np.inf)
    for turn, one in np.ndindex(seconds.shape):
        started = perf_counter()
        simulate(specs[one])
        seconds[turn, one] = perf_counter() - started
    return float(np.polyfit(np.log(sizes), np.log(seconds.min(axis=0)), 1)[0])


def main() -> None:
    """Print both slopes."""
    keep_freed_memory()
    print(f"depth  {slope(DEPTHS, lambda depth: Shape('depth', 8, depth, 64, 32)):.3f}")
    print(f"trials {slope(TRIALS, lambda trials: Shape('trials', trials, 10, 32, 32)):.3f}")


if __name__ == "__main__":
    main()
