"""What is known of single activations in closed form."""

from collections.abc import Callable
from math import cosh, e, exp, expm1, log, pi, sqrt, tanh
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import brentq, minimize_scalar

from service.nn.activations import Activation
from service.nn.activations.piecewise import ARelu, Exu, Hardswish, Relu, Selu
from service.nn.activations.smooth import (
    Erf,
    Gelu,
    GeluApproximation,
    Mish,
    Sigmoid,
    Silu,
    Softmax,
    Softplus,
    Stanh,
    Tanh,
)
from service.theory.bounds import bounds, largest_slope

Numbers = npt.NDArray[np.float64]

STANH_SUPREMUM = 1.199678640257733833916


def at(activation: Activation, z: float) -> tuple[float, float]:
    """f and df at one point."""
    x = np.array([z])
    y = activation.f(x)
    return float(y[0]), float(activation.df(x, y)[0])


def exactly(expected: Any, rel: float = 1e-14) -> Any:
    """`expected` to that many digits, however small it is."""
    return pytest.approx(expected, rel=rel, abs=0.0)


def gaussian_mean(of: Callable[[float], float], q: float) -> float:
    """E[of(√q·Z)] for a standard normal Z, by quadrature on both sides of the kink at 0."""

    def weighted(z: float) -> float:
        return of(sqrt(q) * z) * exp(-0.5 * z * z) / sqrt(2.0 * pi)

    halves = [quad(weighted, *ends, epsabs=1e-13, epsrel=1e-13)[0] for ends in [(-12.0, 0.0), (0.0, 12.0)]]
    return float(sum(halves))


def test_the_slope_of_stanh_is_largest_where_z_tanh_z_is_one_and_there_it_equals_z() -> None:
    z = brentq(lambda z: z * tanh(z) - 1.0, 1.0, 2.0, xtol=1e-15)
    assert z == exactly(STANH_SUPREMUM, 1e-15)
    assert at(Stanh(), z) == exactly((1.0, z))
    assert at(Stanh(), -z) == exactly((1.0, -z))
    assert largest_slope(Stanh()) == exactly(STANH_SUPREMUM, 3e-16)


@pytest.mark.parametrize(
    ("activation", "between", "sign"),
    [
        (Stanh(), (0.5, 2.0), 1),
        (Gelu(), (0.5, 2.0), 1),
        (Gelu(), (-2.0, -0.5), -1),
        (Gelu(approximate=GeluApproximation.TANH), (0.5, 2.0), 1),
        (Gelu(approximate=GeluApproximation.TANH), (-2.0, -0.5), -1),
        (Silu(), (1.0, 4.0), 1),
        (Silu(), (-4.0, -1.0), -1),
        (Mish(), (0.5, 3.0), 1),
        (Mish(), (-4.0, -1.0), -1),
    ],
)
def test_a_bent_knee_is_steepest_where_its_range_says(
    activation: Activation, between: tuple[float, float], sign: int
) -> None:
    steepest = minimize_scalar(lambda z: -sign * at(activation, z)[1], bounds=between, options={"xatol": 1e-9})
    derivative = bounds(activation.closed).derivative
    low, high = derivative.inf.low, derivative.sup.high
    assert -sign * steepest.fun == exactly(high if sign > 0 else low, 1e-13)


def test_the_slope_of_exu_comes_within_any_distance_of_1_7535_left_of_zero_and_never_attains_it() -> None:
    assert largest_slope(Exu()) == exactly(1.7535, 1e-15)
    assert at(Exu(), -1e-12)[1] == exactly(1.7535, 1e-11)
    assert at(Exu(), -1e-12)[1] < largest_slope(Exu())
    assert at(Exu(), 0.0) == (0.0, 1.05)


@pytest.mark.parametrize(("z", "at_least_beta"), [(-log(1.67) - 1e-9, False), (-log(1.67) + 1e-9, True), (0.0, True)])
def test_the_slope_of_exu_is_at_least_beta_from_minus_log_u_on(z: float, at_least_beta: bool) -> None:
    assert (at(Exu(), z)[1] >= 1.05) is at_least_beta


def test_exu_with_its_defaults_is_selu_rounded() -> None:
    x = np.linspace(-10.0, 10.0, 4001)
    x = x[np.abs(x) > 1e-9]  # at 0 itself the conventions differ
    apart = np.abs(Exu().df(x, Exu().f(x)) / Selu().df(x, Selu().f(x)) - 1.0)
    assert apart.min() > 5e-4
    assert apart.max() < 3e-3
    np.testing.assert_allclose(Exu().f(x), Selu().f(x), rtol=3e-3)


def test_selu_keeps_mean_zero_and_variance_one() -> None:
    assert gaussian_mean(lambda z: at(Selu(), z)[0], 1.0) == pytest.approx(0.0, abs=1e-12)
    assert gaussian_mean(lambda z: at(Selu(), z)[0] ** 2, 1.0) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(
    ("activation", "weight_variance", "q", "gain"),
    [
        (Exu(), 1.0, 0.985887, 1.034828),
        (Selu(), 1.0, 1.0, sqrt(1.071574992)),
        (Sigmoid(), 1.0, 0.264687, 0.236052),
        (Relu(), 2.0, 1.3, 1.0),  # critical at 2, whatever q
        (ARelu(a=0.5), 2.0 / 1.25, 0.7, 1.0),  # critical at 2 / (1 + a²), whatever q
        (ARelu(a=-0.5), 2.0 / 1.25, 0.7, 1.0),
    ],
)
def test_the_mean_field_fixed_point_and_its_gain_per_layer_are_those_of_the_literature(
    activation: Activation, weight_variance: float, q: float, gain: float
) -> None:
    mean_square = gaussian_mean(lambda z: at(activation, z)[0] ** 2, q)
    mean_square_slope = gaussian_mean(lambda z: at(activation, z)[1] ** 2, q)
    assert weight_variance * mean_square == pytest.approx(q, rel=2e-6)
    assert sqrt(weight_variance * mean_square_slope) == pytest.approx(gain, rel=2e-6)


