"""Spreads, the interval of a median and histograms, against NumPy and tables; rates of networks with known gains."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_tests.networks import report
from service.simulation.first_trial import histogram
from service.simulation.layer_results import Spread
from service.simulation.spreads import median_interval, spreads_of

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


@pytest.mark.parametrize(
    ("trials", "lower"),
    [(1, 1), (2, 1), (5, 1), (6, 1), (8, 1), (9, 2), (11, 2), (12, 3), (20, 6), (32, 10), (50, 18), (100, 40)],
)
def test_the_interval_is_between_the_order_statistics_of_the_tables(trials: int, lower: int) -> None:
    values = np.random.default_rng(2).permutation(np.arange(1.0, trials + 1.0))
    assert median_interval(values) == (lower, trials + 1 - lower)


def test_a_spread_is_of_the_5th_50th_and_95th_percentile() -> None:
    found = spread(np.arange(101.0)[::-1])
    assert found.model_dump() == {
        "median": 50.0,
        "p05": pytest.approx(5.0),
        "p95": pytest.approx(95.0),
        "mean": 50.0,
        "std": pytest.approx(850.0**0.5),
        "count": 101,
    }


def test_the_rate_is_the_least_squares_slope_towards_the_input() -> None:
    """Orthogonal weights of gains 4, 2, 1/8, 1/2 behind the first hidden layer."""
    gains = [3.0, 4.0, 2.0, 0.125, 0.5, 5.0]
    layers = [
        {"kind": "dense", "units": 8, "weights": {"kind": "orthogonal", "gain": gain}, "activation": {"kind": "linear"}}
        for gain in gains
    ]
    verdict = report({"features": 8, "layers": layers}, trials=3).verdict
    behind = -np.cumsum(np.log10([1.0, *gains[1:5]]))  # of the gradient at the hidden layers, but for a constant
    slope = np.polyfit(np.arange(5.0), behind, 1)[0]
    assert verdict.gain_per_layer.median == pytest.approx(10.0**-slope, rel=1e-12)
    assert verdict.depth_ratio.median == pytest.approx(np.log10(0.5), abs=1e-12)
    assert verdict.forward_ratio.median == pytest.approx(np.log10(0.5), abs=1e-12)
    assert verdict.end_to_end_ratio.median == pytest.approx(np.log10(2.5), abs=1e-12)


def test_a_histogram_has_equidistant_edges_over_the_range_of_its_finite_values() -> None:
    values = np.array([[0.0, 1.0, 2.0], [3.0, 10.0, np.nan], [-np.inf, np.inf, 10.0]])
    assert histogram(values, 5) == ([0.0, 2.0, 4.0, 6.0, 8.0, 10.0], [2, 2, 0, 0, 2])
    assert histogram(np.array([np.nan, np.inf]), 5) == ([], [])


@pytest.mark.parametrize("value", [0.0, 1.0, -3e300, 1e-300, 1e9])
@pytest.mark.parametrize("apart", [0, 1, 7])
def test_a_histogram_of_values_that_all_but_agree_has_edges_that_differ(value: float, apart: int) -> None:
    edges, counts = histogram(np.array([value, value + apart * np.spacing(value)]), 40)
    assert (len(edges), len(counts), sum(counts)) == (41, 40, 2)
    assert np.diff(edges).min() > 0.0
    assert edges[0] <= value <= edges[-1]


def test_a_report_has_histograms_of_forty_bins() -> None:
    layer = {"kind": "dense", "units": 6, "activation": {"kind": "tanh"}}
    made = report({"features": 3, "layers": [layer]}, include=["histograms"], data={"samples": 5}).layers[0].histograms
    assert made is not None
    assert made.log10_weight_gradient is not None
    for found, count in ((made.derivative, 30), (made.log10_weight_gradient, 18)):
        assert (len(found.counts), sum(found.counts) + found.zeros) == (40, count)
