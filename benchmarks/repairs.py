"""Train what the first prescription makes of forty broken networks, beside healthy ones.

Blobs in four classes, gradient descent, the best of three rates; with names of families and faults, those alone.
"""

import os
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

from benchmarks.broken import FAMILIES, broken, healthy  # noqa: E402 - the root is on the path only now
from service.core.settings import Settings  # noqa: E402 - NumPy comes after the thread limit
from service.simulation.estimate import Limits  # noqa: E402
from service.simulation.spec import SimulationSpec  # noqa: E402
from service.studies.prescriptions.search import prescribe  # noqa: E402
from service.studies.training import TrainingSpec  # noqa: E402
from service.studies.training_course import train  # noqa: E402

_DATA = {"samples": 64, "inputs": {"kind": "blobs", "spread": 0.5}, "targets": {"kind": "class_labels"}}
_RATES = [0.03, 0.1, 0.3]
_STEPS, _TRIALS = 100, 2
_ENOUGH = 0.1
"""How much less accurate than the healthy network a repaired one may be."""


def accuracy(spec: dict[str, Any]) -> float:
    """The median accuracy at the best of the rates, of a network by its specification."""
    asked = {**spec, "data": _DATA, "trials": _TRIALS, "rates": _RATES, "steps": _STEPS}
    found = train(TrainingSpec.model_validate(asked))
    reached = [one.final_accuracy.median for one in found.rates if one.final_accuracy is not None]
    return max((one for one in reached if one is not None), default=0.0)


def main(wanted: list[str]) -> None:
    """Print a row for each broken network, and how many of the repaired are as good as healthy ones."""
    limits, reference, rows = Limits.of(Settings()), {one: accuracy(healthy(one)) for one in FAMILIES}, []
    print("| family | fault | risk | repair | risk | accuracy | healthy |")
    print("| --- | --- | ---: | --- | ---: | ---: | ---: |")
    for (family, fault), spec in broken().items():
        if wanted and not {family, fault} & set(wanted):
            continue
        started = time.perf_counter()
        found = prescribe(SimulationSpec.model_validate(spec), limits)
        if not found.prescriptions:
            print(f"| {family} | {fault} | {found.before.failure_risk:.2f} | none | | | |", flush=True)
            rows.append((False, False))
            continue
        first = found.prescriptions[0]
        reached = accuracy(first.spec.model_dump(mode="json", exclude_unset=True))
        rows.append((first.after.failure_risk < 0.1, reached >= reference[family] - _ENOUGH))
        numbers = f"{first.after.failure_risk:.2f} | {reached:.2f} | {reference[family]:.2f}"
        words = first.sentence.partition(": ")[0]
        print(f"| {family} | {fault} | {found.before.failure_risk:.2f} | {words} | {numbers} |", flush=True)
        print(f"{time.perf_counter() - started:.1f} s", file=sys.stderr)
    mended, trained = (sum(column) for column in zip(*rows, strict=True))
    print(f"\n{mended} of {len(rows)} have a risk below 0.1; {trained} train within {_ENOUGH} of a healthy network.")


if __name__ == "__main__":
    main(sys.argv[1:])
