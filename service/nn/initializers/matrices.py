"""Initialisers that make a matrix as a whole."""

from collections.abc import Collection, Mapping
from math import ceil, prod
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from service.core.arrays import Array, Shape
from service.core.kinds import Fraction, Int64, NonNegative
from service.nn.initializers.base import Initializer
from service.nn.randomness import Stream
from service.nn.values import LONGEST, Rows, shape_of

_OPERATIONS_PER_QR = 6.0


class Identity(Initializer):
    """1 on the diagonal, 0 elsewhere; a layer that is not square passes or pads the leading features."""

    kind: Literal["identity"] = "identity"
    aliases: ClassVar[Collection[str]] = ("eye",)

    definition: ClassVar[str] = "w_ij = 1 if i = j else 0"
    source: ClassVar[str] = "Le, Jaitly & Hinton 2015."
    random: ClassVar[bool] = False

    def draw(self, shape: Shape, fan_in: int, fan_out: int, stream: Stream) -> Array:
        return np.eye(shape[0], shape[1])[None]


class ExplicitInitializer(Initializer):
    """The values themselves, whatever the seed: rows are inputs, columns are units; a bias is one row."""

    kind: Literal["explicit"] = "explicit"
    needs: ClassVar[Mapping[str, Any]] = {"values": [[0.5, -1.0], [1.0, 0.5]]}
    values: Rows
    """One row for each input, one column for each unit; a bias is one row, and so is a vector."""
    shape: Annotated[list[Annotated[Int64, Field(ge=1, le=65536)]], Field(min_length=1, max_length=4)] | None = None
    """The shape of the weights, such as [3, 3, 16, 32] of a kernel, where that is not the one of `values`.

    `values` are then all numbers in one list, or in rows, those along the last axis next to each other. In the
    answer it is null where the rows say it.
    """

    definition: ClassVar[str] = "w_ij = values[i][j]"
    source: ClassVar[str] = "The request."
    random: ClassVar[bool] = False

    @classmethod
    def shorthand(cls, value: Any) -> Mapping[str, Any] | None:
        return {} if isinstance(value, list) else None

    @model_validator(mode="after")
    def _as_many_as_the_shape_has(self) -> "ExplicitInitializer":
        count, room = prod(shape_of(self.values)), prod(self.shape or shape_of(self.values))
        if count != room:
            raise PydanticCustomError(
                "values_of_shape",
                "the shape {shape} has {room} entries, but there are {count} values; there must be one for each",
                {"shape": str(self.shape), "room": room, "count": count},
            )
        self._lay_out()
        return self

    def _lay_out(self) -> None:
        """Write the same values in one way only: rows along the last axis, and no shape that the rows say already."""
        shape = self.shape or shape_of(self.values)
        if len(self.values[0]) != shape[-1] and (rows := prod(shape[:-1])) <= LONGEST:
            vars(self)["values"] = np.reshape(self.values, (rows, shape[-1])).tolist()
        if len(shape) <= len(shape_of(self.values)):
            vars(self)["shape"] = None

    def draw(self, shape: Shape, fan_in: int, fan_out: int, stream: Stream) -> Array:
        return np.asarray(self.values, dtype=np.float64).reshape(1, *shape)

    def shape_of_values(self) -> Shape:
        return shape_of(self.values) if self.shape is None else tuple(self.shape)


class Orthogonal(Initializer):
    """`gain` times a random orthogonal matrix: every signal, forward and backward, is scaled by exactly `gain`.

    Where the layer is not square, the rows or the columns are orthonormal, whichever are fewer.
    """

    kind: Literal["orthogonal"] = "orthogonal"
    aliases: ClassVar[Collection[str]] = ("ortho",)
    gain: NonNegative = 1.0
    """What every singular value is."""

    definition: ClassVar[str] = "gain * Q, Q uniform among the matrices with orthonormal rows or columns"
    source: ClassVar[str] = "Saxe, McClelland & Ganguli 2014; uniform by Mezzadri 2007."

    def variance(self, fan_in: int, fan_out: int) -> float | None:
        return self.gain**2 / max(fan_in, fan_out)

    def draw_operations(self, shape: Shape) -> float:
        return super().draw_operations(shape) + _OPERATIONS_PER_QR * shape[0] * shape[1] * min(shape)

    def draw(self, shape: Shape, fan_in: int, fan_out: int, stream: Stream) -> Array:
        normals = stream.normal(shape).astype(np.float64)
        wide = shape[0] < shape[1]
        q, r = np.linalg.qr(normals.swapaxes(-1, -2) if wide else normals)
        signs = np.sign(np.diagonal(r, axis1=-2, axis2=-1))[..., None, :]  # without them Q would not be uniform
        values = self.gain * q * signs
        return values.swapaxes(-1, -2) if wide else values


class Sparse(Initializer):
    """Every unit gets N(0, std²) from a random few of its inputs and 0 from the others."""

    kind: Literal["sparse"] = "sparse"
    sparsity: Fraction = 0.9
    """The share of a unit's incoming weights that are zero, rounded up to whole weights."""
    std: NonNegative = 1.0
    """The standard deviation of the others."""

    definition: ClassVar[str] = "N(0, std^2) for a random share 1 - sparsity of a unit's inputs, else 0"
    source: ClassVar[str] = "Martens 2010."

    def variance(self, fan_in: int, fan_out: int) -> float | None:
        return (1.0 - ceil(self.sparsity * fan_in) / fan_in) * self.std**2

    def draw(self, shape: Shape, fan_in: int, fan_out: int, stream: Stream) -> Array:
        values = stream.normal(shape).astype(np.float64)
        order = stream.uniform(shape).argsort(axis=-2)
        np.put_along_axis(values, order[..., : ceil(self.sparsity * shape[0]), :], 0.0, axis=-2)
        return self.std * values
