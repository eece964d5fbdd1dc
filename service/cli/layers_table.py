"""The table of a report's layers for people who read it in a terminal: what repeats is shown once, with its spread."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rich.table import Table

from service.charts.columns import DELTA, GAINS, NONE, SIGNALS, WEIGHT_GRADIENT, Column, shown
from service.charts.folding import MOST_ROWS, Line, deepest, folded, is_long, troubled
from service.charts.names import shortened
from service.simulation.results import SimulationReport

LEGEND = (
    "δ: gradient that arrives at a layer. gain: from the next layer to this one, the sum of what the weights, the\n"
    "activation's slope and other layers do to it. ∇W: gradient of the weights. signal: size of the outputs.\n"
    "separation: how far apart the directions of inputs are; at −1.3 and below the network sees one input."
)
_GIVEN_UP = ("separation", "slope", "weights", "other", "shape", "tokens", "signal")
"""Columns that a narrow terminal has no room for, the first one first."""
_LEAST_ROOM, _SHARE = 28, 0.3
"""Characters that all that is said of a layer has at least, and the share of a wide terminal."""
_LEAST_LABEL = 7
_BORDER = 3


def layers_table(report: SimulationReport, width: int, whole: bool = False) -> Table:
    """A row for each layer, or fewer in a report of many, unless it is asked for `whole`; at most `width` wide.

    What repeats is one row with two below it, the least and the most of its numbers. Layers inside blocks are left out
    as far as it takes; those that findings name have rows of their own.
    """
    columns = shown([DELTA, *GAINS, WEIGHT_GRADIENT, *SIGNALS], report.layers)
    lines = folded(report, whole)
    brief = is_long(report) and not whole
    marks = troubled(report) if brief else frozenset()
    for depth in range(deepest(lines), -1, -1):
        chosen = [*_Chooser(marks, depth).lines(lines)]
        rows = [row for one in chosen for row in _rows(one, columns, brief)]
        if len(rows) <= MOST_ROWS or not brief:
            break
    names = ["layer", "shape", *(one.name for one in columns)]
    room, fitting = _fitting(rows, names, width)
    left_out = [name for name in names if name not in fitting]
    nested = "; layers inside a block stand above it" if any(one.level for one in chosen) else ""
    table = Table(title=f"decades (log10), median over trials{nested}", title_justify="left", caption_justify="left")
    table.caption = _said(
        len(report.layers) - sum(one.is_layer for one in chosen), left_out, any(one.marked for one in chosen)
    )
    for name in ("layer", "kind", *fitting[1:]):
        table.add_column(name, justify="left" if name == "kind" else "right", no_wrap=True)
    for row in rows:
        cells = (row.cells.get(name, "") for name in fitting[1:])
        table.add_row(row.cells.get("layer", ""), row.fitted(room), *cells, style="dim" if row.quiet else None)
    return table


@dataclass(frozen=True)
class _Chosen:
    """A line that is shown, so far to the right; so many layers inside it are not."""

    line: Line
    level: int
    around: tuple[str, ...] = ()  # the labels of what it is in
    hidden: int = 0
    marked: bool = False

    @property
    def is_layer(self) -> bool:
        """Whether it is a row of one layer."""
        return len(self.line.layers) == 1


@dataclass(frozen=True)
class _Chooser:
    """Chooses lines: those inside blocks `depth` levels deep, and those of `marks` however deep."""

    marks: frozenset[int]
    depth: int

    def lines(self, lines: Sequence[Line], around: tuple[str, ...] = (), depth: int = 0) -> Iterator[_Chosen]:
        """Those that stand in what has the labels `around`, so deep in blocks."""
        for line in lines:
            labels, level = (*around, line.label), len(around)
            if not line.layers:
                yield _Chosen(line, level, around)
                yield from self.lines(line.inside, labels, depth)
                yield from self._marked(line, level + 1)
                continue
            opened = depth < self.depth
            if opened:
                yield from self.lines(line.inside, labels, depth + 1)
            if line.copies or not opened:
                yield from self._marked(line, level + 1)
            hidden = sum(1 for one in line.inside for _ in one.every()) // len(line.layers)
            marked = any(layer.index in self.marks for layer in line.layers)
            yield _Chosen(line, level, around, 0 if opened else hidden, marked)

    def _marked(self, line: Line, level: int) -> Iterator[_Chosen]:
        """The marked layers of a line that have no row, one for each pointer; none where all copies have some."""
        copies = line.copies or (line.inside,)
        found = [[layer for one in copy for layer in one.every() if layer.index in self.marks] for copy in copies]
        if line.copies and all(found):
            return
        for layer in {layer.path: layer for some in found for layer in reversed(some)}.values():
            yield _Chosen(Line((layer,)), level, marked=True)


@dataclass(frozen=True)
class _Row:
    """The cells by the names of their columns, and the name of a layer with what stands around it."""

    before: str
    label: str
    kind: str
    behind: str
    cells: dict[str, str] = field(default_factory=dict)
    quiet: bool = False

    @property
    def length(self) -> int:
        """Characters that all that is said of a layer takes."""
        return len(self.told(self.label, self.kind))

    def told(self, label: str, kind: str) -> str:
        """All that is said of a layer, where it is called so."""
        return f"{self.before}{': '.join(filter(None, [label, kind]))}{self.behind}"

    def fitted(self, room: int) -> str:
        """The same in so many characters: the name is shortened first, in its middle, and then the kind."""
        label = shortened(self.label, max(_LEAST_LABEL, len(self.label) - max(0, self.length - room)))
        too_long = max(0, len(self.told(label, self.kind)) - room)
        return shortened(self.told(label, shortened(self.kind, max(_LEAST_LABEL, len(self.kind) - too_long))), room)


def _rows(one: _Chosen, columns: Sequence[Column], brief: bool) -> Iterator[_Row]:
    """The row of a line, and of several layers the least and the most below it; `brief` names begin within others."""
    line, before = one.line, "  " * one.level
    times = f" × {line.times}" if line.times > 1 else ""
    inside = f" (+{one.hidden})" if one.hidden else ""
    found = {column: line.numbers(column.number) for column in columns} if line.layers else {}
    middle = {column.name: column.text(numbers.middle if numbers else None) for column, numbers in found.items()}
    shape = "×".join(map(str, line.layers[0].shape)) if line.layers else ""
    index = f"{'! ' if one.marked else ''}{line.number}"
    yield _Row(
        before,
        *line.parts(one.around if brief else ())[1:],
        f"{times}{inside}",
        {"layer": index, "shape": shape, **middle},
    )
    if len(line.layers) < 2 or all(numbers is None or numbers.least == numbers.most for numbers in found.values()):
        return
    for end in ("least", "most"):
        cells = {
            column.name: column.text(getattr(numbers, end)) if numbers else NONE for column, numbers in found.items()
        }
        yield _Row(before, "", f"  {end}", "", cells, quiet=True)


def _fitting(rows: Sequence[_Row], names: Sequence[str], width: int) -> tuple[int, list[str]]:
    """The room of names, and the columns beside them that there is room for."""
    longest = max(row.length for row in rows)
    widths = {name: max(len(name), *(len(row.cells.get(name, "")) for row in rows)) for name in names}
    left_out: set[str] = set()
    for name in ("", *_GIVEN_UP):
        left_out.add(name)
        fitting = [name for name in names if name not in left_out]
        room = width - _BORDER - 1 - sum(widths[name] + _BORDER for name in fitting)
        if room >= min(longest, max(_LEAST_ROOM, int(_SHARE * width))):
            break
    return max(room, _LEAST_ROOM // 2), fitting


def _said(folded_away: int, left_out: Sequence[str], marked: bool) -> str | None:
    """What the table does not show, and what shows it."""
    said = ["! is what a finding names, or where numbers overflow or the gradient dies."] if marked else []
    said += (
        [f"{folded_away} layers have no row of their own, +n of them inside one; --all-layers gives them one."]
        if folded_away
        else []
    )
    said += [f"Without room: {', '.join(left_out)}; a wider terminal or --json has them."] if left_out else []
    return "\n".join(said) or None
