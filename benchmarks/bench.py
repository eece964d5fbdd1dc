"""The engine against its rivals and its floor in one run: `make bench`; `make bench SHAPES=small,medium` for some.

Every contestant is asked in turn, round after round, and its best run counts: ratios of one run survive a busy machine,
seconds do not. PyTorch and JAX take part where they are installed (`pip install torch jax`).
"""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from service.processes.system import single_blas_thread  # noqa: E402 - the root is on the path only now

single_blas_thread()

from benchmarks.contestant import Contestant  # noqa: E402 - NumPy comes after the thread limit
from benchmarks.contestants.norms import Norms  # noqa: E402
from benchmarks.floor import Floor  # noqa: E402
from benchmarks.setting import ENGINE, REPORT, Setting  # noqa: E402
from benchmarks.shapes import SHAPES, Layers, Shape  # noqa: E402
from benchmarks.table import geometric_mean, markdown  # noqa: E402

CONTESTANTS = [ENGINE, REPORT, "pytorch_loop", "pytorch_batched", "jax_vmap", "pytorch_layers", "pytorch_vmap"]
PRECISIONS = ["float64", "float32"]
RESULTS = ROOT / "benchmarks" / "results.json"
ROUND_SECONDS = 6.0
"""Rounds go on until every contestant has had so many seconds, or ROUNDS are over."""
ROUNDS = 40


def measure(contestants: list[Contestant], shape: Shape | Layers, precision: str, floor: Floor) -> Setting:
    """Interleaved rounds of all contestants; an AssertionError where their answers differ."""
    compiling = {one.name: one.prepare(shape, precision) for one in contestants}
    runs = {one.name: [one.run()] for one in contestants}  # the first of each is not counted
    slowest = max(found[0].seconds for found in runs.values())
    for _ in range(max(2, min(ROUNDS, int(ROUND_SECONDS / slowest)))):
        for one in contestants:
            runs[one.name].append(one.run())
    for name, found in runs.items():
        check_agreement(runs[ENGINE][0].norms, found[0].norms, shape, name)
    return Setting(
        shape.name,
        precision,
        {name: min(run.seconds for run in found[1:]) for name, found in runs.items()},
        compiling,
        {one.name: one.weigh() for one in contestants},
        floor.seconds(shape, precision),
    )


def check_agreement(ours: Norms, theirs: Norms, shape: Shape | Layers, name: str) -> None:
    """Whether both answers may be means of one distribution: no layer is six standard errors away."""
    error = ((ours.std**2 + theirs.std**2) / max(1, shape.trials - 1)) ** 0.5
    apart = abs(ours.mean - theirs.mean)
    assert (apart <= 6.0 * error + 0.02).all(), f"{name} finds other norms in {shape.name}: {apart.max():.3f} decades"


def main() -> None:
    """Measure, print the table, and write `results.json`."""
    processors = len(os.sched_getaffinity(0))
    wanted = sys.argv[1].split(",") if len(sys.argv) > 1 else [shape.name for shape in SHAPES]
    contestants = [Contestant(name, processors) for name in CONTESTANTS]
    for one in contestants:
        if one.missing:
            print(f"{one.name} does not take part: there is no {one.missing} here")
    present = [one for one in contestants if not one.missing]
    floor = Floor.measured(processors)
    settings = []
    for shape in (one for one in SHAPES if one.name in wanted):
        for precision in PRECISIONS:
            taking_part = [one for one in present if one.name in (ENGINE, REPORT, *shape.rivals)]
            settings.append(measure(taking_part, shape, precision, floor))
            print(f"{shape.name} {precision}: {settings[-1].best_rival():.2f}", flush=True)
    print(markdown(settings))
    print(f"Geometric mean over the fastest rival: {geometric_mean([one.best_rival() for one in settings]):.2f}")
    results = {"processors": processors, "floor": asdict(floor), "settings": [asdict(one) for one in settings]}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
