"""Gaussian averages of functions of one variable, at as many variances as are asked.

The functions are sampled once, x and −x together, on panels that double in width away from 0, end at the kinks, and are
halved where sixteen nodes do not show all that happens. An average is then a sum over the nodes, whatever the variance.
"""

from dataclasses import dataclass
from math import inf, pi, sqrt

import numpy as np

from service.core.arrays import Float64Array
from service.theory.panels import LARGEST, Functions, Panels, joined, panels_between

_FARTHEST = 38.0  # standard deviations: no number that a float holds makes up for the density beyond
_INNERMOST = 2.0**-30  # an activation may bend at any scale above
_MOST_HALVINGS = 48  # a jump nobody told of is then known to its last digit
MOST_PANELS = 2048  # halved at once; a sine is followed to x = 8,192, eight standard deviations of variance 1e6
_CLOSEST = 5.0  # standard deviations to where the functions are lost: closer, nothing is known to 1e-6
_AT_ONCE = 8  # variances that share the nodes they need


@dataclass(frozen=True)
class Averages:
    """Gaussian averages of functions g at variances q; every array is (variances, functions), NaN where not known."""

    mean: Float64Array  # E[g(√q Z)]
    growth: Float64Array  # its derivative with respect to q
    doubt: Float64Array  # what may be wrong with the mean, where the nodes do not resolve g or g is not finite


@dataclass(frozen=True)
class Samples:
    """Some functions g on nodes; the averages of what they are samples of."""

    x: Float64Array  # (nodes,), ascending from 0
    weights: Float64Array  # (nodes,)
    values: Float64Array  # (nodes, functions): g(x) + g(−x)
    doubts: Float64Array  # (nodes, functions)
    end: float  # where the functions are lost: no numbers, or too many oscillations

    def averages(self, variances: Float64Array) -> Averages:
        """The averages at `variances`, of shape (variances,), within the range that was sampled for."""
        answers = np.full((3, variances.size, self.values.shape[1]), np.nan)
        known = np.flatnonzero(_CLOSEST * np.sqrt(variances) <= self.end)
        for some in (known[i : i + _AT_ONCE] for i in range(0, known.size, _AT_ONCE)):
            answers[:, some] = self._averages(variances[some])
        return Averages(*answers)

    def _averages(self, variances: Float64Array) -> tuple[Float64Array, Float64Array, Float64Array]:
        """The derivative is E[g(√q Z)·(Z² − 1)] / 2q (Stein 1981): it needs none of g, which may jump."""
        scale = np.sqrt(variances)[:, None]
        needed = np.searchsorted(self.x, _FARTHEST * scale.max())
        z_squared = np.square(self.x[:needed] / scale)  # (variances, nodes)
        density = self.weights[:needed] / scale * np.exp(-0.5 * z_squared) / sqrt(2.0 * pi)
        values, doubts = self.values[:needed], self.doubts[:needed]
        slopes = (density * (z_squared - 1.0)) @ values / 2.0 / np.square(scale)
        return density @ values, slopes, density @ doubts


def sample(functions: Functions, edges: Float64Array, most_panels: int) -> Samples:
    """Samples of `functions` on panels that end at `edges` first, no more than `most_panels` of them halved at once."""
    pending = panels_between(functions, edges)
    settled, given_up = [], []
    for _ in range(_MOST_HALVINGS):
        settled.append(pending.where(~pending.unresolved))
        pending = pending.where(pending.unresolved)
        if not pending.left.size:
            break
        near = np.arange(pending.left.size) < most_panels
        given_up.append(pending.where(~near))
        pending = pending.where(near).halved(functions)
    found = joined([*settled, pending])
    lost = joined([*given_up, found.where(~found.finite)])
    return _samples(found.where(found.right <= lost.left.min(initial=inf)), lost)


def edges_between(smallest: float, largest: float, kinks: tuple[float, ...]) -> Float64Array:
    """Where panels end: from 0 to as far as `largest`, a standard deviation, needs; the first is within `smallest`."""
    farthest = _FARTHEST * largest
    octaves = np.ceil(np.log2(farthest) - np.log2(min(smallest / 16.0, _INNERMOST)))
    bends = [abs(kink) for kink in kinks if 0.0 < abs(kink) < farthest]
    return np.unique(np.concatenate([[0.0], farthest * 2.0 ** -np.arange(octaves + 1.0), bends]))


def _samples(kept: Panels, lost: Panels) -> Samples:
    """The nodes of `kept`, and where the functions are lost one node that is all doubt."""
    doubts = kept.tails.T.repeat(kept.nodes.shape[1], axis=0)
    first = lost.where(np.arange(lost.left.size) < 1)
    unknown = np.where(first.finite, first.sizes, LARGEST).T  # (0 or 1, functions)
    return Samples(
        np.concatenate([kept.nodes.ravel(), first.left]),
        np.concatenate([kept.weights.ravel(), first.right]),
        np.concatenate([kept.values.reshape(len(doubts.T), -1).T, np.zeros_like(unknown)]),
        np.concatenate([doubts, unknown]),
        end=first.left.min(initial=inf),
    )
