"""The family of shapes that one sample of the inputs may have; the last axis is that of features or channels."""

import json
from abc import abstractmethod
from collections.abc import Collection, Mapping
from math import prod
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from service.core.arrays import Shape
from service.core.kinds import Int64, Kind, one_of

WIDEST = 1 << 20
"""The most features, channels or steps that a signal has."""
LARGEST_SIGNAL = 1 << 26
"""The most numbers that one sample of a signal has."""

_Extent = Annotated[Int64, Field(ge=1, le=WIDEST)]


class InputShape(Kind):
    """What one sample of the inputs looks like."""

    definition: ClassVar[str]
    """The shape, as a tuple of its fields."""

    @classmethod
    def shorthand(cls, value: Any) -> Mapping[str, Any] | None:
        names = [name for name in cls.model_fields if name != "kind"]
        numbers = value if isinstance(value, list) else [value]
        known = cls.needs.keys() == set(names) and len(numbers) == len(names) and "vocabulary" not in names
        return dict(zip(names, numbers, strict=True)) if known and all(type(one) is int for one in numbers) else None

    @property
    @abstractmethod
    def shape(self) -> Shape:
        """The shape of one sample."""

    @property
    def size(self) -> int:
        """How many numbers one sample has."""
        return prod(self.shape)


class FeaturesShape(InputShape):
    """A vector of features; `features` beside `layers` is short for it."""

    kind: Literal["features"] = "features"
    aliases: ClassVar[Collection[str]] = ("vector", "tabular", "flat")
    needs: ClassVar[Mapping[str, Any]] = {"features": 784}
    features: _Extent
    """How many features there are."""

    definition: ClassVar[str] = "(features,)"

    @property
    def shape(self) -> Shape:
        return (self.features,)


class SequenceShape(InputShape):
    """A vector of features at every step: a time series, or tokens that are embedded already."""

    kind: Literal["sequence"] = "sequence"
    aliases: ClassVar[Collection[str]] = ("time_series", "series")
    needs: ClassVar[Mapping[str, Any]] = {"steps": 50, "features": 16}
    steps: _Extent
    """How many steps there are."""
    features: _Extent
    """How many features a step has."""

    definition: ClassVar[str] = "(steps, features)"

    @property
    def shape(self) -> Shape:
        return (self.steps, self.features)


class ImageShape(InputShape):
    """An image, its channels last."""

    kind: Literal["image"] = "image"
    aliases: ClassVar[Collection[str]] = ("picture", "img", "pixels")
    needs: ClassVar[Mapping[str, Any]] = {"height": 28, "width": 28, "channels": 1}
    height: _Extent
    """Rows of pixels."""
    width: _Extent
    """Columns of pixels."""
    channels: _Extent
    """Channels of a pixel."""

    definition: ClassVar[str] = "(height, width, channels)"

    @property
    def shape(self) -> Shape:
        return (self.height, self.width, self.channels)


class TokensShape(InputShape):
    """The index of a token at every step, for an embedding to begin with."""

    kind: Literal["tokens"] = "tokens"
    aliases: ClassVar[Collection[str]] = ("text", "token_ids", "words")
    needs: ClassVar[Mapping[str, Any]] = {"steps": 64, "vocabulary": 1000}
    steps: _Extent
    """How many steps there are."""
    vocabulary: Annotated[Int64, Field(ge=1, le=WIDEST)]
    """How many tokens there are; indices are 0 to vocabulary − 1."""

    definition: ClassVar[str] = "(steps,)"

    @property
    def shape(self) -> Shape:
        return (self.steps,)


_LONGEST_STRIDE = 1024
MOST_TIMES = 256
"""How often an upsampling has a position along one axis, at most."""


def way_to_positions(shape: Shape) -> str:
    """What to do where a layer needs (steps, features) and gets something else, as a sentence."""
    arranged = [shape[0], 1] if len(shape) == 1 else [shape[0], prod(shape[1:])]
    front = json.dumps({"kind": "reshape", "shape": arranged})
    return f"Say what the inputs are with network.input, or put a reshape in front, such as {front}."


def layer_between(shape: Shape, wanted: Shape) -> str | None:
    """The layer that makes `wanted` of `shape` with the fewest weights, as JSON; None where no single one does.

    A vector of all channels, such as a gate's, needs a reshape in front of it.
    """
    if len(shape) == 1 and len(wanted) in (2, 3) and shape[0] == wanted[-1]:
        single = (*[1] * (len(wanted) - 1), shape[0])
        repeated = layer_between(single, wanted)
        return repeated and f"{json.dumps({'kind': 'reshape', 'shape': single})} and {repeated}"
    if len(shape) != len(wanted):
        return None
    if shape[:-1] == wanted[:-1]:
        return json.dumps({"kind": "dense", "units": wanted[-1]})
    times = [out // n for n, out in zip(shape[:-1], wanted[:-1], strict=True)]
    if wanted == (*(n * k for n, k in zip(shape[:-1], times, strict=True)), shape[-1]) and max(times) <= MOST_TIMES:
        return json.dumps({"kind": "upsampling", "size": _one_for_all(times)})
    strides = [_stride(n, out) for n, out in zip(shape[:-1], wanted[:-1], strict=True)]
    if None in strides:
        return None
    kernel = {"filters": wanted[-1], "size": [1], "stride": _one_for_all(strides)}
    return json.dumps({"kind": "convolution", **kernel})


def _one_for_all(numbers: list[Any]) -> list[Any]:
    return numbers[:1] if len(set(numbers)) == 1 else numbers


def _stride(length: int, wanted: int) -> int | None:
    """The stride at which a kernel of size 1 has `wanted` places on so many positions; None where there is none."""
    stride = -(-length // wanted)
    return stride if stride <= _LONGEST_STRIDE and (length - 1) // stride + 1 == wanted else None


if TYPE_CHECKING:
    AnyInputShape = InputShape
else:
    AnyInputShape = one_of("InputShape", InputShape)
