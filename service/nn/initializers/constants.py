"""Initialisers that fill with one number, and the one that there is nothing to fill for."""

from collections.abc import Collection, Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from service.core.arrays import Array, Shape
from service.core.kinds import BoundedFloat, Kind
from service.nn.initializers.base import Initializer
from service.nn.randomness import Stream

_LARGEST_SHOWN = 1000.0


class Zeros(Initializer):
    """0 everywhere: right for a bias, fatal for weights, which then pass no gradient at all."""

    kind: Literal["zeros"] = "zeros"
    aliases: ClassVar[Collection[str]] = ("zero",)

    definition: ClassVar[str] = "0"
    source: ClassVar[str] = "The usual bias."
    random: ClassVar[bool] = False

    def variance(self, fan_in: int, fan_out: int) -> float | None:
        return 0.0

    def draw(self, shape: Shape, fan_in: int, fan_out: int, stream: Stream) -> Array:
        return np.zeros((1, *shape))


class Ones(Initializer):
    """1 everywhere: all units of a layer are the same unit."""

    kind: Literal["ones"] = "ones"
    aliases: ClassVar[Collection[str]] = ("one",)

    definition: ClassVar[str] = "1"
    source: ClassVar[str] = "The usual gain of a normalisation."
    random: ClassVar[bool] = False

    def draw(self, shape: Shape, fan_in: int, fan_out: int, stream: Stream) -> Array:
        return np.ones((1, *shape))


class Constant(Initializer):
    """`value` everywhere: all units of a layer are the same unit."""

    kind: Literal["constant"] = "constant"
    needs: ClassVar[Mapping[str, Any]] = {"value": 0.01}
    value: BoundedFloat
    """The value of every entry."""

    definition: ClassVar[str] = "value"

    @classmethod
    def shorthand(cls, value: Any) -> Mapping[str, Any] | None:
        known = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST_SHOWN
        return {"value": value} if known else None

    source: ClassVar[str] = "A bias that starts away from zero."
    random: ClassVar[bool] = False

    def variance(self, fan_in: int, fan_out: int) -> float | None:
        return 0.0 if self.value == 0.0 else None

    def draw(self, shape: Shape, fan_in: int, fan_out: int, stream: Stream) -> Array:
        return np.full((1, *shape), self.value)


class NoBias(Kind):
    """None at all: the layer has no such parameter, as with `bias=False` in PyTorch."""

    kind: Literal["none"] = "none"

    @classmethod
    def shorthand(cls, value: Any) -> Mapping[str, Any] | None:
        return {} if value is False else None

    def variance(self, fan_in: int, fan_out: int) -> float:
        """0, as of a bias that is 0 everywhere."""
        return 0.0
