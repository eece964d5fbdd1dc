"""Random numbers that depend on the seed, the tensor and the trial alone.

One PCG64DXSM sequence of 2¹²⁸ numbers serves a whole simulation. Every tensor of a network has a place in it, and trial
`t` of a tensor that takes `n` numbers reads them from `place + t·n`. So trial 7 is the same in whatever chunk it is
drawn, an edit of one layer leaves the draws of all others alone, and both precisions simulate one network.
"""

from collections.abc import Iterator
from math import prod

import numpy as np
import numpy.typing as npt

from service.core.arrays import Array, DType, Float64Array, Shape

_PERIOD = 1 << 128
# Places are multiples of 2¹²⁸/φ, as in NumPy's `jumped`: equidistributed, and never a power of two apart.
_PLACE = 0x9E3779B97F4A7C15F39CC0605CEDC835
_DRAWS_PER_TENSOR = 4
_BLOCK = 1 << 14  # pairs of normals whose temporaries stay in the cache
_HALF, _MINUS_TWO = np.float32(0.5), np.float32(-2.0)
_PER_INTEGER, _ANGLE_PER_INTEGER = np.float32(2.0**-32), np.float32(2.0 * np.pi * 2.0**-32)

DOUBLE = np.dtype(np.float64)


class Randomness:
    """The random numbers of the trials in `trials`, for a 63-bit `seed`; normals are of precision `dtype`."""

    def __init__(self, seed: int, trials: range, dtype: DType = DOUBLE) -> None:
        self.trials = trials
        self.dtype = dtype
        self._bits = np.random.PCG64DXSM(seed)
        self._at = 0

    def tensor(self, index: int) -> "Stream":
        """The stream of the tensor number `index` of the network."""
        return Stream(self, index)

    def raw(self, place: int, count: int) -> npt.NDArray[np.uint64]:
        """`count` uniform 64-bit integers for each trial, (trials, count)."""
        first = place * _PLACE + self.trials.start * count
        self._bits.advance((first - self._at) % _PERIOD)
        self._at = first + len(self.trials) * count
        drawn: npt.NDArray[np.uint64] = self._bits.random_raw((len(self.trials), count))
        return drawn

    def normals(self, place: int, count: int, mean: float, std: float) -> Array:
        """`count` normals for each trial, (trials, count): an array of the caller's own."""
        raw = self.raw(place, (count + 1) // 2)
        normals = np.empty((raw.shape[0], 2 * raw.shape[1]), self.dtype)
        halves, pairs = raw.astype("<u8", copy=False).view("<u4").reshape(-1, 2), normals.reshape(-1, 2)
        for block in _blocks(raw.size):
            _box_muller(halves[block], pairs[block])
            _scale(pairs[block], mean, std)
        return normals[:, :count]


class RememberedRandomness(Randomness):
    """The same numbers, which are drawn once and remembered, for networks that differ in what is made of them."""

    def __init__(self, seed: int, trials: range, dtype: DType = DOUBLE) -> None:
        super().__init__(seed, trials, dtype)
        self._integers: dict[tuple[int, int], npt.NDArray[np.uint64]] = {}
        self._normals: dict[tuple[int, int], Array] = {}

    def raw(self, place: int, count: int) -> npt.NDArray[np.uint64]:
        """`count` uniform 64-bit integers for each trial, (trials, count), which are not to be changed."""
        if (place, count) not in self._integers:
            self._integers[place, count] = super().raw(place, count)
        return self._integers[place, count]

    def normals(self, place: int, count: int, mean: float, std: float) -> Array:
        """`count` normals for each trial, (trials, count): an array of the caller's own."""
        if (place, count) not in self._normals:
            self._normals[place, count] = super().normals(place, count, 0.0, 1.0)
            del self._integers[place, (count + 1) // 2]
        found = self._normals[place, count].copy()
        _scale(found, mean, std)
        return found


class Stream:
    """The random numbers of one tensor; each call draws afresh."""

    def __init__(self, randomness: Randomness, index: int) -> None:
        self._randomness = randomness
        self._places = iter(range(index * _DRAWS_PER_TENSOR, (index + 1) * _DRAWS_PER_TENSOR))

    def uniform(self, shape: Shape) -> Float64Array:
        """Uniform in [0, 1) with 53 bits, (trials, *shape)."""
        raw = self._raw(prod(shape)) >> np.uint64(11)
        return raw.reshape(-1, *shape).astype(np.float64) * 2.0**-53

    def normal(self, shape: Shape, mean: float = 0.0, std: float = 1.0) -> Array:
        """Normal with this mean and standard deviation, (trials, *shape), at most 6.77 deviations away.

        By Box and Muller (1958) from 32 bits for the radius and 32 for the angle, in single precision: three times
        as fast as a ziggurat in double, always two normals for one draw, and the same network in both precisions.
        """
        count = prod(shape)
        return self._randomness.normals(next(self._places), count, mean, std).reshape(-1, *shape)

    def _raw(self, count: int) -> npt.NDArray[np.uint64]:
        return self._randomness.raw(next(self._places), count)


def _box_muller(halves: npt.NDArray[np.uint32], pairs: Array) -> None:
    """Fill (count, 2) `pairs` from the low halves, which give angles in [0, 2π), and the high ones, which give radii.

    Every step works in place on what lies in the cache already.
    """
    angle, radius = halves[:, 0].astype(np.float32), halves[:, 1].astype(np.float32)
    radius += _HALF
    radius *= _PER_INTEGER  # in (0, 1]: its logarithm is finite
    np.log(radius, out=radius)
    radius *= _MINUS_TWO
    np.sqrt(radius, out=radius)
    angle *= _ANGLE_PER_INTEGER
    pairs[:, 0] = np.cos(angle) * radius
    pairs[:, 1] = np.sin(angle, out=angle) * radius


def _scale(standard: Array, mean: float, std: float) -> None:
    """Give standard normals, of any shape, this mean and standard deviation in place."""
    if std != 1.0:
        standard *= std
    if mean != 0.0:
        standard += mean


def _blocks(size: int) -> Iterator[slice]:
    for start in range(0, size, _BLOCK):
        yield slice(start, min(start + _BLOCK, size))
