"""A report's layers as a tree in which what repeats stands once.

Layers are alike where their kinds, activations, shapes and numbers of parameters are, and those of all that is inside
them; names do not count. So the copies of a `repeat` fold, and what a program has written out one by one.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby
from statistics import median
from typing import NamedTuple, TypeVar

from service.charts.names import beginning, in_common
from service.charts.places import Places, layer_name
from service.charts.rows import Row
from service.simulation.layer_results import LayerStatistics
from service.simulation.results import SimulationReport

MOST_ROWS = 40
"""A table of more rows is folded."""

_Item = TypeVar("_Item")
_LONGEST_PERIOD = 64
"""Of so many neighbours, or fewer, it is seen that they are repeated together."""
_LEAST_SAVED = 2
"""A fold that saves fewer rows is none."""
_MOST_KINDS = 3
_BETWEEN = (".", "/", "_")
_LEAST_LABELLED = 0.04
"""Of an axis, or a label has no room."""
_CHAIN = re.compile("/branches/[0-9]+|/shortcut")


class Range(NamedTuple):
    """A number of several layers."""

    middle: float
    least: float
    most: float


@dataclass(frozen=True)
class Line:
    """One line of the tree: a layer, or as many alike ones as it stands for."""

    layers: tuple[LayerStatistics, ...]
    """The layers whose numbers it has; none where it stands for several neighbours that are repeated together."""
    inside: "tuple[Line, ...]" = ()
    """The lines of what is inside the layer; of all copies at once where it stands for several."""
    times: int = 1
    """How often in a row it stands there."""
    copies: "tuple[tuple[Line, ...], ...]" = ()
    """The lines of each copy by itself; none within lines that stand for several copies already."""

    def every(self) -> Iterator[LayerStatistics]:
        """All layers that it stands for, with those inside: from input to output where `copies` are there."""
        for one in chain(*self.copies) if self.copies else self.inside:
            yield from one.every()
        yield from () if self.copies else self.layers

    def numbers(self, of: Callable[[LayerStatistics], float | None]) -> Range | None:
        """The median, the least and the most of a number over its layers; None where none of them has it."""
        found = [number for layer in self.layers if (number := of(layer)) is not None]
        return Range(median(found), min(found), max(found)) if found else None

    @property
    def label(self) -> str:
        """Such as `layer1.1–5`: what the names of its layers have in common; empty where they have none."""
        if self.layers:
            return in_common(layer.name for layer in self.layers)
        copies = self.copies or (self.inside,)
        return in_common(beginning([one.name or "" for line in copy for one in line.layers]) for copy in copies)

    @property
    def kind(self) -> str:
        """Such as `residual relu`; of neighbours, `2 residual, layer norm`."""
        if self.layers:
            return layer_name(self.layers[0].model_copy(update={"name": None}))
        kinds = [(kind, len([*some])) for kind, some in groupby(line.kind for line in self.inside)]
        words = [f"{count} {kind}" if count > 1 else kind for kind, count in kinds]
        return ", ".join([*words[:_MOST_KINDS], *(["…"] if len(words) > _MOST_KINDS else [])])

    @property
    def number(self) -> str:
        """Such as `3–98`, from the first layer to the last; `3 …` where others stand between those that it has."""
        if len(self.layers) == 1:
            return str(self.layers[0].index)
        every = [layer.index for layer in self.every()]
        return f"{every[0]}–{every[-1]}" if self.copies or not self.layers else f"{self.layers[0].index} …"

    def named(self, around: Sequence[str] = ()) -> tuple[str, str]:
        """What its label begins with, as that of one `around` it, and the rest with its kind: `.norm: layer norm`."""
        start, *names = self.parts(around)
        return start, ": ".join(filter(None, names))

    def parts(self, around: Sequence[str] = ()) -> tuple[str, str, str]:
        """The same in three: what its label begins with, the rest of it, and its kind."""
        label = self.label
        starts = [one for one in around if one and label.startswith(one) and label[len(one) :].startswith(_BETWEEN)]
        start = max(starts, key=len, default="")
        return start, label.removeprefix(start), self.kind


def folded(report: SimulationReport, whole: bool = False) -> list[Line]:
    """The lines of the top list; where they are to be `whole`, or few, each layer has one and nothing repeats."""
    return [*_lines(_tree(report.layers), is_long(report) and not whole)]


def is_long(report: SimulationReport) -> bool:
    """Whether its layers are too many for a table with a row for each."""
    return len(report.layers) > MOST_ROWS


def outline(report: SimulationReport) -> Iterator[tuple[int, int | None, int | None]]:
    """Of each layer: how deep it is in others, the number of the one around it, and of the first of those alike to it.

    The second is None in the top list, the third where nothing repeats.
    """
    around = dict(_around(_tree(report.layers), ()))
    alike = {layer.index: first for line in _lines(_tree(report.layers), folds=True) for first, layer in _firsts(line)}
    for layer in report.layers:
        outer = around[layer.index]
        yield len(outer), outer[-1] if outer else None, alike.get(layer.index)


def _around(nodes: Sequence["_Node"], outer: tuple[int, ...]) -> Iterator[tuple[int, tuple[int, ...]]]:
    """The numbers of layers, each with those of the ones around it."""
    for node in nodes:
        yield node.layer.index, outer
        yield from _around(node.children, (*outer, node.layer.index))


def _firsts(line: Line) -> Iterator[tuple[int, LayerStatistics]]:
    """The layers of lines that stand for several, each with the number of the first."""
    if len(line.layers) > 1:
        yield from ((line.layers[0].index, layer) for layer in line.layers)
    for one in line.inside:
        yield from _firsts(one)


def repeats(report: SimulationReport, places: Places) -> list[Row]:
    """Where on an axis with names what repeats begins and ends, and how often it stands there."""
    lines = _lines(_tree(report.layers), folds=True) if places.are_named else ()
    whole = max(1.0, places.at(report.layers[-1]))
    return [
        {
            "first": first,
            "last": last,
            "times": f"× {line.times}" if last - first >= _LEAST_LABELLED * whole else "",
            "what": f"{': '.join(filter(None, [line.label, line.kind]))} × {line.times}",
        }
        for line in lines
        if line.times > 1
        for first, last in [_ends(line, places)]
    ]


def _ends(line: Line, places: Places) -> tuple[float, float]:
    """The places of the first and the last layer of the top list."""
    top = [places.at(layer) for layer in line.every() if not layer.inside]
    return top[0], top[-1]


def deepest(lines: Iterable[Line]) -> int:
    """How many blocks stand in one another, at most."""
    return max((deepest(line.inside) + bool(line.layers) for line in lines if line.inside), default=0)


def troubled(report: SimulationReport) -> frozenset[int]:
    """The numbers of the layers that findings name, where numbers overflow first, and where the gradient dies."""
    paths = {one.path for one in report.findings}
    named = {layer.index for layer in report.layers if layer.path in paths}
    overflowing = [layer.index for layer in report.layers if layer.non_finite_trials]
    dead = [layer.index for layer in report.layers if layer.zero_trials]
    return frozenset({*named, *overflowing[:1], *dead[-1:]})


def runs(marks: Sequence[_Item], sizes: Sequence[int] | None = None) -> Iterator[tuple[int, int, int]]:
    """(start, period, times) of what stands there in a row, from the first to the last; single ones have times 1.

    Equal marks are alike. `sizes` are how many rows each stands for, 1 unless given: it decides what is worth it.
    """
    reach = _reach(marks)
    rows = [*(sizes or [1] * len(marks))]
    at = 0
    while at < len(marks):
        found = [(period, ends[at] // period + 1) for period, ends in reach.items() if at < len(ends)]
        found = [one for one in found if _saved(rows, at, *one) >= _LEAST_SAVED]
        period, times = max(found, key=lambda one: (one[0] * one[1], -one[0]), default=(1, 1))
        yield at, period, times
        at += period * times


def _saved(rows: Sequence[int], at: int, period: int, times: int) -> int:
    """How many rows fewer there are where that is shown once, below a line of its own if it is several."""
    return (times - 1) * sum(rows[at : at + period]) - (period > 1) if times > 1 else 0


def _reach(marks: Sequence[_Item]) -> dict[int, list[int]]:
    """For each period how far from each place on the marks are equal to those a period later."""
    found: dict[int, list[int]] = {}
    for period in range(1, min(_LONGEST_PERIOD, len(marks) // 2) + 1):
        ends = [0] * (len(marks) - period + 1)
        for at in range(len(marks) - period - 1, -1, -1):
            ends[at] = ends[at + 1] + 1 if marks[at] == marks[at + period] else 0
        found[period] = ends
    return found


@dataclass
class _Node:
    """A layer with what is inside it."""

    layer: LayerStatistics
    children: "list[_Node]" = field(default_factory=list)
    mark: int = 0
    size: int = 1


def _tree(layers: Sequence[LayerStatistics]) -> list[_Node]:
    """The nodes of the top list. Layers inside another precede it, and their pointers begin with its own."""
    top: list[_Node] = []
    around: list[_Node] = []
    for layer in reversed(layers):
        while around and not (layer.inside and _stands_in(layer, around[-1].layer)):
            around.pop()
        one = _Node(layer)
        (around[-1].children if around else top).append(one)
        around.append(one)
    marks: dict[object, int] = {}
    for one in top:
        _mark(one, "", marks)
    top.reverse()
    return top


def _stands_in(layer: LayerStatistics, outer: LayerStatistics) -> bool:
    """Whether its pointer is inside that of another, or the same, as where the other is a name for several layers."""
    if layer.path == outer.path:
        return layer.kind != outer.kind and outer.kind == "transformer_block"
    return layer.path.startswith(f"{outer.path}/")


def _mark(node: _Node, step: str, marks: dict[object, int]) -> None:
    """Number a node by what makes it alike to others, after all that is inside it, which is put in order."""
    node.children.reverse()
    before = ""
    for child in node.children:
        chain_of = _CHAIN.match(child.layer.path.removeprefix(node.layer.path))
        branch = chain_of[0] if chain_of else ""
        _mark(child, f"{branch.rstrip('0123456789')}{'' if branch == before else '*'}", marks)
        before = branch
    layer = node.layer
    alike = (layer.kind, layer.activation, *layer.shape, layer.parameters, step, *(one.mark for one in node.children))
    node.mark = marks.setdefault(alike, len(marks))
    node.size = 1 + sum(one.size for one in node.children)


def _lines(nodes: Sequence[_Node], folds: bool) -> Iterator[Line]:
    """The lines of a list of layers."""
    marks, sizes = [one.mark for one in nodes], [one.size for one in nodes]
    for at, period, times in runs(marks, sizes) if folds else ((at, 1, 1) for at in range(len(nodes))):
        some = nodes[at : at + period * times]
        if times == 1:
            yield Line((some[0].layer,), (*_lines(some[0].children, folds),))
            continue
        copies = tuple(tuple(_lines(some[start : start + period], folds)) for start in range(0, period * times, period))
        unit = tuple(_merged(alike) for alike in zip(*copies, strict=True))
        yield Line(unit[0].layers, unit[0].inside, times, copies) if period == 1 else Line((), unit, times, copies)


def _merged(alike: Sequence[Line]) -> Line:
    """One line for lines that are alike."""
    inside = tuple(_merged(some) for some in zip(*(one.inside for one in alike), strict=True))
    return Line(tuple(chain(*(one.layers for one in alike))), inside, alike[0].times)
