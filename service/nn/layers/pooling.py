"""Pooling over windows, or over all positions."""

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from math import prod
from typing import Any, ClassVar, Literal

import numpy as np

from service.core.arrays import Array, Shape
from service.core.errors import Incompatible
from service.core.kinds import Advice
from service.nn.layers.arranging import check_positions
from service.nn.layers.base import OPERATIONS_PER_OUTPUT, Node, Saved, Vjp
from service.nn.layers.convolution import Extents, Padding
from service.nn.windows import Windows


class Pool(StrEnum):
    """What is taken of a window."""

    MAX = "max"
    AVERAGE = "average"


class Pooling(Node):
    """The largest or the mean of every window, each channel by itself."""

    kind: Literal["pooling"] = "pooling"
    aliases: ClassVar[Collection[str]] = {
        **{key: {"mode": "max"} for key in ("MaxPool1d", "MaxPool2d", "MaxPooling1D", "MaxPooling2D", "max_pooling")},
        **{
            key: {"mode": "average"}
            for key in ("AvgPool1d", "AvgPool2d", "AveragePooling1D", "AveragePooling2D", "average_pooling")
        },
    }
    misnamed: ClassVar[Mapping[str, Advice]] = {
        "pool_size": {"size": [2]},
        "kernel_size": {"size": [2]},
        "strides": {"stride": [2]},
    }
    needs: ClassVar[Mapping[str, Any]] = {"size": [2]}
    mode: Pool = Pool.MAX
    """What is taken; the gradient of a maximum goes to the first entry that attains it."""
    size: Extents
    """The size of a window along every axis of positions; one number stands for all."""
    stride: Extents | None = None
    """How far a window is from the next; as far as it is wide unless said otherwise."""
    padding: Padding = Padding.VALID
    """What is around the positions: nothing, or as much as keeps their number at stride 1; it is never the largest and
    does not count in a mean."""

    plain: ClassVar[bool] = True
    shape_in: ClassVar[str] = "(steps, channels) or (height, width, channels)"
    shape_out: ClassVar[str] = (
        "(positions, channels), positions = floor((n + pads - size) / stride) + 1 of every axis n"
    )
    definition: ClassVar[str] = "y[p, j] = max or mean of x[stride * p + k, j] over k"
    source: ClassVar[str] = "LeCun et al. 1989 (average), Ranzato et al. 2007 (max)."

    @property
    def operations(self) -> tuple[float, float]:
        return 0.0, 2.0 * OPERATIONS_PER_OUTPUT

    def windows(self, shape: Shape) -> Windows:
        """Where the windows lie on inputs of that shape."""
        axes = len(shape) - 1
        size = tuple(self.size) * (axes // len(self.size))
        stride = size if self.stride is None else tuple(self.stride) * (axes // len(self.stride))
        return Windows.of(shape[:-1], size, stride, (1,) * axes, self.padding.value)

    def out(self, path: str, shape: Shape, inside: Sequence[Shape]) -> Shape:
        check_positions(f"{path}/size", "pooling", shape, len(self.size), 1)
        if self.stride is not None:
            check_positions(f"{path}/stride", "pooling", shape, len(self.stride), 1)
        if min(self.windows(shape).out) < 1:
            raise Incompatible(
                f'No window fits into {list(shape)}. Take a smaller size, or "padding": "same".',
                pointer=f"{path}/size",
                shape=list(shape),
            )
        return (*self.windows(shape).out, shape[-1])

    def products(self, shape: Shape) -> float:
        return 20.0 * self.scratch(shape)  # entries of windows, which are copied forward and back

    def scratch(self, shape: Shape) -> int:
        windows = self.windows(shape)
        return 3 * windows.count * prod(windows.size) * shape[-1]

    def copies(self, shape: Shape) -> int:
        return self.windows(shape).count * shape[-1] if self.mode is Pool.MAX else 0

    def apply(self, arrays: Sequence[Array], x: Array) -> tuple[Array, Saved]:
        windows = self.windows(x.shape[2:])
        largest = self.mode is Pool.MAX
        taken = windows.take(x, -np.inf if largest else 0.0)
        flat = taken.reshape(*x.shape[:2], *windows.out, -1, x.shape[-1])
        if largest:
            return flat.max(axis=-2), (windows, flat.argmax(axis=-2)[..., None, :])
        return flat.sum(axis=-2) / _counts(windows, x.dtype.type(1.0)), (windows, None)

    def vjp(self, arrays: Sequence[Array], saved: Saved, dy: Array) -> Vjp:
        windows, where = saved

        def dx() -> Array:
            shape = (*dy.shape[:-1], prod(windows.size), dy.shape[-1])
            if where is None:
                spread = np.broadcast_to((dy / _counts(windows, dy.dtype.type(1.0)))[..., None, :], shape)
            else:
                spread = np.zeros(shape, dy.dtype)
                np.put_along_axis(
                    spread, np.broadcast_to(where, (*shape[:-2], 1, shape[-1])), dy[..., None, :], axis=-2
                )
            return windows.add(spread.reshape(*dy.shape[:-1], *windows.size, dy.shape[-1]))

        return dx, lambda _: dy


class GlobalPooling(Node):
    """The largest or the mean over all positions, each channel by itself."""

    kind: Literal["global_pooling"] = "global_pooling"
    aliases: ClassVar[Collection[str]] = {
        **{
            key: {"mode": "average"}
            for key in ("GlobalAveragePooling1D", "GlobalAveragePooling2D", "AdaptiveAvgPool1d", "AdaptiveAvgPool2d")
        },
        **{key: {"mode": "max"} for key in ("GlobalMaxPooling1D", "GlobalMaxPooling2D", "AdaptiveMaxPool2d")},
    }
    mode: Pool = Pool.AVERAGE
    """What is taken; the gradient of a maximum goes to the first entry that attains it."""

    plain: ClassVar[bool] = True
    shape_in: ClassVar[str] = "(steps, channels) or (height, width, channels)"
    shape_out: ClassVar[str] = "(channels,)"
    definition: ClassVar[str] = "y[j] = max or mean of x[p, j] over p"
    source: ClassVar[str] = "Lin, Chen & Yan 2014."

    def out(self, path: str, shape: Shape, inside: Sequence[Shape]) -> Shape:
        check_positions(path, "global_pooling", shape, len(shape) - 1, 1)
        return shape[-1:]

    def apply(self, arrays: Sequence[Array], x: Array) -> tuple[Array, Saved]:
        flat = x.reshape(*x.shape[:2], -1, x.shape[-1])
        if self.mode is Pool.MAX:
            return flat.max(axis=-2), (x.shape[2:], flat.argmax(axis=-2)[..., None, :])
        return flat.mean(axis=-2), (x.shape[2:], None)

    def vjp(self, arrays: Sequence[Array], saved: Saved, dy: Array) -> Vjp:
        shape, where = saved
        positions = prod(shape[:-1])

        def dx() -> Array:
            whole = (*dy.shape[:2], positions, dy.shape[-1])
            if where is None:
                return np.broadcast_to(dy[..., None, :] / positions, whole).reshape(*dy.shape[:2], *shape)
            found = np.zeros(whole, dy.dtype)
            np.put_along_axis(found, np.broadcast_to(where, (*whole[:-2], 1, whole[-1])), dy[..., None, :], axis=-2)
            return found.reshape(*dy.shape[:2], *shape)

        return dx, lambda _: dy


def _counts(windows: Windows, one: np.floating) -> Array:
    """How many positions of each window lie inside, (1, 1, *out, 1)."""
    inside = windows.take(np.full((1, 1, *windows.positions, 1), one))
    return inside.reshape(1, 1, *windows.out, -1, 1).sum(axis=-2)
