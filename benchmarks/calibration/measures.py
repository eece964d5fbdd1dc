"""What the service says of the untrained networks, for the rows of their trainings."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.calibration.rows import Json, rows
from benchmarks.calibration.trainings import specification
from service.simulation import verdict
from service.simulation.results import FailureRisk
from service.simulation.risk import RiskNumbers, failure_risk
from service.simulation.simulate import simulate
from service.simulation.vocabulary import Optimiser

MEASURES = Path(__file__).parent / "measures.json"
_SAMPLES, _TRIALS = 64, 8
_SEEN: list[RiskNumbers] = []


def measure_all(processes: int) -> None:
    """Measure every network that has a row, and write all numbers to one file."""
    wanted = sorted((row["family"], row["seed"]) for row in rows())
    with get_context("fork").Pool(processes) as pool:
        found = list(pool.imap(_measured, wanted))
    MEASURES.write_text("[\n" + ",\n".join(map(json.dumps, found)) + "\n]\n", encoding="utf-8")


def _measured(which: tuple[str, int]) -> Json:
    family, seed = which
    return {"family": family, "seed": seed, **{one.value: _numbers(family, seed, one) for one in Optimiser}}


def _numbers(family: str, seed: int, optimiser: Optimiser) -> Json:
    """The numbers that a risk is made of, and the risk itself."""
    spec = specification(family, seed, _SAMPLES, trials=_TRIALS, policy={"kind": optimiser.value})
    with _seeing():
        report = simulate(spec)
    found = vars(_SEEN[-1])
    numbers = {name: round(min(max(value, -99.0), 99.0), 4) for name, value in found.items() if value is not None}
    ratio = report.verdict.depth_ratio.median
    return {
        **numbers,
        "dense": found["dense"],
        "depth_ratio": None if ratio is None else round(ratio, 4),
        "label": report.verdict.label.value,
        "risk": round(report.verdict.failure_risk.probability, 6),
    }


@contextmanager
def _seeing() -> Iterator[None]:
    """Keep the numbers that the verdict hands to the risk."""

    def seen(optimiser: Optimiser, numbers: RiskNumbers) -> FailureRisk:
        _SEEN.append(numbers)
        return failure_risk(optimiser, numbers)

    before: Any = verdict.failure_risk
    verdict.failure_risk = seen  # type: ignore[attr-defined]
    try:
        yield
    finally:
        verdict.failure_risk = before  # type: ignore[attr-defined]
