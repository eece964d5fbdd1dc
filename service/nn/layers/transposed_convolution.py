"""Transposed convolution: the way back of a convolution, which makes more positions."""

from collections.abc import Collection, Mapping, Sequence
from math import prod
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from service.core.arrays import Array, Shape, product, transposed
from service.core.errors import Incompatible
from service.core.kinds import Int64
from service.nn.layers.arranging import pairs
from service.nn.layers.base import Parameter, Saved, Vjp, along_channels, bias_of, over_positions
from service.nn.layers.convolution import Kernel, Padding
from service.nn.shapes import WIDEST
from service.nn.windows import Windows


class TransposedConvolution(Kernel):
    """activation(x *ᵀ W + b): every position puts its kernel onto the positions that come out."""

    kind: Literal["transposed_convolution"] = "transposed_convolution"
    aliases: ClassVar[Collection[str]] = (
        "ConvTranspose1d",
        "ConvTranspose2d",
        "Conv2DTranspose",
        "Conv1DTranspose",
        "deconvolution",
        "deconv",
    )
    needs: ClassVar[Mapping[str, Any]] = {"filters": 16, "size": [3]}
    filters: Annotated[Int64, Field(ge=1, le=WIDEST)]
    """How many channels come out."""

    shape_in: ClassVar[str] = "(steps, channels) or (height, width, channels)"
    shape_out: ClassVar[str] = (
        "(positions, filters), positions = (n - 1) * stride + dilation * (size - 1) + 1 - pads of every axis n, "
        "or n * stride where padding is same"
    )
    definition: ClassVar[str] = "z[stride * p + dilation * k, j] += sum over i of W[k, i, j] * x[p, i], then + b[j]"
    source: ClassVar[str] = "Zeiler et al. 2010; shapes as in Keras, padding cuts the positions that come out."

    def windows(self, shape: Shape) -> Windows:
        """Where the kernels of the positions that come in lie on those that come out."""
        size, stride, dilation = self.extents(shape)
        reach = [(one - 1) * apart + 1 for one, apart in zip(size, dilation, strict=True)]
        positions = tuple(n * step for n, step in zip(shape[:-1], stride, strict=True))
        cut: str | list[int] = self.padding.value
        if self.pad is not None or self.padding is Padding.VALID:
            cut = self.pad or [0] * (2 * len(size))
            whole = [n - step + width for n, step, width in zip(positions, stride, reach, strict=True)]
            positions = tuple(n - before - after for n, (before, after) in zip(whole, pairs(cut), strict=True))
        elif self.padding is Padding.CAUSAL:  # what a position makes begins where it is itself
            cut = [n for step, width in zip(stride, reach, strict=True) for n in (0, max(width - step, 0))]
        return Windows.of(positions, size, stride, dilation, cut)

    def out(self, path: str, shape: Shape, inside: Sequence[Shape]) -> Shape:
        self.check(path, shape)
        positions = self.windows(shape).positions
        if min(positions) < 1:
            raise Incompatible(
                f"Of what {list(shape)} becomes, pad cuts all positions off; cut fewer.",
                pointer=f"{path}/pad",
                shape=list(shape),
            )
        return (*positions, self.filters)

    def parameters(self, shape: Shape) -> list[Parameter]:
        size, channels = self.extents(shape)[0], shape[-1]
        fan_in, fan_out = prod(size) * self.filters, prod(size) * channels
        return [
            Parameter("weights", (*size, channels, self.filters), fan_in, fan_out, self.weights),
            *bias_of("bias", (self.filters,), fan_in, fan_out, self.bias),
        ]

    def copies(self, shape: Shape) -> int:
        windows = self.windows(shape)
        return 2 * windows.count * prod(windows.size) * self.filters

    def apply(self, arrays: Sequence[Array], x: Array) -> tuple[Array, Saved]:
        windows = self.windows(x.shape[2:])
        rows = x.reshape(x.shape[0], -1, x.shape[-1])
        put = product(rows, self._kernel(arrays[0]))
        z = windows.add(put.reshape(put.shape[0], x.shape[1], *windows.out, *windows.size, self.filters))
        return sum((along_channels(bias, z) for bias in arrays[1:]), z), (rows, windows)

    def vjp(self, arrays: Sequence[Array], saved: Saved, dy: Array) -> Vjp:
        rows, windows = saved
        taken = windows.take(dy).reshape(dy.shape[0], rows.shape[1], -1)

        def dx() -> Array:
            found = product(taken, transposed(self._kernel(arrays[0])))
            return found.reshape(found.shape[0], dy.shape[1], *windows.out, -1)

        def gradient(name: str) -> Array:
            if name == "bias":
                return over_positions(dy)
            found = product(transposed(rows), taken)  # (trials, channels, taps · filters)
            parted = found.reshape(found.shape[0], rows.shape[-1], prod(windows.size), self.filters)
            return parted.swapaxes(1, 2).reshape(found.shape[0], *windows.size, rows.shape[-1], self.filters)

        return dx, gradient

    def _kernel(self, weights: Array) -> Array:
        """The weights, (trials, channels, taps · filters)."""
        flat = weights.reshape(weights.shape[0], -1, *weights.shape[-2:]).swapaxes(1, 2)
        return flat.reshape(flat.shape[0], flat.shape[1], -1)
