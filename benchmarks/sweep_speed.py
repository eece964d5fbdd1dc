"""How many points a second one process makes of the course's network, and what they cost: `make bench-jobs`.

Two hidden layers of 8 stanh units on 4 features, a sigmoid output, 32 trials of 64 samples; every point another
variance of the weights and another deviation of the inputs.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from service.processes.system import keep_freed_memory, single_blas_thread  # noqa: E402 - the root is on the path only now

single_blas_thread()
keep_freed_memory()  # as in every process that simulates

from service.jobs.work.sweep import seconds_a_point  # noqa: E402 - NumPy comes after the thread limit
from service.simulation.measure import measure, measure_together  # noqa: E402
from service.simulation.plan import Plan  # noqa: E402
from service.simulation.simulate import theory_of  # noqa: E402
from service.studies.evaluation import ChunkResult, evaluate  # noqa: E402
from service.studies.sweep import Grid, SweepSpec  # noqa: E402

POINTS, SIDE, ROUNDS = 200, 100, 5
HIDDEN = {"kind": "dense", "units": 8, "activation": {"kind": "stanh"}}
OUTPUT = {"kind": "dense", "units": 1, "activation": {"kind": "sigmoid"}}
SWEEP = {
    "base": {"network": {"features": 4, "layers": [{"kind": "repeat", "times": 2, "layers": [HIDDEN]}, OUTPUT]}},
    "axes": [
        {"name": "weight_variance", "range": {"start": 0.25, "stop": 4, "count": SIDE}},
        {"name": "input_std", "range": {"start": 0.1, "stop": 3, "count": SIDE}},
    ],
}


def milliseconds(work: Callable[[list[int]], object], points: list[int]) -> float:
    """How much of a processor `work` takes for one of some points, at best."""
    found = []
    for _ in range(ROUNDS):
        started = process_time()
        work(points)
        found.append(process_time() - started)
    return 1e3 * min(found) / len(points)


def main() -> None:
    """Measure, and print a line for each step."""
    grid = Grid(SweepSpec.model_validate(SWEEP))
    points = list(range(0, len(grid), len(grid) // POINTS))
    plans = [made for made in (grid.plan(index) for index in points) if isinstance(made, Plan)]
    known = evaluate(grid, points, {})
    whole = milliseconds(lambda some: evaluate(grid, some, {}), points)
    print(f"a point, from its number to its line: {whole:6.2f} ms, {1e3 / whole:.0f} a second")
    steps: dict[str, Callable[[list[int]], object]] = {
        "  specification and plan": lambda some: [grid.plan(index) for index in some],
        "  the same, with its digest": lambda some: [grid.digest(index) for index in some],
        "  both passes, measured": lambda _: measure_together(plans),
        "  the same, one by one": lambda _: [measure(made) for made in plans],
        "  theory": lambda _: [theory_of(made, 0.0) for made in plans],
        "a point that is known": lambda some: _known(grid, some, known),
    }
    for name, work in steps.items():
        print(f"{name:38}{milliseconds(work, points):6.2f} ms")
    print(f"{'by the estimate':38}{1e3 * seconds_a_point(grid):6.2f} ms")


def _known(grid: Grid, points: list[int], known: ChunkResult) -> ChunkResult:
    return evaluate(grid, points, known.points)


if __name__ == "__main__":
    main()
