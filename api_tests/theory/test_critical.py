"""Critical initialisations against the literature's numbers, closed forms and what layers really do."""

from math import exp, pi, sqrt

import pytest

from api_tests.cases import case
from api_tests.nn.variants import named
from api_tests.theory.known import ELEMENTWISE, written
from service.nn.activations import Activation
from service.nn.activations.piecewise import ARelu, LeakyRelu, Relu, Relu6
from service.nn.activations.smooth import Erf, Gelu, Linear, Sigmoid, Sin, Softplus, Softsign, Stanh, Tanh
from service.theory.critical import critical_initialisations
from service.theory.facts import CriticalInitialisation
from service.theory.fixed_points import fixed_points
from service.theory.gaussian import moments


def only(activation: Activation, sigma_b2: float) -> CriticalInitialisation:
    found = critical_initialisations(activation, sigma_b2)
    assert found.reason is None
    (one,) = found.initialisations
    return one


@pytest.mark.parametrize(("activation", "sigma_w"), [(Tanh(), 1.3041), (Erf(), 1.1528), (Softsign(), 1.7296)])
def test_with_biases_of_deviation_a_fifth_the_weights_are_those_of_the_literature(
    activation: Activation, sigma_w: float
) -> None:
    one = only(activation, 0.2**2)
    assert sqrt(one.weight_variance) == pytest.approx(sigma_w, abs=5.1e-5)
    assert one.fixed_point.stable


@pytest.mark.parametrize(
    ("activation", "sigma_w2"),
    [
        (Relu(), 2.0),
        (ARelu(), 2 / (1 + 0.1**2)),
        (LeakyRelu(negative_slope=0.3), 2 / (1 + 0.3**2)),
        (Linear(), 1.0),
        (written("abs(z)"), 1.0),
    ],
)
def test_a_rectifier_is_critical_at_every_variance_without_biases_and_never_with_them(
    activation: Activation, sigma_w2: float
) -> None:
    one = only(activation, 0.0)
    assert one.weight_variance == pytest.approx(sigma_w2, rel=1e-12)
    assert one.fixed_point.variance is None
    assert one.fixed_point.growth == pytest.approx(1.0, abs=1e-9)
    with_biases = critical_initialisations(activation, 0.04)
    assert with_biases.initialisations == []
    assert "χ is below 1 at every stable fixed point" in str(with_biases.reason)


@pytest.mark.parametrize(
    ("activation", "sigma_w2"), [(Tanh(), 1.0), (Erf(), pi / 4), (Sin(), 1.0), (Softsign(), 1.0), (Relu6(), 2.0)]
)
def test_without_biases_a_saturating_activation_is_critical_where_its_signal_dies_slowly(
    activation: Activation, sigma_w2: float
) -> None:
    one = only(activation, 0.0)
    assert one.weight_variance == pytest.approx(sigma_w2, rel=1e-14)
    assert (one.fixed_point.variance, one.fixed_point.chi, one.fixed_point.stable) == (0.0, 1.0, True)


def test_the_critical_point_of_erf_solves_its_closed_form() -> None:
    one = only(Erf(), 0.04)
    assert one.fixed_point.variance is not None
    assert one.weight_variance == pytest.approx(pi / 4 * sqrt(1 + 4 * one.fixed_point.variance), rel=1e-12)


def test_a_bump_is_critical_at_a_known_place() -> None:
    """φ = e^(−z²): E[φ²] = s^(−1/2), E[φ'²] = 4q·s^(−3/2), s = 1 + 4q, so q = s/4q: q = (1 + √2)/2."""
    one = only(written("exp(-z^2)"), 0.0)
    assert one.fixed_point.variance == pytest.approx((1 + sqrt(2)) / 2, rel=1e-12)
    assert one.fixed_point.growth == pytest.approx(1 - sqrt(2), rel=1e-11)


@pytest.mark.parametrize("sigma_b2", [0.0, 0.04, 0.27])
def test_stanh_has_no_critical_initialisation_and_the_reason_why(sigma_b2: float) -> None:
    found = critical_initialisations(Stanh(), sigma_b2)
    assert found.initialisations == []
    assert found.reason is not None
    assert (
        "no fixed point above q = 0 draws others near" if sigma_b2 == 0.0 else "χ is 1 only at q = "
    ) in found.reason


