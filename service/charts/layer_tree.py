"""The layers of a report as a page shows them: rows, and what folds around others; open where something is wrong."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from service.charts.columns import DELTA, GAINS, NONE, PER_WEIGHT, SHARES, SIGNALS, Column, shown
from service.charts.folding import Line, folded, is_long, troubled
from service.charts.places import depths, layer_name
from service.simulation.layer_results import LayerStatistics
from service.simulation.results import SimulationReport
from service.simulation.wording import signed

_DEEPEST = 8  # the styles know no more


@dataclass(frozen=True)
class Cell:
    """A number as text; of several layers their median, with `least … most` where these differ."""

    text: str
    spread: str = ""


@dataclass(frozen=True)
class Row:
    """A line of the tree with the texts of its cells, and what it folds around."""

    number: str  # of its layer, or of the first and the last
    around: str  # what its name begins with, as that of what it stands in does
    name: str
    times: int
    depth: int
    shape: str
    parameters: str  # of all that it stands for
    cells: list[Cell]
    anchor: int | None = None  # the number of its layer, where it has one of its own
    boundary: bool = False
    marked: bool = False  # whether something is wrong here
    opened: bool = False
    inside: "list[Row]" = field(default_factory=list)
    copies: "list[Row]" = field(default_factory=list)

    @property
    def folds(self) -> bool:
        """Whether there is anything to unfold."""
        return bool(self.inside or self.copies)


@dataclass(frozen=True)
class LayerTree:
    """All rows below the names of their cells."""

    names: list[str]
    rows: list[Row]
    folds: bool

    @classmethod
    def of(cls, report: SimulationReport) -> "LayerTree":
        """A row for each layer, further in where it is inside others; of many layers a tree."""
        first, *others = shown([DELTA, *GAINS, PER_WEIGHT, *SIGNALS, *SHARES], report.layers)
        names, folds = [first.name, "δ, nine of ten trials", *(one.name for one in others)], is_long(report)
        writer = _Writer([first, *others], troubled(report))
        if folds:
            return cls(names, [writer.row(line) for line in folded(report)], folds)
        deep = zip(report.layers, depths(report.layers), strict=True)
        return cls(names, [writer.flat(layer, depth) for layer, depth in deep], folds)


def neighbours(rows: Sequence[Row]) -> Iterator[tuple[bool, list[Row]]]:
    """Rows that stand together in one table, and with True those that fold."""
    for folds, some in groupby(rows, key=lambda row: row.folds):
        yield folds, [*some]


@dataclass(frozen=True)
class _Writer:
    """Writes lines as rows."""

    columns: Sequence[Column]
    marks: frozenset[int]

    def row(self, line: Line, around: Sequence[str] = (), opens: bool = True) -> Row:
        """The row of a line with all that it folds around, which is open where something is wrong, if it `opens`."""
        labels = (*around, line.label)
        wrong = [any(layer.index in self.marks for one in copy for layer in one.every()) for copy in line.copies]
        alike = all(wrong)  # where that is so in every copy, or there are none: nothing to be told from the others
        within = any(layer.index in self.marks for one in line.inside for layer in one.every())
        copies = [copy[0] if len(copy) == 1 else Line((), copy) for copy in line.copies]
        return replace(
            self._written(line, *line.named(around), len(around)),
            opened=opens and (within or (any(wrong) and not alike)),
            inside=[self.row(one, labels, opens and alike) for one in line.inside],
            copies=[self.row(one, labels, opens and not alike) for one in copies],
        )

    def flat(self, layer: LayerStatistics, depth: int) -> Row:
        """The row of a layer that folds around nothing."""
        return self._written(Line((layer,)), "", layer_name(layer), depth)

    def _written(self, line: Line, around: str, name: str, depth: int) -> Row:
        end, alone = _end(line), len(line.layers) == 1
        first, *others = [_cell(column, line, end) for column in self.columns]
        return Row(
            number=line.number,
            around=around,
            name=name,
            times=line.times,
            depth=min(depth, _DEEPEST),
            shape="×".join(map(str, end.layers[0].shape)),
            parameters=f"{sum(layer.parameters for layer in line.every()):,}",
            cells=[first, _trials(end), *others],
            anchor=line.layers[0].index if alone else None,
            boundary=alone and line.layers[0].boundary,
            marked=any(layer.index in self.marks for layer in line.layers),
        )


def _end(line: Line) -> Line:
    """What the signal of a line comes out of: itself, or the last of several neighbours."""
    return line if line.layers else _end(line.inside[-1])


def _cell(column: Column, line: Line, end: Line) -> Cell:
    """The number of a line: its median over several layers, from the least to the most of them."""
    if not line.layers and not column.of_output:
        return Cell("")
    found = end.numbers(column.number)
    if found is None:
        return Cell(NONE)
    least, most = column.written(found.least), column.written(found.most)
    return Cell(column.written(found.middle), f"{least}…{most}" if least != most else "")


def _trials(line: Line) -> Cell:
    """Where delta is in nine of ten trials; of several layers, from the least of them to the most."""
    low = line.numbers(lambda layer: layer.log10_delta_norm.p05)
    high = line.numbers(lambda layer: layer.log10_delta_norm.p95)
    return Cell(f"{signed(low.least)} … {signed(high.most)}" if low and high else NONE)
