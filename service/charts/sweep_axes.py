"""Which points of a sweep are drawn, and the axes of its chart: where values stand, on which scale, and their names."""

import json
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from math import log10, prod
from typing import Any, ClassVar

from service.charts.rows import downsample
from service.studies.axes import Axis
from service.studies.axes import Scale as Spacing
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
