"""Numbers given in a request: a matrix, or a vector, which is kept as a matrix."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Discriminator, Field, GetPydanticSchema, Tag
from pydantic_core import PydanticCustomError
from typing_extensions import TypeAliasType

from service.core.arrays import Shape
from service.core.kinds import Double
from service.core.pointers import resolve

LONGEST = 65536
# The first wrong number is fault enough: a matrix may hold a million.
Vector = Annotated[list[Double], Field(min_length=1, max_length=LONGEST, fail_fast=True)]
Matrix = Annotated[list[Vector], Field(min_length=1, max_length=LONGEST, fail_fast=True)]


def _rectangular(values: list[float] | Matrix) -> list[float] | Matrix:
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


def _row(values: Any) -> Matrix:
    """The matrix itself; a vector as its one row."""
    rows: Matrix = values if isinstance(values[0], list) else [values]
    return rows


def _column(values: Any) -> Matrix:
    """The matrix itself; a vector as its one column."""
    rows: Matrix = values if isinstance(values[0], list) else [[one] for one in values]
    return rows


_Either = Annotated[
    Annotated[Vector, Tag("vector")] | Annotated[Matrix, Tag("matrix")],
    Discriminator(_shape_named),
    AfterValidator(_rectangular),
    Field(description="A vector, or a matrix as a list of its rows."),
]
Values = TypeAliasType(
    "Values", Annotated[Matrix, GetPydanticSchema(lambda _, handler: handler.generate_schema(_Either))]
)
"""A matrix as a list of its rows; a vector may be in its place, where `Rows` and `Columns` say which matrix it is."""
Rows = Annotated[Values, AfterValidator(_row)]
"""A matrix as a list of its rows; a vector is one row."""
Columns = Annotated[Values, AfterValidator(_column)]
"""A matrix as a list of its rows; a vector is one column."""


def write_vectors(document: Any, edited: Mapping[str | None, Any]) -> None:
    """In `document`, which is changed, write a matrix as the vector that it was, where an edit counts in a vector.

    `edited` are numbers and whatever else is put somewhere, by the pointers to their places: a number at
    `…/values/2` is put into a vector, and at `…/values/0/2` into a matrix.
    """
    for pointer, value in edited.items():
        place, _, last = (pointer or "").rpartition("/")
        if place.endswith("/values") and last.isdecimal() and isinstance(value, int | float):
            _write_vector(document, place)


def _write_vector(document: Any, place: str) -> None:
    try:
        parent = resolve(document, place.removesuffix("/values"))
        rows = parent["values"]
        if len(rows) == 1 or len(rows[0]) == 1:
            parent["values"] = [one for row in rows for one in row]
    except (LookupError, TypeError):  # of which the edit itself will tell
        return


def shape_of(values: Matrix) -> Shape:
    """`(rows, columns)` of a matrix."""
    return len(values), len(values[0])
