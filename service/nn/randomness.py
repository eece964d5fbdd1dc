"""Random numbers that depend on the seed, the tensor and the trial alone.

One PCG64DXSM sequence of 2¹²⁸ numbers serves a whole simulation. Every tensor of a network has a place in it, and trial
`t` of a tensor that takes `n` numbers reads them from `place + t·n`. So trial 7 is the same in whatever chunk it is
drawn, an edit of one layer leaves the draws of all others alone, and both precisions simulate one network.
"""

from collections.abc import Iterator
from math import prod

import numpy as np
import numpy.typing as npt

from service.nn.arrays import Float32Array, Float64Array, Shape

_PERIOD = 1 << 128
# Places are multiples of 2¹²⁸/φ, as in NumPy's `jumped`: equidistributed, and never a power of two apart.
_PLACE = 0x9E3779B97F4A7C15F39CC0605CEDC835
_DRAWS_PER_TENSOR = 4
_BLOCK = 1 << 14  # pairs of normals whose temporaries stay in the cache


class Randomness:
    """The random numbers of the trials in `trials`, for a 63-bit `seed`."""

    def __init__(self, seed: int, trials: range) -> None:
        self.trials = trials
        self._bits = np.random.PCG64DXSM(seed)
        self._start = self._bits.state
        self._generator = np.random.Generator(self._bits)

    def tensor(self, index: int) -> "Stream":
        """The stream of the tensor number `index` of the network."""
        return Stream(self, index)

    def raw(self, place: int, count: int) -> npt.NDArray[np.uint64]:
        """`count` uniform 64-bit integers for each trial, (trials, count)."""
        self._bits.state = self._start
        self._bits.advance((place * _PLACE + self.trials.start * count) % _PERIOD)
        return self._generator.integers(0, 1 << 64, size=(len(self.trials), count), dtype=np.uint64)


class Stream:
    """The random numbers of one tensor; each call draws afresh."""

    def __init__(self, randomness: Randomness, index: int) -> None:
        self._randomness = randomness
        self._places = iter(range(index * _DRAWS_PER_TENSOR, (index + 1) * _DRAWS_PER_TENSOR))

    def uniform(self, shape: Shape) -> Float64Array:
        """Uniform in [0, 1) with 53 bits, (trials, *shape)."""
        raw = self._raw(prod(shape)) >> np.uint64(11)
        return raw.reshape(-1, *shape).astype(np.float64) * 2.0**-53

    def normal(self, shape: Shape) -> Float32Array:
        """Standard normal, (trials, *shape), |z| ≤ 6.77.

        By Box and Muller (1958) from 32 bits for the radius and 32 for the angle, in single precision: three times
        as fast as a ziggurat in double, always two normals for one draw, and the same network in both precisions.
        """
        count = prod(shape)
        raw = self._raw((count + 1) // 2)
        normals = np.empty((raw.shape[0], 2 * raw.shape[1]), np.float32)
        pairs = normals.reshape(-1, 2)
        for block in _blocks(raw.size):
            radius, angle = _polar(raw.reshape(-1)[block])
            pairs[block, 0] = radius * np.cos(angle)
            pairs[block, 1] = radius * np.sin(angle)
        return normals[:, :count].reshape(-1, *shape)

    def _raw(self, count: int) -> npt.NDArray[np.uint64]:
        return self._randomness.raw(next(self._places), count)


def _polar(raw: npt.NDArray[np.uint64]) -> tuple[Float32Array, Float32Array]:
    """Rayleigh-distributed radii and uniform angles in [0, 2π), from the high and the low half of each integer."""
    high = (raw >> np.uint64(32)).astype(np.float32)
    low = raw.astype(np.uint32).astype(np.float32)
    uniform = (high + np.float32(0.5)) * np.float32(2.0**-32)  # in (0, 1]: its logarithm is finite
    return np.sqrt(np.float32(-2.0) * np.log(uniform)), low * np.float32(2.0 * np.pi * 2.0**-32)


def _blocks(size: int) -> Iterator[slice]:
    for start in range(0, size, _BLOCK):
        yield slice(start, min(start + _BLOCK, size))
