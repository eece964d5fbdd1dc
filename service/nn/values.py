"""Numbers given in a request: a vector or a matrix."""

from typing import Annotated, Any

from pydantic import AfterValidator, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError
from typing_extensions import TypeAliasType

from service.core.arrays import Shape
from service.core.kinds import Double

LONGEST = 65536
# The first wrong number is fault enough: a matrix may hold a million.
Vector = Annotated[list[Double], Field(min_length=1, max_length=LONGEST, fail_fast=True)]
Matrix = Annotated[list[Vector], Field(min_length=1, max_length=LONGEST, fail_fast=True)]


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


def _shape_named(values: Any) -> str:
    """Which of the two shapes the first entry announces, so that a wrong number is one fault and not two per row."""
    return "matrix" if isinstance(values, list) and values and isinstance(values[0], list) else "vector"


Values = TypeAliasType(
    "Values",
    Annotated[
        Annotated[Vector, Tag("vector")] | Annotated[Matrix, Tag("matrix")],
        Discriminator(_shape_named),
        AfterValidator(_rectangular),
        Field(description="A vector, or a matrix as a list of its rows."),
    ],
)
"""A vector, or a matrix as a list of its rows."""


def shape_of(values: list[float] | list[list[float]]) -> Shape:
    """`(length,)` of a vector, `(rows, columns)` of a matrix."""
    first = values[0]
    return (len(values), len(first)) if isinstance(first, list) else (len(values),)
