"""Gaussian averages against closed forms and adaptive quadrature, from variance 1e-12 to 1e6."""

from itertools import pairwise
from math import isnan, sqrt

import numpy as np
import pytest
from scipy.integrate import quad

from api_tests.cases import case
from api_tests.nn.variants import named
from api_tests.theory.known import ELEMENTWISE, KNOWN, Known, written
from service.nn.activations import Activation
from service.theory.gaussian import SampledActivation, moments

VARIANCES = [1e-12, 1e-6, 1e-2, 0.3, 1.0, 1.69, 30.0, 1e4, 1e6]


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name)
def test_averages_are_those_of_closed_forms(known: Known) -> None:
    for variance in (q for q in VARIANCES if q <= known.largest):
        found = moments(known.activation, variance)
        assert found.square == pytest.approx(known.square(variance), rel=1e-12)
        assert found.slope == pytest.approx(known.slope(variance), rel=1e-12)


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name)
def test_averages_at_many_variances_at_once_are_as_exact_and_so_is_their_growth(known: Known) -> None:
    variances = np.array([q for q in VARIANCES if q <= known.largest])
    found = SampledActivation.over(known.activation, 1e-12, 1e6).moments(variances)
    assert found.square == pytest.approx([known.square(q) for q in variances], rel=1e-12)
    assert found.slope == pytest.approx([known.slope(q) for q in variances], rel=1e-12)
    per_decade = found.growth * variances / found.square
    assert per_decade == pytest.approx([known.growth(q) * q / known.square(q) for q in variances], abs=1e-12)
    assert max(found.square_doubt.max(), found.slope_doubt.max()) <= 1e-10


@pytest.mark.parametrize("activation", ELEMENTWISE, ids=named)
def test_averages_are_those_of_adaptive_quadrature(activation: Activation) -> None:
    for variance in (1e-12, 1e-3, 1.69, 1e3, 1e6):
        with case(variance):
            if activation.kind in ("sin", "exponential") and variance > 100.0:
                continue  # more oscillations, or larger numbers, than quadrature follows; there is a closed form
            found = moments(activation, variance)
            assert found.square == pytest.approx(adaptive(activation, variance, found.square, slope=False), rel=1e-10)
            assert found.slope == pytest.approx(adaptive(activation, variance, found.slope, slope=True), rel=1e-10)


def adaptive(activation: Activation, variance: float, size: float, *, slope: bool) -> float:
    """By QUADPACK between points that get closer towards 0, where activations bend, and end at the kinks.

    An error of 1e-12 of `size` in every part of the integral is small enough.
    """
    scale = sqrt(variance)

    def integrand(z: float) -> float:
        x = np.array([scale * z])
        value = activation.f(x)
        value = activation.df(x, value) if slope else value
        return float(np.square(value)[0] * np.exp(-z * z / 2) / np.sqrt(2 * np.pi))

    powers = 14.0 * 8.0 ** -np.arange(9.0)
    kinks = [kink / scale for kink in activation.kinks if abs(kink) < 14.0 * scale]
    ends = np.unique(np.concatenate([-powers, [0.0], powers, kinks]))
    return sum(quad(integrand, a, b, epsabs=1e-12 * size, epsrel=1e-11, limit=200)[0] for a, b in pairwise(ends))


@pytest.mark.parametrize(
    ("formula", "variance"),
    [("sqrt(abs(z))", 1.0), ("1/z", 1.0), ("exp(z^2)", 1.0), ("exp(z)", 1e4), ("sqrt(z)", 1.0), ("sin(1000*z)", 1e4)],
)
def test_where_there_is_no_average_or_it_cannot_be_had_there_is_no_number(formula: str, variance: float) -> None:
    assert isnan(moments(written(formula), variance).slope)


@pytest.mark.parametrize("variance", [1e-200, 1e-40, 1e40, 1e100])
def test_averages_hold_far_beyond_what_networks_do(variance: float) -> None:
    assert moments(KNOWN[0].activation, variance).square == pytest.approx(variance / 2, rel=1e-12)
    assert moments(KNOWN[2].activation, variance).square == pytest.approx(KNOWN[2].square(variance), rel=1e-7)


def test_differences_that_rounding_spoils_are_called_doubtful() -> None:
    found = SampledActivation.over(written("1 - cos(z)"), 1e-12, 1.0).moments(np.array([1e-8, 1.0]))
    assert found.square_doubt[1] < 1e-10 < found.square_doubt[0]
    assert found.square[0] == pytest.approx(0.75e-16, rel=found.square_doubt[0])