def test_large_biases_make_even_stanh_critical() -> None:
    """From σ_b² = 0.2759 on the variance at which χ is 1 lies where z·tanh z is nearly |z|, and is held there."""
    one = only(Stanh(), 0.28)
    assert one.fixed_point.growth is not None
    assert 0.99 < one.fixed_point.growth < 1.0


@pytest.mark.parametrize(
    ("activation", "sigma_b2", "words"),
    [
        (written("sign(z)"), 0.04, "derivative is 0"),
        (written("3 + 0 * z"), 0.0, "derivative is 0"),
        (written("sqrt(abs(z))"), 0.0, "infinite"),
        (written("z^3"), 0.0, "multiplied by 3 in every layer"),
        (Gelu(), 0.0, "χ is 1 only at q = 0 (with σ_w² = 4)"),
        (Softplus(), 0.04, "χ is below 1"),
        (written("1 - cos(z)"), 0.0, "χ is above 1"),
    ],
)
def test_where_there_is_none_a_sentence_says_why(activation: Activation, sigma_b2: float, words: str) -> None:
    found = critical_initialisations(activation, sigma_b2)
    assert found.initialisations == []
    assert words in str(found.reason)


@pytest.mark.parametrize("sigma_b2", [0.0, 0.04])
def test_exp_is_critical_nowhere_because_its_variance_runs_away(sigma_b2: float) -> None:
    """χ = 1 at q = 1 + σ_b² with σ_w² = e^(−2q), where dV/dq = 2."""
    found = critical_initialisations(written("exp(z)"), sigma_b2)
    assert f"q = {1 + sigma_b2:.4g} (with σ_w² = {exp(-2 * (1 + sigma_b2)):.4g})" in str(found.reason)


@pytest.mark.parametrize("activation", ELEMENTWISE, ids=named)
def test_whatever_is_returned_is_critical_and_kept_by_the_map(activation: Activation) -> None:
    for sigma_b2 in (0.0, 1e-8, 0.04, 1.0, 100.0):
        with case(sigma_b2):
            found = critical_initialisations(activation, sigma_b2)
            assert (found.reason is None) == bool(found.initialisations)
            for one in found.initialisations:
                point = one.fixed_point
                assert point.stable
                assert point.correlation_depth is None
                q = 1e-24 if point.variance == 0.0 else point.variance or 7.0
                at_q = moments(activation, q)
                assert one.weight_variance * at_q.slope == pytest.approx(1.0, abs=1e-9)
                assert one.weight_variance * at_q.square + sigma_b2 == pytest.approx(q, rel=1e-9)
                for start in (0.99 * q, 1.01 * q):
                    assert_no_farther(activation, one, sigma_b2, start)


def assert_no_farther(activation: Activation, one: CriticalInitialisation, sigma_b2: float, start: float) -> None:
    end, home = start, one.fixed_point.variance if one.fixed_point.variance is not None else start
    for _ in range(30):
        end = one.weight_variance * moments(activation, end).square + sigma_b2
    assert abs(end - home) <= abs(start - home) + 1e-12 * start


@pytest.mark.parametrize("activation", [Tanh(), Sigmoid(), Softsign()], ids=named)
def test_at_a_critical_initialisation_that_very_fixed_point_is_found(activation: Activation) -> None:
    one = only(activation, 0.04)
    (point,) = (point for point in fixed_points(activation, one.weight_variance, 0.04) if point.stable)
    assert point.variance == pytest.approx(one.fixed_point.variance, rel=1e-9)
    assert point.chi == pytest.approx(1.0, abs=1e-9)


def test_the_same_question_has_the_same_answer_to_the_last_bit() -> None:
    for activation in (Tanh(), Sigmoid(), written("z*tanh(z)")):
        assert critical_initialisations(activation, 0.04) == critical_initialisations(activation, 0.04)
        assert fixed_points(activation, 1.3, 0.04) == fixed_points(activation, 1.3, 0.04)
