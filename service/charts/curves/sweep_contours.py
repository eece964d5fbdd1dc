"""Where a quantity that is known in the cells of a map passes a level: lines between neighbouring cells."""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from service.charts.curves.sweep_field import Field, Point

Side = tuple[int, int, int]
"""A cell by its places along both axes, and the axis along which its next neighbour lies: 0 or 1."""
_HALF_A_NAME = 0.5


def contours(field: Field, level: float) -> list[list[Point]]:
    """Lines along which `field` is `level`, each from point to point; what is not known is not passed.

    Between two neighbours the place is found by linear interpolation, in the logarithm on a logarithmic axis. Where an
    axis has names nothing is between them, and the line is a stroke across each name.
    """
    sides = _passed(field, level)
    if all(field.named):
        return []
    if any(field.named):
        across = field.named.index(True)
        lines = [_stroke(point, across) for side, point in sides.items() if side[2] != across]
    else:
        lines = _joined(sides)
    return [[field.place(*point) for point in line] for line in lines]


def _stroke(point: Point, across: int) -> list[Point]:
    first, second = point
    if across == 0:
        return [(first - _HALF_A_NAME, second), (first + _HALF_A_NAME, second)]
    return [(first, second - _HALF_A_NAME), (first, second + _HALF_A_NAME)]


def _passed(field: Field, level: float) -> dict[Side, Point]:
    """Where the sides between neighbouring cells are passed, in steps."""
    found: dict[Side, Point] = {}
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


def _joined(sides: dict[Side, Point]) -> list[list[Point]]:
    """The points of the sides, joined through the squares between four neighbours to lines as long as they are."""
    beside: dict[Side, list[Side]] = defaultdict(list)
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


def _walk(start: Side, left: dict[Side, list[Side]]) -> Iterator[Side]:
    """From side to side as long as there is one that was not met; what is met is taken out of `left`."""
    here: Side | None = start if start in left else None
    while here is not None:
        yield here
        beside = left.pop(here)
        here = next((side for side in beside if side in left), None)


def _pairs(sides: dict[Side, Point]) -> Iterator[tuple[Side, Side]]:
    """The sides that a line joins: two of each square between four cells, or twice two where all four are passed."""
    squares = dict.fromkeys(
        (first - at * axis, second - at * (1 - axis)) for first, second, axis in sides for at in (0, 1)
    )
    for first, second in squares:
        around = [(first, second, 0), (first, second, 1), (first, second + 1, 0), (first + 1, second, 1)]
        passed = [side for side in around if side in sides]
        yield from zip(passed[::2], passed[1::2], strict=False)
