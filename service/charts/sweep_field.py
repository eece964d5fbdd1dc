"""A number in every cell of a map, in the order of its places along both axes; the lines where it passes a level."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from service.charts.sweep_points import AxisKind, DrawnAxis
from service.core.arrays import Float64Array

_Point = tuple[float, float]
"""A place on both axes, as the numbers that stand there, or in steps, which are equal on a chart."""
_Side = tuple[int, int, int]
"""A cell by its places along both axes, and the axis along which its next neighbour lies: 0 or 1."""
_ROOM_FOR_A_NAME = (0.09, 0.05)
"""Half the width and half the height of a name, as shares of a map."""
_HALF_A_NAME = 0.5


@dataclass(frozen=True)
class Field:
    """A number in every cell, NaN where there is none."""

    axes: tuple[DrawnAxis, DrawnAxis]
    steps: tuple[Float64Array, Float64Array]  # rising
    values: Float64Array  # (first axis, second axis)

    @classmethod
    def of(cls, axes: Sequence[DrawnAxis], values: Sequence[float | None]) -> "Field":
        """The field of `values` in the order of the sweep, the second axis varying fastest."""
        first, second = axes
        given = np.array([np.nan if value is None else value for value in values])
        steps = np.array(first.steps), np.array(second.steps)
        order = [np.argsort(along) for along in steps]
        sorted_values = given.reshape(steps[0].size, steps[1].size)[np.ix_(*order)]
        return cls((first, second), (steps[0][order[0]], steps[1][order[1]]), sorted_values)

    @property
    def named(self) -> tuple[bool, bool]:
        """Which of the axes have names, with nothing between them."""
        return self.axes[0].kind is AxisKind.NAMES, self.axes[1].kind is AxisKind.NAMES

    def place(self, first: float, second: float) -> _Point:
        """What stands on the axes at a point that is given in steps."""
        return self.axes[0].at_step(first), self.axes[1].at_step(second)

    def middle(self, inside: npt.NDArray[np.bool_]) -> _Point | None:
        """Of the cells, (columns, rows), with nothing but `inside` where a name would stand, the one in the middle."""
        sums = np.pad(inside.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
        (left, right), (low, high) = (_reach(*one) for one in zip(self.steps, _ROOM_FOR_A_NAME, strict=True))
        # how many cells are inside from left to right and from low to high: all of those that are there?
        found = (
            sums[np.ix_(right, high)] - sums[np.ix_(left, high)] - sums[np.ix_(right, low)] + sums[np.ix_(left, low)]
        )
        fitting = np.argwhere((found == np.outer(right - left, high - low)) & (found > 0))
        if not fitting.size:
            return None
        sizes = np.array(self.values.shape)
        nearest = np.square((fitting - fitting.mean(axis=0)) / sizes).sum(axis=1).argmin()
        first, second = fitting[nearest].tolist()
        return self.place(float(self.steps[0][first]), float(self.steps[1][second]))

    def contours(self, level: float) -> list[list[_Point]]:
        """Lines along which the field is `level`, each from point to point; what is not known is not passed.

        Between two neighbours the place is found by linear interpolation, in the logarithm on a logarithmic axis. Where
        an axis has names nothing is between them, and the line is a stroke across each name.
        """
        sides = _passed(self, level)
        if all(self.named):
            return []
        if any(self.named):
            across = self.named.index(True)
            lines = [_stroke(point, across) for side, point in sides.items() if side[2] != across]
        else:
            lines = _joined(sides)
        return [[self.place(*point) for point in line] for line in lines]


def _reach(steps: Float64Array, share: float) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """From which to which of the `steps`, (n,), a name at each reaches; nowhere where it would leave the map."""
    half = share * (steps[-1] - steps[0])
    low, high = np.searchsorted(steps, steps - half), np.searchsorted(steps, steps + half, side="right")
    leaves = (steps - half < steps[0]) | (steps + half > steps[-1])
    return np.where(leaves, 0, low), np.where(leaves, 0, high)


def _stroke(point: _Point, across: int) -> list[_Point]:
    first, second = point
    if across == 0:
        return [(first - _HALF_A_NAME, second), (first + _HALF_A_NAME, second)]
    return [(first, second - _HALF_A_NAME), (first, second + _HALF_A_NAME)]


def _passed(field: Field, level: float) -> dict[_Side, _Point]:
    """Where the sides between neighbouring cells are passed, in steps."""
    found: dict[_Side, _Point] = {}
    above = field.values - level
    for axis in (0, 1):
        one, other = (above[:-1], above[1:]) if axis == 0 else (above[:, :-1], above[:, 1:])
        changes = np.isfinite(one) & np.isfinite(other) & ((one >= 0.0) != (other >= 0.0))
        for first, second in np.argwhere(changes).tolist():
            start, end = float(one[first, second]), float(other[first, second])
            here = [float(field.steps[0][first]), float(field.steps[1][second])]
            following = float(field.steps[axis][(first, second)[axis] + 1])
            here[axis] += start / (start - end) * (following - here[axis])
            found[first, second, axis] = (here[0], here[1])
    return found


def _joined(sides: dict[_Side, _Point]) -> list[list[_Point]]:
    """The points of the sides, joined through the squares between four neighbours to lines as long as they are."""
    beside: dict[_Side, list[_Side]] = defaultdict(list)
    for one, other in _pairs(sides):
        beside[one].append(other)
        beside[other].append(one)
    ends_first = sorted(beside, key=lambda side: (len(beside[side]) > 1, side))
    left, lines = dict(beside), []
    for start in ends_first:
        line = list(_walk(start, left))
        closed = [start] if len(line) > 2 and start in beside[line[-1]] else []
        if len(line) > 1:
            lines.append([sides[side] for side in [*line, *closed]])
    return lines


def _walk(start: _Side, left: dict[_Side, list[_Side]]) -> Iterator[_Side]:
    """From side to side as long as there is one that was not met; what is met is taken out of `left`."""
    here: _Side | None = start if start in left else None
    while here is not None:
        yield here
        beside = left.pop(here)
        here = next((side for side in beside if side in left), None)


def _pairs(sides: dict[_Side, _Point]) -> Iterator[tuple[_Side, _Side]]:
    """The sides that a line joins: two of each square between four cells, or twice two where all four are passed."""
    squares = dict.fromkeys(
        (first - at * axis, second - at * (1 - axis)) for first, second, axis in sides for at in (0, 1)
    )
    for first, second in squares:
        around = [(first, second, 0), (first, second, 1), (first, second + 1, 0), (first + 1, second, 1)]
        passed = [side for side in around if side in sides]
        yield from zip(passed[::2], passed[1::2], strict=False)
