"""Dropout."""

from collections.abc import Collection, Mapping, Sequence
from math import prod
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from service.core.arrays import Array, Shape
from service.core.kinds import Advice, Double
from service.nn.initializers import Initializer
from service.nn.layers.base import Node, Parameter, Saved, Vjp
from service.nn.randomness import Stream


class _Mask(Initializer):
    """0 with probability `rate`, 1 / (1 − rate) otherwise."""

    rate: Double

    def draw(self, shape: Shape, fan_in: int, fan_out: int, stream: Stream) -> Array:
        return np.where(stream.uniform(shape) < self.rate, 0.0, 1.0 / (1.0 - self.rate))


def mask_of(shape: Shape, rate: float) -> Parameter:
    """A mask of that shape for each sample, which what is dropped is multiplied by."""
    return Parameter("mask", shape, shape[-1], shape[-1], _Mask(kind="mask", rate=rate), per_sample=True)


class Dropout(Node):
    """x with every entry set to 0 with probability `rate` and the others divided by 1 − rate, drawn for each sample."""

    kind: Literal["dropout"] = "dropout"
    aliases: ClassVar[Collection[str]] = ("AlphaDropout", "Dropout1d", "Dropout2d", "SpatialDropout2D")
    misnamed: ClassVar[Mapping[str, Advice]] = {"p": {"rate": 0.5}, "prob": {"rate": 0.5}, "keep_prob": {"rate": 0.5}}
    needs: ClassVar[Mapping[str, Any]] = {"rate": 0.5}
    rate: Annotated[Double, Field(ge=0, lt=1)]
    """The probability that an entry is dropped."""

    plain: ClassVar[bool] = True
    shape_in: ClassVar[str] = "(…, features)"
    shape_out: ClassVar[str] = "(…, features)"
    definition: ClassVar[str] = "y_j = x_j * m_j / (1 - rate), m_j = 0 with probability rate, else 1"
    source: ClassVar[str] = "Srivastava et al. 2014, inverted as frameworks have it; in training mode."

    def out(self, path: str, shape: Shape, inside: Sequence[Shape]) -> Shape:
        return shape

    def parameters(self, shape: Shape) -> list[Parameter]:
        return [mask_of(shape, self.rate)]

    def products(self, shape: Shape) -> float:
        return 0.0

    def copies(self, shape: Shape) -> int:
        return prod(shape)  # the mask

    def apply(self, arrays: Sequence[Array], x: Array) -> tuple[Array, Saved]:
        return x * arrays[0], None

    def vjp(self, arrays: Sequence[Array], saved: Saved, dy: Array) -> Vjp:
        return lambda: dy * arrays[0], lambda _: dy
