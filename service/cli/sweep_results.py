"""The results of a sweep as they come in: written in the order of the points, counted, and summed up at the end."""

from collections import Counter
from dataclasses import dataclass, field
from statistics import median
from typing import BinaryIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.charts.tables import csv_line
from service.cli.console import COLOURS
from service.simulation.vocabulary import Label, Severity
from service.studies.axes import Scale
from service.studies.evaluation import ChunkResult
from service.studies.points import PointVerdict, SweepPoint
from service.studies.sweep import Combine, SweepSpec

_MOST_ERRORS = 20
_MOST_COLUMNS, _MOST_ROWS = 64, 24
_WIDE_COLUMNS = 32  # so many or fewer are two characters wide, which makes a cell about a square
_FAILED, _NOT_THERE = "?", " "
_SIGNS = {
    (Label.DEAD, Severity.SEVERE): "0",
    (Label.EXPLODING, Severity.MILD): "+",
    (Label.EXPLODING, Severity.SEVERE): "#",
    (Label.VANISHING, Severity.MILD): "-",
    (Label.VANISHING, Severity.SEVERE): "=",
    (Label.STABLE, Severity.NONE): "·",
}
_STYLES = {sign: f"bold white on {COLOURS[label]}" for (label, _), sign in _SIGNS.items()}
_STYLES |= {"·": f"white on {COLOURS[Label.STABLE]}", _FAILED: "reverse"}


@dataclass
class SweepResults:
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
            if len(self._errors) < _MOST_ERRORS:
                self._errors.append(point)
            return
        self._counts[point.verdict.label] += 1
        if point.verdict.depth_ratio.median is not None:
            self._ratios.setdefault(point.verdict.label, []).append(point.verdict.depth_ratio.median)


@dataclass
class HeatMap:
    """The points of two axes: the first one upwards, the second to the right; where there are many, some of them."""

    spec: SweepSpec
    rows: list[int]  # the places on the first axis that are shown, rising
    columns: list[int]
    signs: dict[int, str] = field(default_factory=dict)  # by the numbers of the points

    @classmethod
    def of(cls, spec: SweepSpec) -> "HeatMap | None":
        """An empty one; None where the sweep is not over all pairs of two axes of several numbers each."""
        if spec.combine is not Combine.PRODUCT or len(spec.axes) != 2 or min(spec.shape) < 2:
            return None
        if not all(isinstance(value, int | float) for axis in spec.axes for value in axis.given()):
            return None
        rows, columns = spec.shape
        return cls(spec, _some(rows, _MOST_ROWS), _some(columns, _MOST_COLUMNS))

    def take(self, point: SweepPoint) -> None:
        """Remember the sign of a point, where it is among those shown."""
        row, column = divmod(point.index, self.spec.shape[1])
        if row in self.rows and column in self.columns:
            self.signs[point.index] = self.sign(point.verdict)

    @staticmethod
    def sign(verdict: PointVerdict | None) -> str:
        """The character of a verdict, or that of a failure where there is none."""
        return _FAILED if verdict is None else _SIGNS.get((verdict.label, verdict.severity), _FAILED)

    def show(self, console: Console) -> None:
        """Print the map in at most 24 rows of 64 characters, with its axes and a legend."""
        vertical, horizontal = self.spec.axes
        labels = [_number(vertical.given()[row]) for row in self.rows]
        margin = max(map(len, labels)) + 1
        console.print(f"{vertical.name} upwards{_logarithmic(vertical.scale)}", markup=False)
        for row, label in zip(reversed(self.rows), reversed(labels), strict=True):
            console.print(Text(label.rjust(margin) + " ").append_text(self._line(row)), no_wrap=True, crop=True)
        first, last = (_number(horizontal.given()[column]) for column in (self.columns[0], self.columns[-1]))
        gap = max(1, self._width * len(self.columns) - len(first) - len(last))
        console.print(f"{' ' * (margin + 1)}{first}{' ' * gap}{last}", markup=False)
        console.print(f"{' ' * (margin + 1)}{horizontal.name}{_logarithmic(horizontal.scale)}", markup=False)
        console.print("· stable   - = vanishing, severely   + # exploding, severely   0 dead   ? no result")

    @property
    def _width(self) -> int:
        return 2 if len(self.columns) <= _WIDE_COLUMNS else 1

    def _line(self, row: int) -> Text:
        text = Text()
        for column in self.columns:
            sign = self.signs.get(row * self.spec.shape[1] + column, _NOT_THERE)
            text.append(sign * self._width, _STYLES.get(sign, ""))
        return text


def _some(size: int, most: int) -> list[int]:
    """Places of an axis, its ends among them, as far from each other as possible."""
    count = min(size, most)
    return [round(place * (size - 1) / (count - 1)) for place in range(count)]


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _logarithmic(scale: Scale) -> str:
    return " (logarithmic)" if scale is Scale.LOG else ""
