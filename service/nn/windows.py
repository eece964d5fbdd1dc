"""Windows that slide over the positions of a signal, one axis or several; what convolutions and pools are made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product as every
from math import prod

import numpy as np

from service.core.arrays import Array, Shape


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
        padded = self._padded(x, fill)
        found = np.empty((*x.shape[:2], *self.out, *self.size, x.shape[-1]), x.dtype)
        for tap in every(*map(range, self.size)):
            self._of_tap(found, tap)[...] = padded[self._places(tap)]
        return found

    def add(self, dwindows: Array) -> Array:
        """The reverse of `take`: what all windows say of each position, (trials, samples, *positions, channels)."""
        if self.single:
            return dwindows.reshape(*dwindows.shape[:2], *self.positions, dwindows.shape[-1])
        shape = [length + sum(pad) for length, pad in zip(self.positions, self.pads, strict=True)]
        total = np.zeros((*dwindows.shape[:2], *shape, dwindows.shape[-1]), dwindows.dtype)
        for tap in every(*map(range, self.size)):
            total[self._places(tap)] += self._of_tap(dwindows, tap)
        inside = [slice(pad[0], pad[0] + length) for length, pad in zip(self.positions, self.pads, strict=True)]
        return total[(slice(None), slice(None), *inside)]

    @property
    def count(self) -> int:
        """How many windows there are."""
        return prod(self.out)

    @property
    def single(self) -> bool:
        """Whether every position is a window, so that nothing need be copied."""
        return {*self.size, *self.stride} == {1} and not any(map(any, self.pads))

    def _padded(self, x: Array, fill: float) -> Array:
        """`x` with `fill` around its positions, (trials, samples, *padded, channels)."""
        if not any(map(any, self.pads)):
            return x
        return np.pad(x, [(0, 0), (0, 0), *self.pads, (0, 0)], constant_values=fill)

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
