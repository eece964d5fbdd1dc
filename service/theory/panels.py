"""Panels of Gauss's nodes, and whether they show all of a function."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from service.core.arrays import Float64Array

Functions = Callable[[Float64Array], Float64Array]
"""Several functions of a real variable, none of them negative: (…) → (functions, …)."""

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_HIGHEST = [12, 13, 14, 15]  # degrees that a resolved function has no share of, so that a Gaussian beside it may
_PROJECTION = np.stack(
    [(degree + 0.5) * _WEIGHTS * np.polynomial.legendre.Legendre.basis(degree)(_NODES) for degree in _HIGHEST], axis=1
)
_TOLERANCE = 1e-13
_FINEST = 2.0**-10  # only isolated points need more
_MOST_STRIKES = 3
LARGEST = 1e300
"""Values beyond count as none."""


@dataclass(frozen=True)
class Panels:
    """Intervals of the positive axis, and functions g there as g(x) + g(−x)."""

    left: Float64Array  # (panels,)
    right: Float64Array  # (panels,)
    values: Float64Array  # (functions, panels, nodes); NaN where it is beyond 1e300 or no number
    inner: Float64Array  # (functions, panels): the mean of g from 0 to the panel that these were halved out of
    strikes: npt.NDArray[np.int_]  # (panels,): how many times in a row halving has helped neither half

    @property
    def nodes(self) -> Float64Array:
        """(panels, nodes)."""
        return _nodes(self.left, self.right)

    @property
    def weights(self) -> Float64Array:
        """Of the nodes in an integral, (panels, nodes)."""
        weights: Float64Array = 0.5 * (self.right - self.left)[:, None] * _WEIGHTS
        return weights

    @property
    def finite(self) -> npt.NDArray[np.bool_]:
        """Whether all values are numbers, (panels,)."""
        return np.asarray(np.isfinite(self.values).all(axis=(0, 2)))

    @cached_property
    def tails(self) -> Float64Array:
        """The largest of the highest Legendre coefficients, (functions, panels): what the nodes do not show."""
        return np.abs(self.values @ _PROJECTION).max(axis=-1)

    @cached_property
    def sizes(self) -> Float64Array:
        """What counts as large, (functions, panels): the mean of g here, or that from 0 to here."""
        return np.fmax(self.values @ (0.5 * _WEIGHTS), self.inner)

    @cached_property
    def unresolved(self) -> npt.NDArray[np.bool_]:
        """Whether halving may help, (panels,): not where no value is a number, and not against rounding."""
        width = self.right - self.left
        share = width / (0.5 * (self.right + self.left))
        resolved = (self.tails * share <= _TOLERANCE * self.sizes).all(axis=0)
        hopeless = np.isnan(self.values).any(axis=0).all(axis=-1)
        noise = (self.strikes >= _MOST_STRIKES) & (width < _FINEST)
        return ~(resolved | hopeless | noise)

    def where(self, chosen: npt.NDArray[np.bool_ | np.intp]) -> "Panels":
        """The chosen panels, by mask or by number."""
        left, right, strikes = self.left[chosen], self.right[chosen], self.strikes[chosen]
        return Panels(left, right, self.values[:, chosen], self.inner[:, chosen], strikes)

    def halved(self, functions: Functions) -> "Panels":
        """Two panels for each."""
        middle = 0.5 * (self.left + self.right)
        left = np.stack([self.left, middle], axis=1).ravel()
        right = np.stack([middle, self.right], axis=1).ravel()
        values, inner = _folded(functions, left, right), self.inner.repeat(2, axis=1)
        halves = Panels(left, right, values, inner, np.zeros(left.size, int))
        neither = halves.unresolved.reshape(-1, 2).all(axis=1)
        return Panels(left, right, values, inner, np.where(neither, self.strikes + 1, 0).repeat(2))


def joined(parts: list[Panels]) -> Panels:
    """All panels of `parts` from left to right."""
    left = np.concatenate([part.left for part in parts])
    together = Panels(
        left,
        np.concatenate([part.right for part in parts]),
        np.concatenate([part.values for part in parts], axis=1),
        np.concatenate([part.inner for part in parts], axis=1),
        np.concatenate([part.strikes for part in parts]),
    )
    return together.where(np.argsort(left))


def panels_between(functions: Functions, edges: Float64Array) -> Panels:
    """The panels that end at `edges`, which ascend from 0."""
    left, right = edges[:-1], edges[1:]
    values = _folded(functions, left, right)
    integrals = np.nan_to_num(values) @ (0.5 * _WEIGHTS) * (right - left)
    inner = (integrals.cumsum(axis=1) - integrals) / np.maximum(left, right[0])
    return Panels(left, right, values, inner, np.zeros(left.size, int))


def _nodes(left: Float64Array, right: Float64Array) -> Float64Array:
    return 0.5 * (left + right)[:, None] + 0.5 * (right - left)[:, None] * _NODES


def _folded(functions: Functions, left: Float64Array, right: Float64Array) -> Float64Array:
    x = _nodes(left, right)
    both = functions(np.stack([x, -x]))  # (functions, 2, panels, nodes)
    folded: Float64Array = both[:, 0] + both[:, 1]
    return np.where(folded < LARGEST, folded, np.nan)
