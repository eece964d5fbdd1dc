"""Gaussian averages of an activation: E[φ(√q Z)²] and E[φ'(√q Z)²], Z ~ N(0, 1), at as many variances q as are asked.

The squares are sampled once, x and −x together, on panels of Gauss's nodes that double in width away from 0, end at the
kinks, and are halved where sixteen nodes do not show all that happens. An average is then a sum over the nodes,
whatever the variance.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import inf, nan, pi, sqrt

import numpy as np
import numpy.typing as npt

from service.core.arrays import Float64Array
from service.nn.activations import Activation

_Functions = Callable[[Float64Array], Float64Array]
"""Several functions of a real variable, none of them negative: (…) → (functions, …)."""

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_HIGHEST = [12, 13, 14, 15]  # degrees that a resolved function has no share of, so that a Gaussian beside it may
_PROJECTION = np.stack(
    [(degree + 0.5) * _WEIGHTS * np.polynomial.legendre.Legendre.basis(degree)(_NODES) for degree in _HIGHEST], axis=1
)
_TOLERANCE = 1e-13
_FINEST = 2.0**-10  # only isolated points need more
_MOST_STRIKES = 3
_LARGEST = 1e300  # values beyond count as none
_FARTHEST = 38.0  # standard deviations: no number that a float holds makes up for the density beyond
_INNERMOST = 2.0**-30  # an activation may bend at any scale above
_MOST_HALVINGS = 48  # a jump that is not declared is then known to its last digit
_MOST_PANELS = 2048  # halved at once; a sine is followed to x = 8,192, eight standard deviations of variance 1e6
_CLOSEST = 5.0  # standard deviations to where the functions are lost: closer, nothing is known to 1e-6
_AT_ONCE = 8  # variances that share the nodes they need
_WORST = 1e-6  # relative: beyond it there is no number; for a known and finite activation it is 1e-12


@dataclass(frozen=True)
class _Panels:
    """Intervals of the positive axis, and functions g there as g(x) + g(−x)."""

    left: Float64Array  # (panels,)
    right: Float64Array  # (panels,)
    values: Float64Array  # (functions, panels, nodes); NaN where it is beyond 1e300 or no number
    inner: Float64Array  # (functions, panels): the mean of g from 0 to the panel that these were halved out of
    strikes: npt.NDArray[np.int_]  # (panels,): how many times in a row halving has helped neither half

    @property
    def nodes(self) -> Float64Array:
        """Where the functions are looked at, (panels, nodes)."""
        return _nodes(self.left, self.right)

    @property
    def weights(self) -> Float64Array:
        """What each node counts for in an integral, (panels, nodes)."""
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

    def where(self, chosen: npt.NDArray[np.bool_ | np.intp]) -> "_Panels":
        """The chosen panels, by mask (panels,) or by number (chosen,)."""
        left, right, strikes = self.left[chosen], self.right[chosen], self.strikes[chosen]
        return _Panels(left, right, self.values[:, chosen], self.inner[:, chosen], strikes)

    def halved(self, functions: _Functions) -> "_Panels":
        """Both halves of every panel, with `functions` sampled on them."""
        middle = 0.5 * (self.left + self.right)
        left = np.stack([self.left, middle], axis=1).ravel()
        right = np.stack([middle, self.right], axis=1).ravel()
        values, inner = _folded(functions, left, right), self.inner.repeat(2, axis=1)
        halves = _Panels(left, right, values, inner, np.zeros(left.size, int))
        neither = halves.unresolved.reshape(-1, 2).all(axis=1)
        return _Panels(left, right, values, inner, np.where(neither, self.strikes + 1, 0).repeat(2))


def _joined(parts: list[_Panels]) -> _Panels:
    """All panels of `parts` from left to right."""
    left = np.concatenate([part.left for part in parts])
    together = _Panels(
        left,
        np.concatenate([part.right for part in parts]),
        np.concatenate([part.values for part in parts], axis=1),
        np.concatenate([part.inner for part in parts], axis=1),
        np.concatenate([part.strikes for part in parts]),
    )
    return together.where(np.argsort(left))


def _panels_between(functions: _Functions, edges: Float64Array) -> _Panels:
    """The panels that end at `edges`, (panels + 1,), which ascend from 0."""
    left, right = edges[:-1], edges[1:]
    values = _folded(functions, left, right)
    integrals = np.nan_to_num(values) @ (0.5 * _WEIGHTS) * (right - left)
    inner = (integrals.cumsum(axis=1) - integrals) / np.maximum(left, right[0])
    return _Panels(left, right, values, inner, np.zeros(left.size, int))


def _nodes(left: Float64Array, right: Float64Array) -> Float64Array:
    """Gauss's nodes between `left` and `right`, both (panels,): (panels, nodes)."""
    return 0.5 * (left + right)[:, None] + 0.5 * (right - left)[:, None] * _NODES


