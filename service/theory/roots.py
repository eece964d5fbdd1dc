"""Where a function of one variable is 0, all of it over a grid."""

from collections.abc import Callable
from itertools import pairwise
from math import isfinite

import numpy as np

from service.core.arrays import Float64Array

_Residual = Callable[[Float64Array], Float64Array]
"""(points,) → (points,); exactly 0 where too small to have a sign, NaN where there is no number."""

_FINER = 16  # even, lest a root in the middle be on the grid again
_MOST_STEPS = 100
_NARROWEST = 1e-15
_NEAR = 0.5  # a dip whose parabola ends below this share of it is looked at more closely
_MOST_ZOOMS = 12


def roots(residual: _Residual, grid: Float64Array, values: Float64Array, zooms: int = _MOST_ZOOMS) -> list[float]:
    """Where `residual`, which has `values` on the ascending `grid`, changes sign or touches 0, ascending.

    Both are (points,). A stretch of zeros within counts as its middle. One that reaches an end of the grid counts as
    nothing: there the function fades, and its sign is not known.
    """
    signed = np.flatnonzero(np.isnan(values) | (values != 0.0))
    found: list[float] = []
    for i, j in pairwise(signed.tolist()):
        ends = (grid[i], grid[j])
        if j > i + 1 and np.isfinite(values[i] * values[j]):
            found += _closer(residual, ends, zooms) or [float(np.mean(ends))]
        elif values[i] * values[j] < 0.0:
            found.append(_crossing(residual, ends, (values[i], values[j])))
    for i in _dips(values):
        found += _closer(residual, (grid[i - 1], grid[i + 1]), zooms)
    return sorted(root for root in found if isfinite(root))


def _closer(residual: _Residual, ends: tuple[float, float], zooms: int) -> list[float]:
    """The roots between `ends` on a finer grid; none where that was done too often to see more."""
    if not zooms:
        return []
    grid = np.linspace(*ends, _FINER)
    return roots(residual, grid, residual(grid), zooms - 1)


def _dips(values: Float64Array) -> list[int]:
    """Points between two of the same sign that are farther from 0, where the function may reach it unseen.

    `values` is (points,); what comes out are places in it.
    """
    before, here, after = values[:-2], values[1:-1], values[2:]
    with np.errstate(all="ignore"):
        end = 1.0 - (after - before) ** 2 / (8.0 * (before - 2.0 * here + after) * here)  # of the parabola, over here
        dips = (before / here > 1.0) & (after / here >= 1.0) & (end < _NEAR) & (here != 0.0)
    return [int(i) for i in np.flatnonzero(dips) + 1]


def _crossing(residual: _Residual, ends: tuple[float, float], values: tuple[float, float]) -> float:
    """The root between `ends`, where `values` differ in sign: Illinois's secants, to the last digit."""
    (a, b), (at_a, at_b) = ends, values
    for _ in range(_MOST_STEPS):
        x = b - at_b * (b - a) / (at_b - at_a)
        at_x = residual(np.array([x]))[0]
        if at_x * at_b < 0.0:
            a, at_a = b, at_b
        else:
            at_a *= 0.5
        b, at_b = x, at_x
        if at_x == 0.0 or abs(b - a) <= _NARROWEST * abs(b):
            break
    return float(b)
