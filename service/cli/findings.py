"""What a sweep has found, as it comes in: written in the order of the points, counted, and told at the end."""

from collections import Counter
from dataclasses import dataclass, field
from statistics import median
from typing import BinaryIO

from rich.console import Console
from rich.table import Table

from service.charts.tables import csv_line
from service.cli.heat_map import HeatMap
from service.cli.page import COLOURS
from service.simulation.vocabulary import Label
from service.studies.evaluation import ChunkResult
from service.studies.points import SweepPoint
from service.studies.sweep import SweepSpec

MOST_ERRORS = 20


@dataclass
class Findings:
    """The results of a sweep; those that come too early wait for their turn."""

    spec: SweepSpec
    csv: BinaryIO | None
    json: BinaryIO | None
    done: int = 0
    _next: int = 0
    _waiting: dict[int, ChunkResult] = field(default_factory=dict)
    _ratios: dict[Label, list[float]] = field(default_factory=dict)
    _counts: Counter[Label] = field(default_factory=Counter)
    _errors: list[SweepPoint] = field(default_factory=list)
    _failed: int = 0

    def __post_init__(self) -> None:
        """Begin the table."""
        self._map = HeatMap.of(self.spec)
        if self.csv is not None:
            self.csv.write(csv_line(self.spec.columns()))

    def take(self, start: int, found: ChunkResult) -> None:
        """The results of the points from `start` on."""
        self._waiting[start] = found
        self.done += len(found.lines)
        while self._next in self._waiting:
            some = self._waiting.pop(self._next)
            self._next += len(some.lines)
            self._write(some)
        self._flush()

    def finish(self) -> None:
        """Write what has waited for others that never came."""
        for start in sorted(self._waiting):
            self._write(self._waiting.pop(start))
        self._flush()

    def show(self, console: Console) -> None:
        """Print how many points have which label, which failed, and a map of two axes."""
        table = Table(title="decades (log10)", title_justify="left")
        for column in ("label", "points", "share", "depth ratio from", "median", "to"):
            table.add_column(column, justify="left" if column == "label" else "right", no_wrap=True)
        for label, count in self._counts.most_common():
            share = f"{100.0 * count / self.done:.1f} %"
            ratios = self._ratios.get(label)
            spread = [min(ratios), median(ratios), max(ratios)] if ratios else []
            cells = [f"{value:+.2f}" for value in spread] or ["–"] * 3
            table.add_row(f"[{COLOURS[label]}]{label.value}[/]", str(count), share, *cells)
        if self._failed:
            table.add_row("no result", str(self._failed), f"{100.0 * self._failed / self.done:.1f} %", *["–"] * 3)
        console.print(table)
        if self._map is not None:
            self._map.show(console)
        for point in self._errors:
            if point.error is not None:
                place = f" {point.error.pointer}" if point.error.pointer else ""
                console.print(f"point {point.index}{place}: {point.error.detail}", markup=False, soft_wrap=True)
        if self._failed > len(self._errors):
            console.print(f"… and {self._failed - len(self._errors)} more without a result")

    def _flush(self) -> None:
        for file in (self.csv, self.json):
            if file is not None:
                file.flush()

    def _write(self, found: ChunkResult) -> None:
        for line in found.lines:
            if self.json is not None:
                self.json.write(line + b"\n")
            point = SweepPoint.model_validate_json(line)
            if self.csv is not None:
                self.csv.write(csv_line(point.cells()))
            self._count(point)

    def _count(self, point: SweepPoint) -> None:
        if self._map is not None:
            self._map.take(point)
        if point.verdict is None:
            self._failed += 1
            if len(self._errors) < MOST_ERRORS:
                self._errors.append(point)
            return
        self._counts[point.verdict.label] += 1
        if point.verdict.depth_ratio.median is not None:
            self._ratios.setdefault(point.verdict.label, []).append(point.verdict.depth_ratio.median)
