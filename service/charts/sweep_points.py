"""The points of a sweep that are drawn: which, where on the axes of the chart, and what the chart tells of each."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from math import log10, prod
from typing import Any, ClassVar

from service.charts.architecture import outcome
from service.charts.rows import Row, downsample
from service.simulation.vocabulary import Cause, Label
from service.studies.axes import Axis
from service.studies.axes import Scale as Spacing
from service.studies.points import PointVerdict, SweepPoint
from service.studies.sweep import Grid, SweepSpec

_LONGEST_NAME = 32
_TITLES = {
    "depth": "depth: hidden layers",
    "width": "width: units in a hidden layer",
    "weight_variance": "σ_w²: variance of a weight × fan-in",
    "bias_variance": "σ_b²: variance of a bias",
    "input_std": "standard deviation of the inputs",
    "activation": "activation",
}
"""What the named axes are called at their side of a chart."""
_LARGEST, _SMALLEST = 1e300, 1e-300
_FURTHEST = 307.0
"""Decades that a number has room for."""
_WIDE, _EVEN = 2.0, 2.0
"""Values are drawn by their logarithms where these span more than so many decades, in steps as even as that."""
_MANY_LETTERS = 100


@dataclass(frozen=True)
class Extract:
    """The axes that are drawn, as numbers in the specification, and which of their values; others stay at their first.

    Axes that are zipped make one row of places, which the first of them names.
    """

    MOST_PLACES: ClassVar[int] = 2000
    """Of one axis: more than a chart has pixels."""
    MOST_CELLS: ClassVar[int] = 120
    """Along each of two axes: smaller cells are grains."""

    axes: tuple[int, ...]
    places: tuple[tuple[int, ...], ...]  # along each of them
    strides: tuple[int, ...]  # how far apart in the numbers of points two neighbours are
    held: tuple[int, ...]  # axes with several values that are not drawn

    @classmethod
    def of(cls, spec: SweepSpec) -> "Extract":
        """The first two axes that have more than one value, or as many as there are."""
        sizes = spec.shape
        several = [number for number, size in enumerate(sizes) if size > 1] or [0]
        axes, held = several[:2], several[2:]
        most = cls.MOST_PLACES if len(axes) == 1 else cls.MOST_CELLS
        return cls(
            axes=tuple(axes),
            places=tuple(tuple(downsample(range(sizes[axis]), most)) for axis in axes),
            strides=tuple(prod(sizes[axis + 1 :]) for axis in axes),
            held=tuple(held),
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """How many places are drawn along each axis."""
        return tuple(len(places) for places in self.places)

    def thins(self, spec: SweepSpec) -> bool:
        """Whether values of the drawn axes are left out."""
        return self.shape != self.shape_of(spec)

    def shape_of(self, spec: SweepSpec) -> tuple[int, ...]:
        """How many places there are along each of them, drawn or not."""
        return tuple(spec.shape[axis] for axis in self.axes)

    def indexes(self) -> list[int]:
        """The numbers of the points that are drawn, rising; the last axis varies fastest."""
        found = [0]
        for places, stride in zip(self.places, self.strides, strict=True):
            found = [index + stride * place for index in found for place in places]
        return found

    def along(self, axis: int) -> list[int]:
        """The numbers of the points at whose places the values of the drawn axis `axis` are met first."""
        return [self.strides[axis] * place for place in self.places[axis]]


class AxisKind(StrEnum):
    """How positions become places in a chart."""

    LINEAR = "linear"
    LOG = "log"
    NAMES = "names"


@dataclass(frozen=True)
class DrawnAxis:
    """The places along an axis, in the order of the sweep."""

    title: str
    kind: AxisKind
    whole: bool  # whether all values are whole numbers
    at: tuple[float, ...]  # the values themselves, or 0, 1, 2, … where they have names
    names: tuple[str, ...]

    @classmethod
    def of(cls, grid: Grid, extract: Extract, number: int) -> "DrawnAxis":
        """The axis that is drawn as the first or the second."""
        axis = grid.spec.axes[extract.axes[number]]
        values = [grid.values(index)[axis.name] for index in extract.along(number)]
        kind, at = _placed(axis, values)
        whole = kind is not AxisKind.NAMES and all(value.is_integer() for value in at)
        return cls(_title(axis), kind, whole, tuple(at), tuple(value_name(value) for value in values))

    @property
    def steps(self) -> list[float]:
        """The positions as the chart's scale has them: their decades where that is logarithmic."""
        return [log10(value) for value in self.at] if self.kind is AxisKind.LOG else list(self.at)

    def at_step(self, step: float) -> float:
        """The position of a point between steps."""
        return 10.0 ** max(-_FURTHEST, min(_FURTHEST, step)) if self.kind is AxisKind.LOG else step

    def cells(self) -> list[tuple[float, float]]:
        """From where to where the cell of every place reaches: half-way to its neighbours."""
        return [(self.at_step(low), self.at_step(high)) for low, high in self._edges()]

    @property
    def crowded(self) -> bool:
        """Whether its names are too long to stand beside one another."""
        return self.kind is AxisKind.NAMES and len(self.names) * max(map(len, self.names)) > _MANY_LETTERS

    def _edges(self) -> list[tuple[float, float]]:
        steps = self.steps
        order = sorted(steps)
        between = [low / 2 + high / 2 for low, high in pairwise(order)]
        if between:
            edges = [2 * order[0] - between[0], *between, 2 * order[-1] - between[-1]]
        else:
            edges = [order[0] - 0.5, order[0] + 0.5]
        place = {step: number for number, step in enumerate(order)}
        return [(edges[place[step]], edges[place[step] + 1]) for step in steps]


