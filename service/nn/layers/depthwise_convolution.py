"""Depthwise convolution: every channel by itself."""

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from math import prod
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from service.core.arrays import Array, Shape
from service.core.kinds import Int64
from service.nn.layers.base import Parameter, Saved, Vjp, along_channels, bias_of, over_positions
from service.nn.layers.convolution import Kernel


class Fans(StrEnum):
    """What counts as going into a unit."""

    CHANNEL = "channel"
    ALL = "all"


class DepthwiseConvolution(Kernel):
    """activation(x * W + b): `multiplier` kernels slide over each channel by itself."""

    kind: Literal["depthwise_convolution"] = "depthwise_convolution"
    aliases: ClassVar[Collection[str]] = ("DepthwiseConv1D", "DepthwiseConv2D", "depthwise")
    needs: ClassVar[Mapping[str, Any]] = {"size": [3]}
    multiplier: Annotated[Int64, Field(ge=1, le=1024)] = 1
    """How many channels come out for each that comes in."""

    fans: Fans = Fans.CHANNEL
    """How fans are counted: of a channel's own kernels, or, as Keras does, of all channels."""

    left_open: ClassVar[Collection[str]] = ("weights", "bias", "fans")
    shape_in: ClassVar[str] = "(steps, channels) or (height, width, channels)"
    shape_out: ClassVar[str] = "(positions, multiplier * channels), positions as of a convolution"
    definition: ClassVar[str] = "z[p, i * multiplier + j] = sum over k of W[k, i, j] * x[stride * p + k, i] + b"
    source: ClassVar[str] = "Sifre 2014, Howard et al. 2017; a convolution with as many groups as channels."

    def out(self, path: str, shape: Shape, inside: Sequence[Shape]) -> Shape:
        self.check(path, shape)
        return (*self.windows(shape).out, shape[-1] * self.multiplier)

    def parameters(self, shape: Shape) -> list[Parameter]:
        size, channels = self.extents(shape)[0], shape[-1]
        fan_in, fan_out = prod(size), prod(size) * self.multiplier
        fan_in *= channels if self.fans is Fans.ALL else 1
        return [
            Parameter("weights", (*size, channels, self.multiplier), fan_in, fan_out, self.weights),
            *bias_of("bias", (channels * self.multiplier,), fan_in, fan_out, self.bias),
        ]

    def apply(self, arrays: Sequence[Array], x: Array) -> tuple[Array, Saved]:
        windows = self.windows(x.shape[2:])
        taken = windows.take(x).reshape(x.shape[0], x.shape[1] * windows.count, -1, x.shape[-1])
        z = np.einsum("tnkc,tkcm->tncm", taken, self._kernel(arrays[0]))
        z = z.reshape(z.shape[0], x.shape[1], *windows.out, -1)
        return sum((along_channels(bias, z) for bias in arrays[1:]), z), (taken, windows)

    def vjp(self, arrays: Sequence[Array], saved: Saved, dy: Array) -> Vjp:
        taken, windows = saved
        rows = dy.reshape(dy.shape[0], taken.shape[1], taken.shape[-1], self.multiplier)

        def dx() -> Array:
            found = np.einsum("tncm,tkcm->tnkc", rows, self._kernel(arrays[0]))
            return windows.add(found.reshape(*dy.shape[:2], *windows.out, *windows.size, taken.shape[-1]))

        def gradient(name: str) -> Array:
            if name == "bias":
                return over_positions(dy)
            found = np.einsum("tnkc,tncm->tkcm", taken, rows)
            return found.reshape(found.shape[0], *windows.size, *found.shape[2:])

        return dx, gradient

    def _kernel(self, weights: Array) -> Array:
        """The weights, (trials, taps, channels, multiplier)."""
        return weights.reshape(weights.shape[0], -1, *weights.shape[-2:])