def _folded(functions: _Functions, left: Float64Array, right: Float64Array) -> Float64Array:
    """g(x) + g(−x) at the nodes between `left` and `right`, both (panels,): (functions, panels, nodes)."""
    x = _nodes(left, right)
    both = functions(np.stack([x, -x]))  # (functions, 2, panels, nodes)
    folded: Float64Array = both[:, 0] + both[:, 1]
    return np.where(folded < _LARGEST, folded, np.nan)


@dataclass(frozen=True)
class _Averages:
    """Gaussian averages of functions g at variances q; every array is (variances, functions), NaN where not known."""

    mean: Float64Array  # E[g(√q Z)]
    growth: Float64Array  # its derivative with respect to q
    doubt: Float64Array  # what may be wrong with the mean, where the nodes do not resolve g or g is not finite


@dataclass(frozen=True)
class _Samples:
    """Some functions g on nodes; the averages of what they are samples of."""

    x: Float64Array  # (nodes,), ascending from 0
    weights: Float64Array  # (nodes,)
    values: Float64Array  # (nodes, functions): g(x) + g(−x)
    doubts: Float64Array  # (nodes, functions)
    end: float  # where the functions are lost: no numbers, or too many oscillations

    @cached_property
    def half_squares(self) -> Float64Array:
        """The exponents −x²/2 at the nodes, (nodes,)."""
        return -0.5 * np.square(self.x)

    @cached_property
    def weighted(self) -> Float64Array:
        """Values and doubts times what their nodes count for, (2 · functions, nodes)."""
        return np.ascontiguousarray((np.concatenate([self.values, self.doubts], axis=1) * self.weights[:, None]).T)

    def averages(self, variances: Float64Array) -> _Averages:
        """The averages at `variances`, of shape (variances,), within the range that was sampled for."""
        answers = np.full((3, variances.size, self.values.shape[1]), np.nan)
        known = np.flatnonzero(_CLOSEST * np.sqrt(variances) <= self.end)
        for some in (known[i : i + _AT_ONCE] for i in range(0, known.size, _AT_ONCE)):
            answers[:, some] = self._averages(variances[some])
        return _Averages(*answers)

    def _averages(self, variances: Float64Array) -> tuple[Float64Array, Float64Array, Float64Array]:
        """Mean, growth and doubt at `variances`, (variances,), each (variances, functions).

        The growth is E[g(√q Z)·(Z² − 1)] / 2q (Stein 1981): it needs no derivative of g, which may jump.
        """
        scale = np.sqrt(variances)[:, None]
        needed = np.searchsorted(self.x, _FARTHEST * scale.max())
        z_squared = np.square(self.x[:needed] / scale)  # (variances, nodes)
        density = self.weights[:needed] / scale * np.exp(-0.5 * z_squared) / sqrt(2.0 * pi)
        values, doubts = self.values[:needed], self.doubts[:needed]
        slopes = (density * (z_squared - 1.0)) @ values / 2.0 / np.square(scale)
        return density @ values, slopes, density @ doubts


def _sample(functions: _Functions, edges: Float64Array, most_panels: int) -> _Samples:
    """Samples of `functions` on panels that end at `edges`, (edges,), first; at most `most_panels` halved at once."""
    pending = _panels_between(functions, edges)
    settled, given_up = [], []
    for _ in range(_MOST_HALVINGS):
        settled.append(pending.where(~pending.unresolved))
        pending = pending.where(pending.unresolved)
        if not pending.left.size:
            break
        near = np.arange(pending.left.size) < most_panels
        given_up.append(pending.where(~near))
        pending = pending.where(near).halved(functions)
    found = _joined([*settled, pending])
    lost = _joined([*given_up, found.where(~found.finite)])
    return _samples_of(found.where(found.right <= lost.left.min(initial=inf)), lost)


