"""Windows that slide over the positions of a signal, one axis or several; what convolutions and pools are made of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product as every
from math import prod

import numpy as np
from numpy.lib.stride_tricks import as_strided

from service.core.arrays import Array, Shape

_BLOCK_BYTES = 1 << 20
"""Windows that are copied for a product at one time: more would leave the cache before they are multiplied."""
_FEWEST_ROWS = 512
"""But not so few that a kernel is read too often."""

Block = tuple[slice, slice]
"""Which trials, and which rows of each."""


@dataclass(frozen=True)
class Windows:
    """Where the windows of one layer lie: everything is a tuple over the axes of positions."""

    positions: Shape  # of what goes in
    size: Shape
    stride: Shape
    dilation: Shape
    pads: tuple[tuple[int, int], ...]  # before and after

    @classmethod
    def of(
        cls, positions: Shape, size: Shape, stride: Shape, dilation: Shape, padding: str | Sequence[int]
    ) -> "Windows":
        """With `padding` `valid`, `same`, `causal`, or the numbers of zeros before and after every axis."""
        reach = [(one - 1) * step + 1 for one, step in zip(size, dilation, strict=True)]
        if padding == "same":  # as TensorFlow does: as many positions as strides begin, and an odd zero goes behind
            totals = [
                max((-(-length // step) - 1) * step + width - length, 0)
                for length, step, width in zip(positions, stride, reach, strict=True)
            ]
            pads = [(total // 2, total - total // 2) for total in totals]
        elif padding == "causal":
            pads = [(width - 1, 0) for width in reach]
        elif isinstance(padding, str):
            pads = [(0, 0)] * len(positions)
        else:
            pads = [(before, after) for before, after in zip(padding[::2], padding[1::2], strict=True)]
        return cls(positions, size, stride, dilation, tuple(pads))

    @property
    def reach(self) -> Shape:
        """Over how many positions a window goes along every axis."""
        return tuple((width - 1) * apart + 1 for width, apart in zip(self.size, self.dilation, strict=True))

    @cached_property
    def out(self) -> Shape:
        """How many windows there are along every axis; 0 or fewer where one does not fit."""
        return tuple(
            (length + sum(pad) - (width - 1) * apart - 1) // step + 1
            for length, pad, width, apart, step in zip(
                self.positions, self.pads, self.size, self.dilation, self.stride, strict=True
            )
        )

    def take(self, x: Array, fill: float = 0.0) -> Array:
        """The windows of `x`, (trials, samples, *positions, channels), as (trials, samples, *out, *size, channels)."""
        if self.single:
            return x.reshape(*x.shape[:2], *self.out, *self.size, x.shape[-1])
        padded = self._room(x.shape[:2], x, fill)
        padded[self._inside] = x
        return np.ascontiguousarray(self._seen(padded))

    def columns(self, x: Array) -> Iterator[tuple[Block, Array]]:
        """The windows of `x` as rows, (trials, samples · windows, taps · channels), as many at a time as fit the cache.

        Each with its place in the whole; it is overwritten by the next.
        """
        trials, samples, channels = *x.shape[:2], x.shape[-1]
        if self.single:
            yield (slice(None), slice(None)), x.reshape(trials, -1, channels)
            return
        row = prod(self.size) * channels
        most_trials, most = self._together(trials, samples, row * x.itemsize)
        padded = self._room((most_trials, most), x, 0.0)
        seen, taken = self._seen(padded), np.empty((most_trials, most, *self.out, *self.size, channels), x.dtype)
        inside = padded[self._inside]
        for chosen, of_samples in _blocks((trials, samples), (most_trials, most)):
            part = x[chosen, of_samples]
            here = slice(part.shape[0]), slice(part.shape[1])
            inside[here] = part
            np.copyto(taken[here], seen[here])
            rows = slice(of_samples.start * self.count, of_samples.stop * self.count)
            yield (chosen, rows), taken[here].reshape(part.shape[0], part.shape[1] * self.count, row)

    def add(self, dwindows: Array) -> Array:
        """The reverse of `take`: what all windows say of each position, (trials, samples, *positions, channels)."""
        if self.single:
            return dwindows.reshape(*dwindows.shape[:2], *self.positions, dwindows.shape[-1])
        total = self._room(dwindows.shape[:2], dwindows, 0.0)
        for tap in every(*map(range, self.size)):
            total[self._places(tap)] += self._of_tap(dwindows, tap)
        return total[self._inside]

    def added(self, rows: Array, kernel: Array) -> Array:
        """`add` of rows @ kernel, (trials, samples · windows, f) by (trials, f, taps · channels), without its whole."""
        trials, samples = max(len(rows), len(kernel)), rows.shape[1] // self.count
        if self.single:
            return (rows @ kernel).reshape(trials, samples, *self.positions, -1)
        channels = kernel.shape[-1] // prod(self.size)
        found = np.empty((trials, samples, *self.positions, channels), rows.dtype)
        most = self._together(trials, samples, kernel.shape[-1] * rows.itemsize)
        for chosen, of_samples in _blocks((trials, samples), most):
            part = slice(of_samples.start * self.count, of_samples.stop * self.count)
            put = of_trials(rows, chosen)[:, part] @ of_trials(kernel, chosen)
            shape = (len(put), -1, *self.out, *self.size, channels)
            found[chosen, of_samples] = self.add(put.reshape(shape))
        return found

    @cached_property
    def back(self) -> "Windows | None":
        """The windows of what comes out that see a position of what went in; None where strides leave gaps."""
        reach = [width - 1 for width in self.reach]
        pads = tuple((far - before, far - after) for far, (before, after) in zip(reach, self.pads, strict=True))
        if {*self.stride} != {1} or min(map(min, pads)) < 0:
            return None
        return Windows(self.out, self.size, self.stride, self.dilation, pads)

    @cached_property
    def count(self) -> int:
        """How many windows there are."""
        return prod(self.out)

    @cached_property
    def single(self) -> bool:
        """Whether every position is a window, so that nothing need be copied."""
        return {*self.size, *self.stride} == {1} and not any(map(any, self.pads))

    def _together(self, trials: int, samples: int, row_bytes: int) -> tuple[int, int]:
        """So many trials and so many samples of each at a time; either all samples or a single trial."""
        fitting = max(1, _FEWEST_ROWS // self.count, _BLOCK_BYTES // (self.count * row_bytes))
        return (max(1, min(trials, fitting // samples)), min(samples, fitting))

    def _room(self, batch: Shape, like: Array, fill: float) -> Array:
        """Arrays of the positions and what is around them, (trials, samples, *padded, channels), of `fill` alone."""
        around = [length + sum(pad) for length, pad in zip(self.positions, self.pads, strict=True)]
        return np.full((*batch, *around, like.shape[-1]), fill, like.dtype)

    @cached_property
    def _inside(self) -> tuple[slice, ...]:
        """The positions in what is padded."""
        inside = [slice(pad[0], pad[0] + length) for length, pad in zip(self.positions, self.pads, strict=True)]
        return (slice(None), slice(None), *inside)

    def _seen(self, padded: Array) -> Array:
        """The windows of `padded`, (trials, samples, *padded, channels), as `take` makes them, a view."""
        trials, samples, *steps, channel = padded.strides
        moved = [one * step for one, step in zip(steps, self.stride, strict=True)]
        apart = [one * step for one, step in zip(steps, self.dilation, strict=True)]
        shape = (*padded.shape[:2], *self.out, *self.size, padded.shape[-1])
        return as_strided(padded, shape, (trials, samples, *moved, *apart, channel), writeable=False)

    def _of_tap(self, windows: Array, tap: Shape) -> Array:
        """The entries numbered `tap` of all windows, (trials, samples, *out, channels), a view."""
        place: tuple[slice | int, ...] = (*[slice(None)] * (2 + len(self.out)), *tap)
        return windows[place]

    def _places(self, tap: Shape) -> tuple[slice, ...]:
        """Where the entries numbered `tap` of all windows lie in what is padded."""
        axes = zip(tap, self.dilation, self.stride, self.out, strict=True)
        return (
            slice(None),
            slice(None),
            *(slice(at * apart, at * apart + (count - 1) * step + 1, step) for at, apart, step, count in axes),
        )


def _blocks(whole: tuple[int, int], most: tuple[int, int]) -> Iterator[Block]:
    """So many trials and samples, at `most` so many of each at a time."""
    (trials, samples), (some, few) = whole, most
    for trial in range(0, trials, some):
        for sample in range(0, samples, few):
            yield slice(trial, min(trial + some, trials)), slice(sample, min(sample + few, samples))


def of_trials(array: Array, trials: slice) -> Array:
    """Those trials of an array, (trials or 1, …); all of (1, …)."""
    return array if len(array) == 1 else array[trials]
