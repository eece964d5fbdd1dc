"""The engine against its floor, the bare matrix products and random numbers of the same passes: `make bench`.

Ratios within one run; seconds differ from machine to machine, ratios hardly do.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from service.worker.threads import single_blas_thread  # noqa: E402 - the root is on the path only now

single_blas_thread()

import numpy as np  # noqa: E402 - NumPy comes after the thread limit
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

from service.nn.randomness import Randomness  # noqa: E402
from service.simulation.simulate import simulate  # noqa: E402
from service.spec import SimulationSpec  # noqa: E402

ROUNDS = 3


@dataclass(frozen=True)
class Shape:
    """`trials` networks of `hidden` tanh layers of `units` units, on `samples` samples."""

    name: str
    trials: int
    hidden: int
    units: int
    samples: int

    def spec(self) -> SimulationSpec:
        """The network as a specification."""
        hidden = {"kind": "dense", "units": self.units, "activation": {"kind": "tanh"}}
        layers = [{"kind": "repeat", "times": self.hidden, "layers": [hidden]}, {"kind": "dense", "units": 1}]
        network: dict[str, Any] = {"features": self.units, "layers": layers}
        return SimulationSpec.model_validate(
            {"network": network, "data": {"samples": self.samples}, "trials": self.trials}
        )

    def floor(self) -> None:
        """The normals of the weights, and three products for each layer and trial."""
        randomness = Randomness(0, range(self.trials))
        x = np.ones((self.trials, self.samples, self.units))
        for layer in range(self.hidden):
            weights = randomness.tensor(layer).normal((self.units, self.units)).astype(np.float64)
            _ = x @ weights, x @ weights.swapaxes(-1, -2), x.swapaxes(-1, -2) @ x


SHAPES = [
    Shape("homework", 1000, 2, 2, 32),
    Shape("small", 200, 10, 32, 32),
    Shape("medium", 8, 50, 128, 64),
    Shape("wide", 2, 20, 1024, 64),
    Shape("deep", 4, 1000, 64, 32),
]


def best(run: Callable[[], object]) -> float:
    """Seconds of the fastest of some runs."""
    seconds = []
    for _ in range(ROUNDS):
        started = perf_counter()
        run()
        seconds.append(perf_counter() - started)
    return min(seconds)


def main() -> None:
    """Measure every shape and print one table."""
    console = Console(width=None if sys.stdout.isatty() else 100)
    table = Table(title=f"one process, one BLAS thread, float64, best of {ROUNDS}", title_justify="left")
    for column in ("shape", "trials", "hidden", "units", "samples", "engine, s", "floor, s", "engine / floor"):
        table.add_column(column, justify="left" if column == "shape" else "right")
    for shape in SHAPES:
        spec = shape.spec()
        engine, floor = best(lambda spec=spec: simulate(spec)), best(shape.floor)
        numbers = (shape.trials, shape.hidden, shape.units, shape.samples)
        table.add_row(shape.name, *map(str, numbers), f"{engine:.3f}", f"{floor:.3f}", f"{engine / floor:.2f}")
    console.print(table)


if __name__ == "__main__":
    main()
