"""Convolution over one axis of positions or two."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from math import gcd, prod
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from service.core.arrays import Array, Shape, transposed
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
from service.nn.windows import Windows, of_trials

_TIMES_AS_MANY_ROWS = 4
"""With so many rows for each filter, it takes less to turn a kernel around than to add what overlapping windows say."""
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
        z = _convolved(windows, zip(self._parts(x), self._kernels(weights), strict=True))
        if bias and bias[0].any():
            z = np.add(z, bias[0], out=z if len(bias[0]) <= len(z) else None)
        return z.reshape(z.shape[0], x.shape[1], *windows.out, self.filters), (x, windows)

    def vjp(self, arrays: Sequence[Array], saved: Saved, dy: Array) -> Vjp:
        x, windows = saved
        rows = dy.reshape(dy.shape[0], -1, self.filters)

        def dx() -> Array:
            back = windows.back if _TIMES_AS_MANY_ROWS * self.filters <= rows.shape[1] else None
            kernels = self._kernels(arrays[0])
            if back is not None and not windows.single:
                flipped = (self._flipped(one, windows) for one in kernels)
                found = _convolved(back, zip(self._parts(dy), flipped, strict=True))
                return found.reshape(found.shape[0], *x.shape[1:])
            pairs = zip(self._parts(rows), kernels, strict=True)
            added = [windows.added(part, transposed(w)) for part, w in pairs]
            return added[0] if len(added) == 1 else np.concatenate(added, axis=-1)

        def gradient(name: str) -> Array:
            if name == "bias":
                return rows.sum(axis=-2, keepdims=True)
            pairs = zip(self._parts(x), self._parts(rows), strict=True)
            found = [_weights_gradient(windows, part, delta) for part, delta in pairs]
            whole = found[0] if len(found) == 1 else np.concatenate(found, axis=-1)
            return whole.reshape(whole.shape[0], *windows.size, -1, self.filters)

        return dx, gradient

    def gram(self, saved: Saved, dy: Array) -> tuple[Array, Array] | None:
        x, windows = saved
        if self.groups > 1:
            return None
        rows, taps = x.shape[1] * windows.count, prod(windows.size) * x.shape[-1]
        if not worth_a_gram(rows, taps, self.filters):
            return None
        columns = windows.take(x).reshape(x.shape[0], rows, taps)
        deltas = dy.reshape(dy.shape[0], rows, self.filters)
        return columns @ transposed(columns), deltas @ transposed(deltas)

    def _parts(self, values: Array) -> list[Array]:
        """`values`, (…, channels), as one view for each group."""
        return [values] if self.groups == 1 else np.split(values, self.groups, axis=-1)

    def _kernels(self, weights: Array) -> list[Array]:
        """The weights of every group, (trials, taps · channels, filters / groups)."""
        return [one.reshape(one.shape[0], -1, one.shape[-1]) for one in self._parts(weights)]

    def _flipped(self, kernel: Array, windows: Windows) -> Array:
        """A kernel, (trials, taps · channels, filters), as that of the way back, (trials, taps · filters, channels)."""
        parted = kernel.reshape(len(kernel), prod(windows.size), -1, kernel.shape[-1])
        return parted[:, ::-1].swapaxes(2, 3).reshape(len(kernel), -1, parted.shape[2])


def _convolved(windows: Windows, parts: Iterable[tuple[Array, Array]]) -> Array:
    """The windows of each signal times its kernel, side by side, (trials, rows, filters).

    Signals are (trials, samples, *positions, channels), and kernels (trials, taps · channels, filters).
    """
    found = []
    for x, kernel in parts:
        z = np.empty((max(len(x), len(kernel)), x.shape[1] * windows.count, kernel.shape[-1]), x.dtype)
        for (trials, rows), columns in windows.columns(x):
            here = trials if len(x) > 1 else slice(None)
            np.matmul(columns, of_trials(kernel, here), out=z[here, rows])
        found.append(z)
    return found[0] if len(found) == 1 else np.concatenate(found, axis=-1)


def _weights_gradient(windows: Windows, x: Array, delta: Array) -> Array:
    """(trials, taps · channels, filters), from ∂e/∂z, (trials, rows, filters)."""
    shape = (max(len(x), len(delta)), prod(windows.size) * x.shape[-1], delta.shape[-1])
    total = np.zeros(shape, x.dtype)
    for (trials, rows), columns in windows.columns(x):
        here = trials if len(x) > 1 else slice(None)
        total[here] += transposed(columns) @ of_trials(delta, here)[:, rows]
    return total
