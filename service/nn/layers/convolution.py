"""Convolution over one axis of positions or two."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from math import gcd, prod
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from service.core.arrays import Array, Shape, product, transposed
from service.core.errors import Incompatible
from service.core.kinds import Advice, Int64
from service.nn.activations import Activation, AnyActivation
from service.nn.activations.smooth import Linear
from service.nn.initializers import AnyBias, AnyInitializer
from service.nn.initializers.base import LecunNormal
from service.nn.initializers.constants import Zeros
from service.nn.layers.arranging import check_positions
from service.nn.layers.base import Account, Node, Parameter, Saved, Vjp, bias_of
from service.nn.layers.dense import worth_a_gram
from service.nn.shapes import WIDEST, way_to_positions
from service.nn.windows import Windows

_PRODUCTS_PER_COPY = 12.0
"""To copy an entry of a window, forward and back, takes as long as so many multiplications."""
Extents = Annotated[list[Annotated[Int64, Field(ge=1, le=1024)]], Field(min_length=1, max_length=2)]


class Padding(StrEnum):
    """Zeros around the positions."""

    VALID = "valid"
    SAME = "same"
    CAUSAL = "causal"


class Kernel(Node):
    """What layers with a kernel have in common: where it lies, its activation, and how it is drawn."""

    activation: AnyActivation = Linear()
    """The activation, linear unless said otherwise."""
    size: Extents
    """The size of the kernel along every axis of positions; one number stands for all."""
    stride: Extents = Field(default=[1])
    """How far the kernel moves from one window to the next."""
    dilation: Extents = Field(default=[1])
    """How far the entries of the kernel are from each other."""
    padding: Padding = Padding.VALID
    """Zeros around the positions: none, as many as keep the number of positions at stride 1, or before alone."""
    pad: Annotated[list[Annotated[Int64, Field(ge=0, le=1024)]], Field(max_length=4)] | None = None
    """Zeros before and after the first axis, and the second; in place of `padding`."""
    weights: AnyInitializer = LecunNormal()
    """How the weights are drawn, N(0, 1/fan_in) unless said otherwise."""
    bias: AnyBias = Zeros()
    """How the bias is drawn, zeros unless said otherwise."""

    left_open: ClassVar[Collection[str]] = ("weights", "bias")
    account: ClassVar[Account] = "weights"
    plain: ClassVar[bool] = True

    @classmethod
    def advice(cls, field: str, value: Any) -> Advice | None:
        if field == "padding" and type(value) is int and 0 <= value <= 1024:
            return f'"pad": {[value] * 4} in its place for an image, or {[value] * 2} for a sequence'
        return super().advice(field, value)

    @property
    def output_activation(self) -> Activation:
        return self.activation

    def extents(self, shape: Shape) -> tuple[Shape, Shape, Shape]:
        """Size, stride and dilation along every axis of positions of that shape."""
        axes = len(shape) - 1
        size, stride, dilation = (tuple(one) * (axes // len(one)) for one in (self.size, self.stride, self.dilation))
        return size, stride, dilation

    def windows(self, shape: Shape) -> Windows:
        """Where the kernel lies on inputs of that shape."""
        padding = self.padding.value if self.pad is None else self.pad
        return Windows.of(shape[:-1], *self.extents(shape), padding)

    def check(self, path: str, shape: Shape) -> None:
        """Incompatible where the kernel has not the axes of positions of that shape, or does not fit."""
        axes = len(shape) - 1
        if axes not in (1, 2):
            raise Incompatible(
                "A kernel slides over a sequence (steps, features) or an image (height, width, channels); "
                f"here comes {list(shape)}. {way_to_positions(shape)}",
                pointer=path,
                shape=list(shape),
            )
        for name in ("size", "stride", "dilation"):
            check_positions(f"{path}/{name}", name, shape, len(getattr(self, name)), 1)
        if self.pad is not None:
            check_positions(f"{path}/pad", "pad", shape, len(self.pad), 2)
        windows = self.windows(shape)
        for axis, count in enumerate(windows.out):
            if count < 1:
                reach, room = windows.reach[axis], windows.positions[axis] + sum(windows.pads[axis])
                raise Incompatible(
                    f"The kernel reaches over {reach} positions, and along this axis of {list(shape)} there are {room} "
                    'with their padding. Take a smaller size or dilation, or "padding": "same".',
                    pointer=f"{path}/size",
                    reach=reach,
                    limit=room,
                )

    def products(self, shape: Shape) -> float:
        products = sum(one.size for one in self.parameters(shape)) * self.windows(shape).count
        return float(products + _PRODUCTS_PER_COPY * self._copied(shape))

    def scratch(self, shape: Shape) -> int:
        return 2 * self._copied(shape)

    def copies(self, shape: Shape) -> int:
        return self._copied(shape)

    def _copied(self, shape: Shape) -> int:
        """Entries of all windows of one sample, where they are copied."""
        windows = self.windows(shape)
        return 0 if windows.single else windows.count * prod(windows.size) * shape[-1]


class Convolution(Kernel):
    """activation(x * W + b): a kernel slides over the steps of a sequence or the pixels of an image."""

    kind: Literal["convolution"] = "convolution"
    aliases: ClassVar[Collection[str]] = ("conv", "Conv1d", "Conv2d", "Convolution1D", "Convolution2D")
    misnamed: ClassVar[Mapping[str, Advice]] = {
        "kernel_size": {"size": [3]},
        "kernel": {"size": [3]},
        "out_channels": {"filters": 16},
        "strides": {"stride": [2]},
        "dilation_rate": {"dilation": [2]},
    }
    needs: ClassVar[Mapping[str, Any]] = {"filters": 16, "size": [3]}
    filters: Annotated[Int64, Field(ge=1, le=WIDEST)]
    """How many channels come out."""
    groups: Annotated[Int64, Field(ge=1, le=WIDEST)] = 1
    """In how many groups the channels are: each sees its own alone."""

    shape_in: ClassVar[str] = "(steps, channels) or (height, width, channels)"
    shape_out: ClassVar[str] = (
        "(positions, filters), positions = floor((n + pads - dilation * (size - 1) - 1) / stride) + 1 of every axis n"
    )
    definition: ClassVar[str] = "z[p, j] = sum over k, i of W[k, i, j] * x[stride * p + dilation * k, i] + b[j]"
    source: ClassVar[str] = "LeCun et al. 1989; shapes as in TensorFlow, channels last."

    def copies(self, shape: Shape) -> int:
        return 0

    def out(self, path: str, shape: Shape, inside: Sequence[Shape]) -> Shape:
        self.check(path, shape)
        for name, count in (("the channels that come in", shape[-1]), ("the filters", self.filters)):
            if count % self.groups:
                fitting = gcd(shape[-1], self.filters)
                raise Incompatible(
                    f"{self.groups} groups do not divide {name}, {count}; the divisors of {fitting} divide both.",
                    pointer=f"{path}/groups",
                    groups=self.groups,
                    limit=fitting,
                )
        return (*self.windows(shape).out, self.filters)

    def parameters(self, shape: Shape) -> list[Parameter]:
        taps = prod(self.windows(shape).size)
        fan_in, fan_out = taps * shape[-1] // self.groups, taps * self.filters // self.groups
        kernel = (*self.windows(shape).size, shape[-1] // self.groups, self.filters)
        return [
            Parameter("weights", kernel, fan_in, fan_out, self.weights),
            *bias_of("bias", (self.filters,), fan_in, fan_out, self.bias),
        ]

    def apply(self, arrays: Sequence[Array], x: Array) -> tuple[Array, Saved]:
        weights, *bias = arrays
        windows = self.windows(x.shape[2:])
        pairs = zip(self._columns(x, windows), self._kernels(weights), strict=True)
        z = _joined([product(one, w) for one, w in pairs])
        if bias and bias[0].any():
            z = z + bias[0]
        return z.reshape(z.shape[0], x.shape[1], *windows.out, self.filters), (x, windows)

    def vjp(self, arrays: Sequence[Array], saved: Saved, dy: Array) -> Vjp:
        x, windows = saved
        rows = dy.reshape(dy.shape[0], -1, self.filters)
        parts = self._parts(rows)

        def dx() -> Array:
            found = (product(part, transposed(w)) for part, w in zip(parts, self._kernels(arrays[0]), strict=True))
            shape = (dy.shape[1], *windows.out, *windows.size, -1)
            added = [windows.add(one.reshape(one.shape[0], *shape)) for one in found]
            return added[0] if len(added) == 1 else np.concatenate(added, axis=-1)

        def gradient(name: str) -> Array:
            if name == "bias":
                return rows.sum(axis=-2, keepdims=True)
            columns = self._columns(x, windows)  # made anew: kept, they would be most of the memory
            whole = _joined([product(transposed(one), part) for one, part in zip(columns, parts, strict=True)])
            return whole.reshape(whole.shape[0], *windows.size, -1, self.filters)

        return dx, gradient

    def gram(self, saved: Saved, dy: Array) -> tuple[Array, Array] | None:
        x, windows = saved
        if self.groups > 1:
            return None
        rows, taps = x.shape[1] * windows.count, prod(windows.size) * x.shape[-1]
        if not worth_a_gram(rows, taps, self.filters):
            return None
        (columns,), deltas = self._columns(x, windows), dy.reshape(dy.shape[0], rows, self.filters)
        return columns @ transposed(columns), deltas @ transposed(deltas)

    def _columns(self, x: Array, windows: Windows) -> Iterator[Array]:
        """The windows of `x` as rows of each group, (trials, rows, taps · channels)."""
        for part in self._parts(x):
            taken = windows.take(part)
            yield taken.reshape(taken.shape[0], taken.shape[1] * windows.count, -1)

    def _parts(self, x: Array) -> list[Array]:
        """`x`, (…, channels), as one array for each group, each by itself in memory."""
        return [x] if self.groups == 1 else [np.ascontiguousarray(one) for one in np.split(x, self.groups, axis=-1)]

    def _kernels(self, weights: Array) -> list[Array]:
        """The weights of every group, (trials, taps · channels, filters / groups)."""
        filters = np.split(weights, self.groups, axis=-1)
        return [one.reshape(one.shape[0], -1, one.shape[-1]) for one in filters]


def _joined(parts: list[Array]) -> Array:
    """All groups, (trials, rows, filters / groups) each, along the last axis."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)