def value_name(value: Any) -> str:
    """A value in few letters: a number, a name, or a kind with its parameters."""
    if isinstance(value, dict) and isinstance(value.get("kind"), str):
        rest = [f"{name} {value_name(inner)}" for name, inner in value.items() if name != "kind"]
        formula = value.get("formula")
        return _short(formula if isinstance(formula, str) else _with_parameters(str(value["kind"]), rest))
    if isinstance(value, str):
        return _short(value)
    if _is_number(value):
        return f"{value:.6g}".replace("-", "−")
    return _short(json.dumps(value, ensure_ascii=False))


def _with_parameters(kind: str, parameters: list[str]) -> str:
    return f"{kind}({', '.join(parameters)})" if parameters else kind


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 1]}…"


def _title(axis: Axis) -> str:
    return _TITLES.get(axis.name, axis.name) if axis.pointer is None else axis.name.replace("_", " ")


def _placed(axis: Axis, values: list[Any]) -> tuple[AxisKind, list[float]]:
    """Different numbers stand where they are; all else stands in its order."""
    real = [float(value) for value in values if _is_number(value) and abs(value) < _LARGEST]
    if len(values) < 2 or len(set(real)) < len(values):
        return AxisKind.NAMES, [float(number) for number in range(len(values))]
    return AxisKind.LOG if _is_logarithmic(axis, real) else AxisKind.LINEAR, real


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_logarithmic(axis: Axis, values: list[float]) -> bool:
    if min(values) < _SMALLEST:
        return False
    if axis.range is not None:
        return axis.range.scale is Spacing.LOG
    decades = sorted(map(log10, values))
    steps = [high - low for low, high in pairwise(decades)]
    return decades[-1] - decades[0] > _WIDE and max(steps) <= _EVEN * min(steps)


class State(StrEnum):
    """What can be drawn of a point."""

    MEASURED = "measured"
    DEAD = "dead"
    OVERFLOWING = "overflowing"
    FAILED = "failed"
    WAITING = "waiting"


_NOTHING: Row = dict.fromkeys(("label", "depth_ratio", "p05", "p95", "predicted", "gain", "digest"))


class Findings:
    """A sweep and its results so far: those that are drawn, by their numbers."""

    def __init__(self, spec: SweepSpec, lines: Sequence[bytes]) -> None:
        self.spec = spec
        self.extract = Extract.of(spec)
        self.grid = Grid(spec)
        # a point becomes its row at once: thousands of models side by side keep the garbage collector busy
        self._found = dict(map(_read, lines))

    @cached_property
    def axes(self) -> list[DrawnAxis]:
        """The axes that are drawn."""
        return [DrawnAxis.of(self.grid, self.extract, number) for number in range(len(self.extract.axes))]

    @cached_property
    def rows(self) -> list[Row]:
        """What a chart tells of each point that is drawn, and its `state`; the second axis varies fastest."""
        return [self._found.get(index) or self._waiting(index) for index in self.extract.indexes()]

    @property
    def is_empty(self) -> bool:
        """Whether no point that is drawn is there yet."""
        return all(row["state"] is State.WAITING for row in self.rows)

    @property
    def has_bands(self) -> bool:
        """Whether one policy judges all points."""
        return not any((axis.pointer or "").startswith("/policy") for axis in self.spec.axes)

    def _waiting(self, index: int) -> Row:
        return {
            "index": index,
            "values": _values(self.grid.values(index)),
            "state": State.WAITING,
            "outcome": "not there yet",
            **_NOTHING,
        }


def _read(line: bytes) -> tuple[int, Row]:
    point = SweepPoint.model_validate_json(line)
    told: Row = {"index": point.index, "values": _values(point.values), "state": _state(point)}
    return point.index, told | (_judged(point, point.verdict) if point.verdict else _failed(point))


def _values(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value_name(value)}" for name, value in values.items())


def _state(point: SweepPoint) -> State:
    """What can be drawn of a point: a depth ratio, one that is −∞ or ∞, or none."""
    verdict = point.verdict
    if verdict is None:
        return State.FAILED
    if verdict.label is Label.DEAD:
        return State.DEAD
    nothing = verdict.depth_ratio.median is None
    if verdict.cause is Cause.FORWARD_OVERFLOW or (nothing and verdict.label is Label.EXPLODING):
        return State.OVERFLOWING
    return State.FAILED if nothing else State.MEASURED


def _judged(point: SweepPoint, verdict: PointVerdict) -> Row:
    return {
        "label": verdict.label.value,
        "outcome": outcome(verdict),
        "depth_ratio": verdict.depth_ratio.median,
        "p05": verdict.depth_ratio.p05,
        "p95": verdict.depth_ratio.p95,
        "predicted": point.theory_depth_ratio,
        "gain": verdict.gain_per_layer.median,
        "digest": point.digest,
    }


def _failed(point: SweepPoint) -> Row:
    return {"outcome": f"failed: {point.error.detail}" if point.error else "failed", **_NOTHING}
