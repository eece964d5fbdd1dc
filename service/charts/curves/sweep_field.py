"""A number in every cell of a map, in the order of its places along both axes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from service.charts.curves.sweep_axes import AxisKind, DrawnAxis
from service.core.arrays import Float64Array

Point = tuple[float, float]
"""A place on both axes, as the numbers that stand there, or in steps, which are equal on a chart."""
_ROOM_FOR_A_NAME = (0.09, 0.05)
"""Half the width and half the height of a name, as shares of a map."""


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

    def place(self, first: float, second: float) -> Point:
        """What stands on the axes at a point that is given in steps."""
        return self.axes[0].at_step(first), self.axes[1].at_step(second)

    def middle(self, inside: npt.NDArray[np.bool_]) -> Point | None:
        """Of the cells that have nothing but `inside` where a name would stand, the one in the middle."""
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


def _reach(steps: Float64Array, share: float) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """From which to which place a name reaches that stands at each; nowhere where it would leave the map."""
    half = share * (steps[-1] - steps[0])
    low, high = np.searchsorted(steps, steps - half), np.searchsorted(steps, steps + half, side="right")
    leaves = (steps - half < steps[0]) | (steps + half > steps[-1])
    return np.where(leaves, 0, low), np.where(leaves, 0, high)
