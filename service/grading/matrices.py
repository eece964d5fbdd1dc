"""Matrices as lists of their rows, small enough for plain arithmetic."""

from itertools import chain
from sys import float_info
from typing import Any

from service.grading.claims.base import Unreadable

Matrix = list[list[float]]
_LARGEST = 65536


def matrix_of(answer: Any) -> Matrix:
    """A matrix, or a vector as its one row; Unreadable where it is neither."""
    rows = answer if isinstance(answer, list) and answer and isinstance(answer[0], list) else [answer]
    if not all(isinstance(row, list) and row for row in rows) or len({len(row) for row in rows}) > 1:
        raise Unreadable("A matrix is expected here: a list of rows, all of one length.")
    flat = list(chain(*rows))
    if len(flat) > _LARGEST or not all(
        isinstance(entry, int | float) and not isinstance(entry, bool) for entry in flat
    ):
        raise Unreadable("A matrix is expected here: rows of numbers, and not too many of them.")
    if any(abs(entry) > float_info.max for entry in flat):
        raise Unreadable("A number of the matrix is beyond all that can be calculated with.")
    return [[float(entry) for entry in row] for row in rows]


def shape_of(matrix: Matrix) -> tuple[int, int]:
    """Rows and columns."""
    return len(matrix), len(matrix[0])


def alike(one: Matrix, other: Matrix, tolerance: float) -> bool:
    """Whether no entry is farther away than `tolerance` times the largest entry of `other`."""
    if shape_of(one) != shape_of(other):
        return False
    room = tolerance * max(map(abs, chain(*other)))
    return all(abs(a - b) <= room for a, b in zip(chain(*one), chain(*other), strict=True))


def scaled(matrix: Matrix, factor: float) -> Matrix:
    """factor · matrix."""
    return [[factor * entry for entry in row] for row in matrix]


def entrywise(one: Matrix, other: Matrix) -> Matrix:
    """The product of two matrices of one shape, entry by entry."""
    return [[a * b for a, b in zip(left, right, strict=True)] for left, right in zip(one, other, strict=True)]


def transposed(matrix: Matrix) -> Matrix:
    """Its columns as rows."""
    return [list(column) for column in zip(*matrix, strict=True)]
