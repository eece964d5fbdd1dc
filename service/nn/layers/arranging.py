"""Layers that move numbers and compute none: flatten, reshape, padding, cropping, upsampling."""

from collections.abc import Collection, Mapping, Sequence
from math import prod
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from service.core.arrays import Array, Shape
from service.core.errors import Incompatible
from service.core.kinds import Int64
from service.nn.layers.base import Node, Saved, Vjp
from service.nn.shapes import MOST_TIMES, WIDEST, way_to_positions

_PLAIN_NUMBERS = Annotated[list[Annotated[Int64, Field(ge=0, le=1024)]], Field(min_length=1, max_length=4)]


class _Arranging(Node):
    """Passes on what comes in, in another order."""

    plain: ClassVar[bool] = True


class Flatten(_Arranging):
    """All numbers of a sample as one vector, the last axis varying fastest."""

    kind: Literal["flatten"] = "flatten"
    aliases: ClassVar[Collection[str]] = ("ravel",)

    shape_in: ClassVar[str] = "any"
    shape_out: ClassVar[str] = "(product of all axes,)"
    source: ClassVar[str] = "torch.nn.Flatten and keras.layers.Flatten, channels last."
    definition: ClassVar[str] = "y = x, as a vector"

    def out(self, path: str, shape: Shape, inside: Sequence[Shape]) -> Shape:
        return (prod(shape),)

    def apply(self, arrays: Sequence[Array], x: Array) -> tuple[Array, Saved]:
        return x.reshape(*x.shape[:2], -1), x.shape[2:]

    def vjp(self, arrays: Sequence[Array], saved: Saved, dy: Array) -> Vjp:
        return lambda: dy.reshape(*dy.shape[:2], *saved), lambda _: dy


class Reshape(_Arranging):
    """The numbers of a sample in another shape, the last axis varying fastest."""

    kind: Literal["reshape"] = "reshape"
    aliases: ClassVar[Collection[str]] = ("Unflatten", "view")
    needs: ClassVar[Mapping[str, Any]] = {"shape": [4, 4]}
    shape: Annotated[list[Annotated[Int64, Field(ge=1, le=WIDEST)]], Field(min_length=1, max_length=3)]
    """The shape of one sample: (features,), (steps, features) or (height, width, channels)."""

    shape_in: ClassVar[str] = "any of as many numbers"
    shape_out: ClassVar[str] = "shape"
    source: ClassVar[str] = "keras.layers.Reshape."
    definition: ClassVar[str] = "y = x, in another shape"

    def out(self, path: str, shape: Shape, inside: Sequence[Shape]) -> Shape:
        if prod(self.shape) != prod(shape):
            raise Incompatible(
                f"{list(shape)} has {prod(shape)} numbers and {self.shape} has {prod(self.shape)}; "
                f"both need the same number, as [{prod(shape)}] has.",
                pointer=f"{path}/shape",
                shape=list(shape),
            )
        return tuple(self.shape)

    def apply(self, arrays: Sequence[Array], x: Array) -> tuple[Array, Saved]:
        return x.reshape(*x.shape[:2], *self.shape), x.shape[2:]

    def vjp(self, arrays: Sequence[Array], saved: Saved, dy: Array) -> Vjp:
        return lambda: dy.reshape(*dy.shape[:2], *saved), lambda _: dy


class PaddingLayer(_Arranging):
    """Zeros around the positions."""

    kind: Literal["padding"] = "padding"
    aliases: ClassVar[Collection[str]] = (
        "ZeroPadding1D",
        "ZeroPadding2D",
        "ZeroPad1d",
        "ZeroPad2d",
        "ConstantPad2d",
        "zero_padding",
    )
    needs: ClassVar[Mapping[str, Any]] = {"pad": [1, 1]}
    pad: _PLAIN_NUMBERS
    """How many zeros before and after the first axis, and the second."""

    shape_in: ClassVar[str] = "(steps, channels) or (height, width, channels)"
    shape_out: ClassVar[str] = "(n + before + after of every axis n, channels)"
    source: ClassVar[str] = "keras.layers.ZeroPadding2D; torch.nn.ZeroPad2d."
    definition: ClassVar[str] = "y = x between zeros"

    def out(self, path: str, shape: Shape, inside: Sequence[Shape]) -> Shape:
        check_positions(f"{path}/pad", "padding", shape, len(self.pad), 2)
        return (*(length + sum(pair) for length, pair in zip(shape[:-1], pairs(self.pad), strict=True)), shape[-1])

    def apply(self, arrays: Sequence[Array], x: Array) -> tuple[Array, Saved]:
        return np.pad(x, [(0, 0), (0, 0), *pairs(self.pad), (0, 0)]), None

    def vjp(self, arrays: Sequence[Array], saved: Saved, dy: Array) -> Vjp:
        return lambda: dy[inner(self.pad, dy.shape[2:])], lambda _: dy


