"""Sums of squares that neither overflow nor underflow."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from service.core.arrays import squares

Numbers = npt.NDArray[np.floating[Any]]

TRIALS, SAMPLES = 3, 5
SIZES = {"float32": [1e-30, 1e-12, 1.0, 1e12, 1e30], "float64": [1e-300, 1e-160, 1.0, 1e160, 1e300]}


@pytest.fixture(autouse=True)
def overflow_is_an_outcome() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


def drawn(seed: int, width: int, precision: str = "float64") -> Numbers:
    """(trials, samples, width)."""
    return np.random.default_rng(seed).normal(size=(TRIALS, SAMPLES, width)).astype(precision)


@pytest.mark.parametrize(("precision", "size"), [(one, size) for one, sizes in SIZES.items() for size in sizes])
def test_squares_of_any_size_have_the_logarithm_of_their_scale(precision: str, size: float) -> None:
    values = drawn(0, 7, precision)
    plain, scaled = squares(values), squares(values * np.array(size, precision))
    found = 0.5 * np.log2(scaled.sums / plain.sums) + scaled.exponents - plain.exponents
    np.testing.assert_allclose(found, np.log2(size), rtol=1e-6, atol=1e-6)


def test_squares_of_one_trial_do_not_depend_on_the_others() -> None:
    values = drawn(1, 7)
    beside_giants = values * np.array([1.0, 1e200, 0.0])[:, None, None]
    assert squares(values).sums[0] == squares(beside_giants).sums[0]
    assert squares(beside_giants).sums[2] == 0.0


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_squares_of_what_is_not_finite_are_no_number(bad: float) -> None:
    values = drawn(2, 7)
    values[1, 2, 3] = bad
    assert np.isfinite(squares(values).sums).tolist() == [True, False, True]
