"""Gaussian averages of an activation."""

from collections.abc import Callable
from math import pi, sqrt

import numpy as np

from service.nn.arrays import Float64Array

_FARTHEST = 12.0  # standard deviations: what lies beyond is below 1e-31
_FINEST = 2.0**-30
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_TOLERANCE = 1e-12
_MOST_HALVINGS = 8


def average(function: Callable[[Float64Array], Float64Array], variance: float, kinks: tuple[float, ...]) -> float:
    """E[function(√variance·Z)], Z ~ N(0, 1); infinite or NaN where the function is.

    By Gauss's rule on panels that end at 0 and at the kinks and get finer towards 0, where an activation bends at the
    scale 1/√variance; halved until two answers agree to 1e-12 of their size.
    """
    scale = sqrt(variance)
    edges = _edges(scale, kinks)
    found = _composite(function, scale, edges)
    for _ in range(_MOST_HALVINGS):
        edges = np.sort(np.concatenate([edges, 0.5 * (edges[1:] + edges[:-1])]))
        before, found = found, _composite(function, scale, edges)
        if not abs(found - before) > _TOLERANCE * abs(found):
            break
    return found


def _edges(scale: float, kinks: tuple[float, ...]) -> Float64Array:
    powers = _FARTHEST * 2.0 ** np.arange(np.log2(_FINEST), 1.0)
    ends = np.concatenate([-powers, [0.0], powers])
    bends = np.array([kink / scale for kink in kinks if 0.0 < abs(kink) < _FARTHEST * scale])
    return np.unique(np.concatenate([ends, bends]))


def _composite(function: Callable[[Float64Array], Float64Array], scale: float, edges: Float64Array) -> float:
    half, middle = 0.5 * np.diff(edges), 0.5 * (edges[1:] + edges[:-1])
    z = middle[:, None] + half[:, None] * _NODES  # (panels, nodes)
    density = np.exp(-0.5 * np.square(z)) / sqrt(2.0 * pi)
    return float((half[:, None] * _WEIGHTS * density * function(scale * z)).sum())