class Cropping(_Arranging):
    """The positions without their edges."""

    kind: Literal["cropping"] = "cropping"
    aliases: ClassVar[Collection[str]] = ("Cropping1D", "Cropping2D", "crop")
    needs: ClassVar[Mapping[str, Any]] = {"crop": [1, 1]}
    crop: _PLAIN_NUMBERS
    """How many positions to drop before and after along the first axis, and the second."""

    shape_in: ClassVar[str] = "(steps, channels) or (height, width, channels)"
    shape_out: ClassVar[str] = "(n - before - after of every axis n, channels)"
    source: ClassVar[str] = "keras.layers.Cropping2D."
    definition: ClassVar[str] = "y = x without its edges"

    def out(self, path: str, shape: Shape, inside: Sequence[Shape]) -> Shape:
        check_positions(f"{path}/crop", "cropping", shape, len(self.crop), 2)
        left = [length - sum(pair) for length, pair in zip(shape[:-1], pairs(self.crop), strict=True)]
        if min(left) < 1:
            raise Incompatible(
                f"Of {list(shape)} nothing would be left; crop fewer positions of every axis than there are.",
                pointer=f"{path}/crop",
                shape=list(shape),
            )
        return (*left, shape[-1])

    def apply(self, arrays: Sequence[Array], x: Array) -> tuple[Array, Saved]:
        return x[inner(self.crop, x.shape[2:])], None

    def vjp(self, arrays: Sequence[Array], saved: Saved, dy: Array) -> Vjp:
        return lambda: np.pad(dy, [(0, 0), (0, 0), *pairs(self.crop), (0, 0)]), lambda _: dy


class Upsampling(_Arranging):
    """Every position several times: the nearest neighbour."""

    kind: Literal["upsampling"] = "upsampling"
    aliases: ClassVar[Collection[str]] = (
        "Upsample",
        "UpSampling1D",
        "UpSampling2D",
        "UpsamplingNearest2d",
        "nearest_neighbour",
    )
    needs: ClassVar[Mapping[str, Any]] = {"size": [2]}
    size: Annotated[list[Annotated[Int64, Field(ge=1, le=MOST_TIMES)]], Field(min_length=1, max_length=2)]
    """How often along every axis of positions; one number stands for all."""

    shape_in: ClassVar[str] = "(steps, channels) or (height, width, channels)"
    shape_out: ClassVar[str] = "(n * size of every axis n, channels)"
    source: ClassVar[str] = "torch.nn.Upsample and keras.layers.UpSampling2D, the nearest neighbour."
    definition: ClassVar[str] = "y[p] = x[p // size]"

    def out(self, path: str, shape: Shape, inside: Sequence[Shape]) -> Shape:
        check_positions(f"{path}/size", "upsampling", shape, len(self.size), 1)
        return (
            *(length * times for length, times in zip(shape[:-1], self._sizes(len(shape) - 1), strict=True)),
            shape[-1],
        )

    def apply(self, arrays: Sequence[Array], x: Array) -> tuple[Array, Saved]:
        for axis, times in enumerate(self._sizes(x.ndim - 3)):
            x = np.repeat(x, times, axis=2 + axis)
        return x, None

    def vjp(self, arrays: Sequence[Array], saved: Saved, dy: Array) -> Vjp:
        def dx() -> Array:
            found = dy
            for axis, times in enumerate(self._sizes(dy.ndim - 3)):
                shape = found.shape
                parted = (*shape[: 2 + axis], shape[2 + axis] // times, times, *shape[3 + axis :])
                found = found.reshape(parted).sum(axis=3 + axis)
            return found

        return dx, lambda _: dy

    def _sizes(self, axes: int) -> list[int]:
        """How often along each of so many axes."""
        return self.size * (axes // len(self.size))


def pairs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Before and after, of every axis."""
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def inner(numbers: Sequence[int], shape: Shape) -> tuple[slice, ...]:
    """The place inside (trials, samples, *shape) without so many positions before and after on every axis."""
    axes = zip(pairs(numbers), shape, strict=False)
    return (slice(None), slice(None), *(slice(before, length - after) for (before, after), length in axes))


def check_positions(pointer: str, what: str, shape: Shape, count: int, each: int) -> None:
    """Incompatible where there are no positions, or not `each` numbers, or one that stands for all, of every axis."""
    axes = len(shape) - 1
    if axes < 1:
        raise Incompatible(
            f"For {what} there must be positions: a sequence (steps, features) or an image (height, width, channels); "
            f"here comes {list(shape)}. {way_to_positions(shape)}",
            pointer=pointer,
            shape=list(shape),
        )
    if count not in ({1, axes} if each == 1 else {each * axes}):
        raise Incompatible(
            f"{count} numbers are given; {list(shape)} has {axes} axes of positions and needs {each * axes}"
            f"{', before and after each' if each > 1 else ', or one for all'}.",
            pointer=pointer,
            shape=list(shape),
        )
