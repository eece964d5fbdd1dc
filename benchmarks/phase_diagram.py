"""The phase diagram of tanh, 50 layers of 128 units, drawn and compared with theory: `make phase-diagram`.

The sweep is examples/phase_diagram/tanh.json, which may be posted to /v1/sweeps as it is; the picture is written beside
it. The bar: of the cells over half a decade from the critical line, 95 % have the label of their side.
"""

import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from math import log10
from pathlib import Path
from statistics import median
from time import perf_counter

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from service.processes.system import single_blas_thread  # noqa: E402 - the root is on the path only now

single_blas_thread()

from rich.console import Console  # noqa: E402 - NumPy comes after the thread limit
from rich.table import Table  # noqa: E402

from service.charts.chart import ChartFormat, Theme  # noqa: E402
from service.charts.sweep import draw_sweep  # noqa: E402
from service.nn.activations.smooth import Tanh  # noqa: E402
from service.processes.system import keep_freed_memory  # noqa: E402
from service.simulation.vocabulary import Label  # noqa: E402
from service.simulation.vote import judge_trial  # noqa: E402
from service.studies.evaluation import evaluate  # noqa: E402
from service.studies.points import SweepPoint  # noqa: E402
from service.studies.sweep import Grid, SweepSpec  # noqa: E402
from service.theory.critical import critical_initialisations  # noqa: E402

PLACE = ROOT / "examples" / "phase_diagram"
PROCESSES, TOGETHER, BAR = 2, 16, 0.95
HALF_A_DECADE = 0.5

Distance = Callable[[SweepPoint], float]


@cache
def grid() -> Grid:
    """The points of the sweep, made once in every process."""
    return Grid(SweepSpec.model_validate_json((PLACE / "tanh.json").read_bytes()))


def lines_of(indexes: range) -> list[bytes]:
    """The results of some points."""
    return evaluate(grid(), indexes, {}).lines


def computed() -> list[bytes]:
    """The results of all points in their order."""
    total = len(grid())
    chunks = [range(start, min(start + TOGETHER, total)) for start in range(0, total, TOGETHER)]
    with ProcessPoolExecutor(PROCESSES, initializer=keep_freed_memory) as pool:
        return [line for chunk in pool.map(lines_of, chunks) for line in chunk]


@cache
def critical(sigma_b2: float) -> float:
    """The critical σ_w² of infinitely deep and wide tanh networks."""
    return critical_initialisations(Tanh(), sigma_b2).initialisations[0].weight_variance


def by_weights(point: SweepPoint) -> float:
    """Decades of σ_w² between a cell and the critical line."""
    sigma_w2, sigma_b2 = (float(str(point.values[name])) for name in ("weight_variance", "bias_variance"))
    return log10(sigma_w2 / critical(sigma_b2))


def by_prediction(point: SweepPoint) -> float:
    """The depth ratio that theory predicts for this depth, in decades: 0 on the line of the picture."""
    return point.theory_depth_ratio or 0.0


def side(distance: float) -> Label:
    """What theory calls a cell so far from the line."""
    return Label.EXPLODING if distance > 0.0 else Label.VANISHING


def label_of(point: SweepPoint) -> Label | None:
    """What was found."""
    return point.verdict.label if point.verdict else None


def counted(points: list[SweepPoint], distance: Distance, beyond: float) -> tuple[str, str, str, str]:
    """Cells below and above the line that are further than `beyond` from it, how many of them agree, and the share."""
    far = [point for point in points if abs(distance(point)) > beyond]
    agreeing = [label_of(point) is side(distance(point)) for point in far]
    below = sum(distance(point) < 0.0 for point in far)
    return str(below), str(len(far) - below), str(sum(agreeing)), f"{sum(agreeing) / len(far):.1%}"


def main() -> None:
    """Compute, draw, compare."""
    started = perf_counter()
    lines = computed()
    seconds = perf_counter() - started
    points = [SweepPoint.model_validate_json(line) for line in lines]
    (PLACE / "tanh.svg").write_bytes(
        draw_sweep(grid().spec.model_dump_json().encode(), lines, Theme.LIGHT, ChartFormat.SVG)
    )
    readings: list[tuple[str, Distance, float]] = [
        ("|log₁₀(σ_w²/critical σ_w²)| > 0.5", by_weights, HALF_A_DECADE),
        ("|log₁₀(σ_w²/critical σ_w²)| > 0.1", by_weights, 0.1),
        ("|predicted depth ratio| > 0.5", by_prediction, HALF_A_DECADE),
        ("|predicted depth ratio| > 1: the label's own band", by_prediction, 1.0),
    ]
    table = Table(title=f"{len(points)} cells in {seconds:.0f} s in {PROCESSES} processes; the bar is {BAR:.0%}")
    for column in ("cells with", "below", "above", "label of their side", "share"):
        table.add_column(column, justify="left" if column == "cells with" else "right")
    for name, distance, beyond in readings:
        table.add_row(name, *counted(points, distance, beyond))
    console = Console(width=120)
    console.print(table)
    policy = grid().spec.base.policy
    alike = [label_of(point) is judge_trial(by_prediction(point), False, False, policy)[0] for point in points]
    measured = [point.verdict.depth_ratio.median or 0.0 for point in points if point.verdict]
    differences = sorted(abs(one - by_prediction(point)) for one, point in zip(measured, points, strict=True))
    console.print(
        f"{sum(alike) / len(alike):.1%} of all cells have the label of the predicted depth ratio. It differs from the "
        f"measured one by {median(differences):.2f} decades in the median, by {differences[-1]:.2f} at most. "
        f"The picture is {PLACE.relative_to(ROOT) / 'tanh.svg'}."
    )


if __name__ == "__main__":
    main()
