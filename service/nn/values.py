"""Numbers given in a request: a vector or a matrix."""

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError
from typing_extensions import TypeAliasType

from service.kinds import Double
from service.nn.arrays import Shape

Vector = Annotated[list[Double], Field(min_length=1)]
Matrix = Annotated[list[Vector], Field(min_length=1)]


def _rectangular(values: list[float] | list[list[float]]) -> list[float] | list[list[float]]:
    """`values` as they are; an error that names the first row of another length than row 0."""
    lengths = [len(row) for row in values if isinstance(row, list)]
    for index, length in enumerate(lengths):
        if length != lengths[0]:
            raise PydanticCustomError(
                "ragged_matrix",
                "row {index} has {length} values, row 0 has {first}; all rows must have the same number",
                {"index": index, "length": length, "first": lengths[0]},
            )
    return values


Values = TypeAliasType("Values", Annotated[Vector | Matrix, AfterValidator(_rectangular)])
"""A vector, or a matrix as a list of its rows."""


def shape_of(values: list[float] | list[list[float]]) -> Shape:
    """`(length,)` of a vector, `(rows, columns)` of a matrix."""
    first = values[0]
    return (len(values), len(first)) if isinstance(first, list) else (len(values),)