def _edges_between(smallest: float, largest: float, kinks: tuple[float, ...]) -> Float64Array:
    """Where panels end, (edges,): from 0 to as far as `largest`, a deviation, needs, the first in `smallest`."""
    farthest = _FARTHEST * largest
    octaves = np.ceil(np.log2(farthest) - np.log2(min(smallest / 16.0, _INNERMOST)))
    bends = [abs(kink) for kink in kinks if 0.0 < abs(kink) < farthest]
    return np.unique(np.concatenate([[0.0], farthest * 2.0 ** -np.arange(octaves + 1.0), bends]))


def _samples_of(kept: _Panels, lost: _Panels) -> _Samples:
    """The nodes of `kept`, and where the functions are lost one node that is all doubt."""
    doubts = kept.tails.T.repeat(kept.nodes.shape[1], axis=0)
    first = lost.where(np.arange(lost.left.size) < 1)
    unknown = np.where(first.finite, first.sizes, _LARGEST).T  # (0 or 1, functions)
    return _Samples(
        np.concatenate([kept.nodes.ravel(), first.left]),
        np.concatenate([kept.weights.ravel(), first.right]),
        np.concatenate([kept.values.reshape(len(doubts.T), -1).T, np.zeros_like(unknown)]),
        np.concatenate([doubts, unknown]),
        end=first.left.min(initial=inf),
    )


@dataclass(frozen=True)
class Moments:
    """Averages over pre-activations of one variance q; NaN where infinite or unknown."""

    square: float  # E[φ(√q Z)²]
    slope: float  # E[φ'(√q Z)²]


@dataclass(frozen=True)
class _ManyMoments:
    """The same at many variances; every array is (variances,)."""

    square: Float64Array
    slope: Float64Array
    growth: Float64Array  # d square / dq
    square_doubt: Float64Array  # relative
    slope_doubt: Float64Array  # relative


@dataclass(frozen=True)
class SampledActivation:
    """An activation as mean field theory sees it, over a range of variances."""

    activation: Activation
    smallest: float
    largest: float
    _samples: _Samples

    @classmethod
    def over(
        cls, activation: Activation, smallest: float, largest: float, most_panels: int = _MOST_PANELS
    ) -> "SampledActivation":
        """`activation` sampled for variances from `smallest` to `largest`, both positive."""
        edges = _edges_between(sqrt(smallest), sqrt(largest), activation.kinks)

        def squares(z: Float64Array) -> Float64Array:
            """φ² and φ'² at z, (…) → (2, …)."""
            value = activation.f(z)
            return np.square(np.stack([value, activation.df(z, value)]), dtype=np.float64)

        with np.errstate(all="ignore"):
            return cls(activation, smallest, largest, _sample(squares, edges, most_panels))

    def covers(self, activation: Activation, variance: float) -> bool:
        """Whether it is of this activation and holds at this variance."""
        return activation == self.activation and self.smallest <= variance <= self.largest

    def at(self, variance: float) -> tuple[float, float]:
        """E[φ²] and E[φ'²] at one variance."""
        samples = self._samples
        if _CLOSEST * sqrt(variance) > samples.end:
            return nan, nan
        with np.errstate(all="ignore"):
            density = np.exp(samples.half_squares / variance)
            sums = np.vecdot(density, samples.weighted) / sqrt(2.0 * pi * variance)
            doubts = np.where(sums[2:] > 0.0, sums[2:] / sums[:2], 0.0)
            square, slope = np.where(doubts <= _WORST, sums[:2], np.nan).tolist()
        return square, slope

    def moments(self, variances: Float64Array) -> _ManyMoments:
        """The moments at `variances`, of shape (variances,)."""
        with np.errstate(all="ignore"):
            found = self._samples.averages(variances)
            doubts = np.where(found.doubt > 0.0, found.doubt / found.mean, 0.0)  # (variances, 2)
            square, slope = np.where(doubts <= _WORST, found.mean, np.nan).T
        return _ManyMoments(square, slope, found.growth[:, 0], *doubts.T)


def moments(activation: Activation, variance: float) -> Moments:
    """E[φ²] and E[φ'²] at pre-activations of the given variance, to 1e-10 of their size."""
    found = SampledActivation.over(activation, variance, variance).moments(np.array([variance]))
    return Moments(float(found.square[0]), float(found.slope[0]))
