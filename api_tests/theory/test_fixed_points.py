"""Fixed points of the variance against closed forms, known networks and the map itself."""

from math import e, inf, log, pi, sin, sqrt

import numpy as np
import pytest

from api_tests.cases import case
from api_tests.nn.variants import named
from api_tests.theory.known import ELEMENTWISE, written
from service.nn.activations import Activation
from service.nn.activations.piecewise import ARelu, Exu, Hardtanh, Relu, Selu
from service.nn.activations.smooth import Erf, Gelu, Linear, Sigmoid, Stanh, Tanh
from service.theory.fixed_points import FixedPoint, fixed_points
from service.theory.gaussian import moments


def positions(points: list[FixedPoint]) -> list[float | None]:
    return [point.variance for point in points]


def test_biases_hold_the_variance_of_rectifiers_at_a_known_place() -> None:
    (point,) = fixed_points(Relu(), 1.2, 0.3)
    assert point.variance == pytest.approx(0.3 / (1 - 0.6), rel=1e-12)
    assert (point.growth, point.chi) == pytest.approx((0.6, 0.6), rel=1e-12)
    assert (point.correlation_depth, point.depth_scale) == pytest.approx((-1 / log(0.6), -1 / log(0.6)), rel=1e-12)
    assert point.stable
    assert point.growth != pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize(("activation", "sigma_w2"), [(Relu(), 2.0), (ARelu(), 2 / 1.01), (Linear(), 1.0)])
def test_a_rectifier_keeps_every_variance_or_none(activation: Activation, sigma_w2: float) -> None:
    (point,) = fixed_points(activation, sigma_w2, 0.0)
    assert point.variance is None
    assert (point.growth, point.chi) == pytest.approx((1.0, 1.0), rel=1e-12)
    assert point.growth == pytest.approx(1.0, abs=1e-9)
    assert point.stable
    assert point.correlation_depth is point.depth_scale is None
    assert fixed_points(activation, sigma_w2, 0.1) == []
    assert positions(fixed_points(activation, 0.9 * sigma_w2, 0.0)) == [0.0]
    assert not fixed_points(activation, 1.1 * sigma_w2, 0.0)[0].stable


def test_the_fixed_point_of_erf_solves_its_closed_form() -> None:
    zero, point = fixed_points(Erf(), 2.0, 0.0)
    assert zero.chi == zero.growth == pytest.approx(8 / pi, rel=1e-14)
    assert not zero.stable
    assert point.variance is not None
    assert sin(point.variance * pi / 4) == pytest.approx(2 * point.variance / (1 + 2 * point.variance), rel=1e-12)
    assert point.chi == pytest.approx(8 / pi / sqrt(1 + 4 * point.variance), rel=1e-12)
    assert point.growth == pytest.approx(8 / pi / (1 + 2 * point.variance) / sqrt(1 + 4 * point.variance), rel=1e-12)
    assert point.stable


def test_the_fixed_point_of_exu_is_nearly_but_not_quite_critical() -> None:
    zero, point = fixed_points(Exu(), 1.0, 0.0)
    assert not zero.stable
    assert point.variance == pytest.approx(0.9858873631, abs=5e-11)
    assert point.chi == pytest.approx(1.0708689667, abs=5e-11)  # 1.0348 per layer
    assert point.stable


def test_selu_keeps_variance_one() -> None:
    point = fixed_points(Selu(), 1.0, 0.0)[-1]
    assert point.variance == pytest.approx(1.0, abs=1e-12)
    assert point.chi == pytest.approx(1.0715749925, abs=5e-11)
    assert point.stable


def test_below_its_unstable_fixed_point_the_signal_of_stanh_collapses_faster_than_at_any_rate() -> None:
    zero, point = fixed_points(Stanh(), 2.0, 0.0)
    assert (zero.variance, zero.growth, zero.chi, zero.stable) == (0.0, 0.0, 0.0, True)
    assert zero.depth_scale == zero.correlation_depth == 0.0
    assert not point.stable
    assert point.chi is not None
    assert point.chi > 1.0


def test_exp_has_two_fixed_points_below_a_known_weight_and_none_above() -> None:
    """σ_w²·e^(2q) = q has two roots while σ_w² < 1/2e."""
    below = fixed_points(written("exp(z)"), 0.99 / (2 * e), 0.0)
    assert [point.stable for point in below] == [True, False]
    assert fixed_points(written("exp(z)"), 1.01 / (2 * e), 0.0) == []


def test_two_fixed_points_that_meet_are_one_that_holds_from_one_side_alone() -> None:
    (point,) = fixed_points(written("exp(z)"), 1 / (2 * e), 0.0)
    assert point.variance == pytest.approx(0.5, abs=1e-6)
    assert not point.stable


@pytest.mark.parametrize(
    ("activation", "sigma_w2", "stable"),
    [(Tanh(), 1.0, True), (Hardtanh(), 1.0, True), (Gelu(), 4.0, False), (written("z + z^3"), 1.0, False)],
)
def test_the_neighbours_decide_where_the_rate_at_the_origin_is_one(
    activation: Activation, sigma_w2: float, stable: bool
) -> None:
    (point,) = fixed_points(activation, sigma_w2, 0.0)
    assert (point.variance, point.growth, point.chi, point.stable) == (0.0, 1.0, 1.0, stable)
    assert point.growth == pytest.approx(1.0, abs=1e-9)
    assert point.correlation_depth is point.depth_scale is None


