"""How the cost grows along depth, trials, points of a sweep, samples and width: the slope of log time against log size.

Where the cost is claimed to be linear the slope has to be within 0.9…1.1; the exit status tells whether it is. Times
are of one processor. The table is that of docs/scaling.md. Names of what grows measure these alone.
"""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import log
from pathlib import Path
from statistics import linear_regression
from time import process_time
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from service.processes.system import keep_freed_memory, single_blas_thread  # noqa: E402 - the root is on the path only now

single_blas_thread()
keep_freed_memory()

from benchmarks.shapes import Shape  # noqa: E402 - NumPy comes after the thread limit
from service.core.settings import Settings  # noqa: E402
from service.simulation.estimate import Limits  # noqa: E402
from service.simulation.simulate import simulate  # noqa: E402
from service.simulation.spec import SimulationSpec  # noqa: E402
from service.studies.evaluation import points_of  # noqa: E402

LINEAR, ROUNDS = (0.9, 1.1), 3
STACK = Shape("stack", trials=8, hidden=40, units=64, samples=32)


@dataclass(frozen=True)
class Axis:
    """What grows, in which sizes, and the work of each size."""

    name: str
    what: str
    sizes: Sequence[int]
    work: Callable[[int], Callable[[], Any]]
    linear: bool

    def seconds(self) -> list[float]:
        """The time of every size: they are measured in turn, and the best of each counts."""
        works = [self.work(size) for size in self.sizes]
        turns = [[_timed(work) for work in works] for _ in range(ROUNDS)]
        return [min(times) for times in zip(*turns, strict=True)]


def _timed(work: Callable[[], Any]) -> float:
    started = process_time()
    work()
    return process_time() - started


def _simulation(shape: Shape) -> Callable[[], Any]:
    return partial(simulate, SimulationSpec.model_validate(shape.spec("float64")))


def _sweep(points: int) -> Callable[[], Any]:
    """So many points of the course's network, two hidden layers of 8 units, each with another variance of weights."""
    hidden = {"kind": "dense", "units": 8, "activation": {"kind": "stanh"}}
    layers = [{"kind": "repeat", "times": 2, "layers": [hidden]}, {"kind": "dense", "units": 1}]
    axis = {"name": "weight_variance", "range": {"start": 0.25, "stop": 4, "count": points}}
    request = json.dumps({"base": {"network": {"features": 4, "layers": layers}}, "axes": [axis]}).encode()
    return partial(points_of, request, range(points), {}, Limits.of(Settings()))


AXES = (
    Axis("depth", "hidden layers", (40, 80, 160, 320), lambda n: _simulation(replace(STACK, hidden=n)), True),
    Axis("trials", "trials", (256, 512, 1024, 2048), lambda n: _simulation(replace(STACK, hidden=10, trials=n)), True),
    Axis("points", "points of a sweep", (64, 128, 256, 512), _sweep, True),
    Axis("samples", "samples", (32, 64, 128, 256), lambda n: _simulation(replace(STACK, samples=n)), False),
    Axis("width", "units of a layer", (64, 128, 256, 512), lambda n: _simulation(replace(STACK, units=n)), False),
)


def main(wanted: Sequence[str]) -> int:
    """Print a row for each axis; whether one that is claimed to be linear is not."""
    print("| what grows | from | to | time | slope | linear |")
    print("| --- | ---: | ---: | --- | ---: | --- |")
    strange = 0
    for axis in (one for one in AXES if not wanted or one.name in wanted):
        seconds = axis.seconds()
        slope = linear_regression([log(size) for size in axis.sizes], [log(one) for one in seconds]).slope
        within = LINEAR[0] <= slope <= LINEAR[1]
        strange += axis.linear and not within
        times = ", ".join(f"{1e3 * one:.3g}" for one in seconds)
        claim = ("yes" if within else "**no**") if axis.linear else "not claimed"
        print(f"| {axis.what} | {axis.sizes[0]} | {axis.sizes[-1]} | {times} ms | {slope:.2f} | {claim} |", flush=True)
    return int(strange > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
