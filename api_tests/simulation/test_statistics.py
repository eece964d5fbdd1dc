"""Spreads and the interval of a median, against NumPy and by coverage."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.simulation.results import Spread
from service.simulation.statistics import median_interval, spreads_of

NUMBERS = st.lists(st.floats(-1e6, 1e6) | st.sampled_from([float("nan"), float("inf"), -float("inf")]), min_size=1)


def spread(values: npt.NDArray[np.float64]) -> Spread:
    return spreads_of(values)[0]


@given(NUMBERS)
def test_a_spread_is_numpys_over_the_finite_values(values: list[float]) -> None:
    found, finite = spread(np.array(values)), [value for value in values if np.isfinite(value)]
    assert found.count == len(finite)
    if finite:
        assert found.median == pytest.approx(np.median(finite), rel=1e-9, abs=1e-9)
        assert found.p05 == pytest.approx(np.percentile(finite, 5), rel=1e-9, abs=1e-9)
        assert found.p95 == pytest.approx(np.percentile(finite, 95), rel=1e-9, abs=1e-9)
        assert found.mean == pytest.approx(np.mean(finite), rel=1e-9, abs=1e-6)
        assert found.std == pytest.approx(np.std(finite), rel=1e-6, abs=1e-6)
    else:
        assert found.median is None
        assert found.std is None


def test_columns_do_not_mix() -> None:
    values = np.array([[1.0, np.nan, 5.0], [3.0, np.nan, -np.inf]])
    assert [(one.median, one.count) for one in spreads_of(*values.T)] == [(2.0, 2), (None, 0), (5.0, 1)]


@pytest.mark.parametrize("trials", [8, 32, 101])
def test_the_interval_covers_the_median_at_least_as_often_as_it_says(trials: int) -> None:
    draws = np.random.default_rng(1).exponential(size=(4000, trials))
    intervals = [median_interval(row) for row in draws]
    covered = np.mean([one is not None and one[0] <= np.log(2) <= one[1] for one in intervals])
    assert 0.945 <= covered <= 0.999


@pytest.mark.parametrize("rest", [[131072.0, 2.225073858507e-311, 2.225073858507e-311], [-1.7e308, 1.7e308]])
def test_the_smallest_and_the_largest_numbers_keep_their_digits(rest: list[float]) -> None:
    assert spread(np.array(rest)).median == np.median(rest)


@given(st.lists(st.floats(width=64), min_size=1))
def test_quantiles_are_in_order_between_the_extremes_and_in_the_interval(values: list[float]) -> None:
    found, interval = spread(np.array(values)), median_interval(np.array(values))
    finite = [value for value in values if np.isfinite(value)]
    assert (interval is None) == (found.median is None) == (not finite)
    if interval is not None:
        quantiles = [found.p05, found.median, found.p95]
        ranked = [min(finite), *(value for value in quantiles if value is not None), max(finite)]
        assert len(ranked) == 5
        assert ranked == sorted(ranked)
        assert interval[0] <= ranked[2] <= interval[1]