def test_a_fixed_point_just_beside_the_origin_is_told_from_it() -> None:
    zero, point = fixed_points(Tanh(), 1.0 + 1e-6, 0.0)
    assert not zero.stable
    assert point.variance == pytest.approx(5e-7, rel=1e-4)
    assert point.stable


def test_a_signal_without_weights_is_that_of_the_biases() -> None:
    (point,) = fixed_points(Sigmoid(), 0.0, 0.25)
    assert (point.variance, point.growth, point.chi) == pytest.approx((0.25, 0.0, 0.0), abs=1e-14)
    assert positions(fixed_points(Sigmoid(), 0.0, 0.0)) == [0.0]


def test_an_average_that_falls_with_the_variance_makes_it_swing() -> None:
    """E[e^(−2z²)] = 1/√(1 + 4q)."""
    (point,) = fixed_points(written("exp(-z^2)"), 3.0, 0.0)
    assert point.variance is not None
    assert 3 / sqrt(1 + 4 * point.variance) == pytest.approx(point.variance, rel=1e-12)
    assert point.growth == pytest.approx(-6 / (1 + 4 * point.variance) ** 1.5, rel=1e-11)
    assert point.stable


@pytest.mark.parametrize(("sigma_w2", "variances"), [(0.5, [0.0, 5e11]), (2.0, [0.0])])
def test_fixed_points_are_looked_for_up_to_a_variance_of_1e12(sigma_w2: float, variances: list[float]) -> None:
    found = positions(fixed_points(written("1e6*tanh(z)"), sigma_w2, 0.0))
    assert found == pytest.approx(variances, rel=1e-5)


SHRINKING = ["exp(-z^2)", "exp(-100z^2)", "1/(1 + z^4)", "where(abs(z) < 1, 1, 0)", "sech(z)^8", "z*exp(-z^2)"]


@pytest.mark.parametrize("sigma_w2", [0.1, 3.0, 1e3, 1e6])
@pytest.mark.parametrize("formula", SHRINKING)
def test_however_fast_an_average_falls_no_variance_swings_wider_and_wider(formula: str, sigma_w2: float) -> None:
    """d ln E[φ²]/d ln q ≥ −½, whatever φ is: so of falling averages every fixed point above 0 draws others near."""
    *_, point = fixed_points(written(formula), sigma_w2, 0.1)
    assert point.growth is not None
    assert -0.5 - 1e-9 <= point.growth < 1.0
    assert point.stable
    q = 3.0 * (point.variance or 0.0)
    for _ in range(60):
        q = after(written(formula), sigma_w2, 0.1, q)
    assert q == pytest.approx(point.variance, rel=1e-6)


@pytest.mark.parametrize("sigma_b2", [5e-324, 1e-310, 1e-100])
def test_biases_as_small_as_a_float_can_be_are_answered(sigma_b2: float) -> None:
    assert all(point.variance >= 0.0 for point in fixed_points(Tanh(), 0.5, sigma_b2))


def test_what_is_infinite_has_no_number() -> None:
    """E[|√q Z|] = √(2q/π)."""
    zero, point = fixed_points(written("sqrt(abs(z))"), 1.0, 0.0)
    assert (zero.growth, zero.chi, zero.stable) == (None, None, False)
    assert (point.variance, point.growth) == pytest.approx((2 / pi, 0.5), rel=1e-12)
    assert point.chi is None
    assert point.stable
    assert fixed_points(written("sqrt(z)"), 1.0, 0.0) == []


@pytest.mark.parametrize("activation", ELEMENTWISE, ids=named)
def test_the_map_keeps_its_fixed_points_and_is_drawn_to_the_stable_ones(activation: Activation) -> None:
    for sigma_w2, sigma_b2 in ((0.5, 0.0), (1.5, 0.0), (1.5, 0.04), (4.0, 1.0)):
        with case(sigma_w2, sigma_b2):
            for point in fixed_points(activation, sigma_w2, sigma_b2):
                if point.variance:
                    assert after(activation, sigma_w2, sigma_b2, point.variance) == pytest.approx(
                        point.variance, rel=1e-9
                    )
                    assert point.chi == pytest.approx(sigma_w2 * moments(activation, point.variance).slope, rel=1e-9)
                    nearby = point.variance * np.array([0.999, 1.001])
                    moved = [after(activation, sigma_w2, sigma_b2, q) for q in nearby]
                    assert point.growth == pytest.approx(
                        (moved[1] - moved[0]) / (nearby[1] - nearby[0]), rel=1e-4, abs=1e-6
                    )
                    assert point.stable == (np.abs(np.subtract(moved, point.variance)).max() < 0.001 * point.variance)


def after(activation: Activation, sigma_w2: float, sigma_b2: float, q: float) -> float:
    return sigma_w2 * moments(activation, q).square + sigma_b2


@pytest.mark.parametrize("activation", ELEMENTWISE, ids=named)
def test_no_variance_settles_where_no_fixed_point_is(activation: Activation) -> None:
    known = [point.variance or 0.0 for point in fixed_points(activation, 1.5, 0.04)]
    for start in (1e-3, 1.0, 1e3):
        before, q = start, after(activation, 1.5, 0.04, start)
        for _ in range(100):
            before, q = q, after(activation, 1.5, 0.04, q) if q < 1e100 else inf
        settled = abs(q - before) < 1e-9 * q
        assert not settled or min((abs(q - one) / q for one in known), default=inf) < 1e-6
