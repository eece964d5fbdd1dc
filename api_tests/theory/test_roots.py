"""All roots of a function over a grid."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.arrays import Float64Array
from service.theory.roots import roots

GRID = np.linspace(-5.0, 5.0, 41)
POINTS = st.lists(st.floats(-4.9, 4.9), min_size=1, max_size=4).filter(
    lambda points: all(after - before > 0.5 for before, after in pairwise(sorted(points)))  # two cells of the grid
)


def found(function: Callable[[Float64Array], Float64Array]) -> list[float]:
    def residual(x: Float64Array) -> Float64Array:
        values = function(x)
        return np.where(np.abs(values) <= 1e-13, 0.0, values)

    return roots(residual, GRID, residual(GRID))


@given(POINTS)
def test_every_sign_change_is_found_to_the_last_digits(points: list[float]) -> None:
    assert found(lambda x: np.prod([np.tanh(x - point) for point in points], axis=0)) == pytest.approx(
        sorted(points), abs=1e-10
    )


@pytest.mark.parametrize("apart", [0.1, 1e-2, 1e-4])
def test_two_roots_between_neighbours_of_the_grid_are_both_found(apart: float) -> None:
    assert found(lambda x: (x - 1.1) * (x - 1.1 - apart)) == pytest.approx([1.1, 1.1 + apart], abs=1e-8)


@pytest.mark.parametrize("at", [1.1, 1.25, -3.3])
def test_a_root_that_is_touched_and_not_crossed_is_found(at: float) -> None:
    assert found(lambda x: np.square(x - at)) == pytest.approx([at], abs=1e-6)


def test_a_function_that_comes_close_has_no_root() -> None:
    assert found(lambda x: np.square(x - 1.1) + 1e-9) == []


def test_a_function_that_fades_at_an_end_has_no_root_there() -> None:
    assert found(lambda x: np.exp(-8.0 * (x + 5.0))) == []
    assert found(lambda x: np.exp(8.0 * (x - 5.0))) == []
    assert found(np.zeros_like) == []


def test_no_root_is_seen_across_a_gap_without_numbers() -> None:
    assert found(lambda x: np.where(np.abs(x) < 1.0, np.nan, x)) == []


def test_a_root_at_a_point_of_the_grid_is_found_once() -> None:
    assert found(lambda x: x - 1.0) == pytest.approx([1.0])
