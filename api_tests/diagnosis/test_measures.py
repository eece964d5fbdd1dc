"""Sums of squares that neither overflow nor cancel, whichever way they are taken."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from service.nn.layers.dense import Affine
from service.simulation.probe import centred_squares, has_identical_columns, signal_squares, squares
from service.simulation.probe import squares_by_samples as by_samples

Numbers = npt.NDArray[np.floating[Any]]

TRIALS, SAMPLES, FAN_IN, FAN_OUT = 3, 5, 40, 60
SIZES = {"float32": [1e-30, 1e-12, 1.0, 1e12, 1e30], "float64": [1e-300, 1e-160, 1.0, 1e160, 1e300]}
RELATIVE = {"float32": 1e-5, "float64": 1e-10}


@pytest.fixture(autouse=True)
def overflow_is_an_outcome() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


def drawn(seed: int, width: int, precision: str = "float64") -> Numbers:
    """(trials, samples, width)."""
    return np.random.default_rng(seed).normal(size=(TRIALS, SAMPLES, width)).astype(precision)


def affine(precision: str) -> Affine:
    zeros = np.zeros((TRIALS, FAN_IN, FAN_OUT), precision)
    return Affine(zeros, zeros[:, :1])


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


@pytest.mark.parametrize("precision", RELATIVE)
def test_both_ways_to_the_norm_of_a_gradient_agree(precision: str) -> None:
    x, delta = drawn(3, FAN_IN, precision), drawn(4, FAN_OUT, precision)
    pair = affine(precision).gradient_by_samples(x, delta)
    assert pair is not None
    np.testing.assert_allclose(
        by_samples(*pair), squares(affine(precision).weight_gradient(x, delta)).sums, rtol=RELATIVE[precision]
    )


def test_products_of_samples_are_not_taken_where_they_cost_more() -> None:
    many = np.ones((1, 10 * FAN_IN, 1))
    assert affine("float64").gradient_by_samples(np.tile(many, FAN_IN), np.tile(many, FAN_OUT)) is None


def test_a_gradient_that_cancels_between_samples_is_not_guessed() -> None:
    x, delta = np.ones((1, 2, FAN_IN)), np.ones((1, 2, FAN_OUT))
    delta[:, 1] = -1.0
    pair = affine("float64").gradient_by_samples(x, delta)
    assert pair is not None
    assert np.isnan(by_samples(*pair)).all()


def test_both_ways_to_the_distance_between_samples_agree() -> None:
    values = drawn(5, 9) + 0.3
    np.testing.assert_allclose(signal_squares(values, values)[1], centred_squares(values).sums, rtol=1e-12)


def test_identical_columns_are_found_in_all_parts_together() -> None:
    same, other = np.array([[1.0, 1.0, 2.0]]), np.array([[3.0, 3.0, 3.0]])
    assert has_identical_columns(same, other)
    assert not has_identical_columns(same, np.array([[3.0, 4.0, 3.0]]))
    assert not has_identical_columns(np.array([[1.0, 2.0, 3.0]]))