def test_the_slope_of_hardswish_reaches_for_three_halves_and_minus_one_half_and_jumps_away() -> None:
    below, above = float(np.nextafter(3.0, 0.0)), float(np.nextafter(-3.0, 0.0))
    assert at(Hardswish(), below)[1] == exactly(1.5, 1e-15)
    assert at(Hardswish(), above)[1] == exactly(-0.5, 1e-15)
    assert [at(Hardswish(), z)[1] for z in (-3.0, 3.0)] == [0.0, 1.0]


@pytest.mark.parametrize("z", [0.0, 1.0, 20.0, 300.0, -300.0])
def test_slopes_keep_every_digit_where_one_minus_the_square_would_be_zero(z: float) -> None:
    assert at(Tanh(), z)[1] == exactly(cosh(z) ** -2)
    assert at(Sigmoid(), z)[1] == exactly(1.0 / (2.0 + 2.0 * cosh(z)))


@pytest.mark.parametrize(
    ("activation", "z", "expected"),
    [
        (Sigmoid(), 0.0, (0.5, 0.25)),
        (Sigmoid(), log(3.0), (0.75, 0.1875)),
        (Tanh(), log(2.0), (0.6, 0.64)),
        (Erf(), 0.0, (0.0, 2.0 / sqrt(pi))),
        (Softplus(), 0.0, (log(2.0), 0.5)),
        (Softplus(beta=2.0), log(2.0) / 2.0, (log(3.0) / 2.0, 2.0 / 3.0)),
        (Silu(), 0.0, (0.0, 0.5)),
        (Gelu(), 0.0, (0.0, 0.5)),
        (Mish(), 0.0, (0.0, 0.6)),
        (Selu(), -1.0, (1.7580993408473768599 * expm1(-1.0), 1.7580993408473768599 / e)),
    ],
)
def test_values_that_can_be_found_by_hand(activation: Activation, z: float, expected: tuple[float, float]) -> None:
    assert at(activation, z) == exactly(expected)


def jacobian(x: Numbers) -> Numbers:
    """∂y_i/∂x_j of the softmax of a vector, by central differences."""
    h = 1e-5
    columns = [(Softmax().f(x + h * step) - Softmax().f(x - h * step)) / (2.0 * h) for step in np.eye(x.size)]
    return np.stack(columns, axis=-1)


@pytest.mark.parametrize("classes", [1, 2, 5, 40])
def test_softmax_pulls_back_by_its_whole_jacobian_and_reports_its_diagonal(classes: int) -> None:
    x = np.random.default_rng(classes).normal(scale=2.0, size=classes)
    y = Softmax().f(x)
    diagonal = Softmax().df(x, y)
    rows = np.stack([Softmax().vjp(diagonal, y, dy) for dy in np.eye(classes)])
    np.testing.assert_allclose(rows, jacobian(x), rtol=1e-7, atol=1e-10)
    np.testing.assert_allclose(diagonal, np.diagonal(jacobian(x)), rtol=1e-7, atol=1e-10)


def test_softmax_normalises_every_sample_of_every_trial_by_itself() -> None:
    x = np.random.default_rng(0).normal(size=(3, 4, 5))
    y = Softmax().f(x)
    np.testing.assert_allclose(y.sum(axis=-1), 1.0, rtol=1e-15)
    np.testing.assert_allclose(y[2, 3], Softmax().f(x[2, 3]), rtol=1e-15)
    dy = np.random.default_rng(1).normal(size=(3, 4, 5))
    pulled = Softmax().vjp(Softmax().df(x, y), y, dy)
    np.testing.assert_allclose(pulled[2, 3], jacobian(x[2, 3]).T @ dy[2, 3], rtol=1e-7, atol=1e-10)


@settings(deadline=None)
@given(
    x=st.lists(st.floats(-30.0, 30.0), min_size=1, max_size=6),
    shift=st.sampled_from([-1e4, -7.5, 0.25, 1e4]),
)
def test_softmax_does_not_see_a_shift_of_all_its_arguments(x: list[float], shift: float) -> None:
    here = Softmax().f(np.array(x))
    np.testing.assert_allclose(Softmax().f(np.array(x) + shift), here, rtol=1e-10, atol=1e-300)
    np.testing.assert_allclose(Softmax().vjp(here, here, np.full_like(here, shift)), 0.0, atol=1e-11)


def test_the_diagonal_of_softmax_attains_a_quarter_between_two_equals() -> None:
    halves = Softmax().f(np.array([7.0, 7.0]))
    assert Softmax().df(halves, halves).tolist() == [0.25, 0.25]
    assert largest_slope(Softmax()) == exactly(0.25, 1e-15)
