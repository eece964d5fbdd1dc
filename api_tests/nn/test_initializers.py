"""Every initialiser against the closed form of what it draws."""

import re
from collections.abc import Callable
from math import ceil, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pydantic import ValidationError
from scipy.stats import truncnorm

from api_tests.cases import case
from api_tests.nn.sampling import TRIALS, assert_mean_and_variance
from api_tests.nn.variants import every, named
from service.nn.initializers import Initializer
from service.nn.initializers.base import (
    Distribution,
    FanMode,
    GlorotUniform,
    HeUniform,
    LecunUniform,
    Normal,
    TruncatedNormal,
    Uniform,
    VarianceScaling,
)
from service.nn.initializers.constants import Constant, Ones, Zeros
from service.nn.initializers.matrices import ExplicitInitializer, Identity, Orthogonal, Sparse
from service.nn.randomness import Randomness

Numbers = npt.NDArray[np.floating[Any]]
Moments = tuple[float, float]

FAN_IN, FAN_OUT = 24, 10
RANDOM: list[Initializer] = [one for one in every(Initializer) if one.random]
FIXED: list[Initializer] = [one for one in every(Initializer) if not one.random]
CUT_VARIANCE = 0.7737413035499232
"""1 − 2·2·φ(2) / (2Φ(2) − 1): the variance of a standard normal cut at ±2."""


def drawn(initializer: Initializer, fan_in: int = FAN_IN, fan_out: int = FAN_OUT, trials: int = TRIALS) -> Numbers:
    """Weights of (trials, fan_in, fan_out)."""
    return initializer.draw((fan_in, fan_out), fan_in, fan_out, Randomness(11, range(trials)).tensor(2))


def _scaling(one: Any, n: int, m: int) -> Moments:
    return 0.0, one.scale / {"fan_in": n, "fan_out": m, "fan_avg": (n + m) / 2}[one.mode.value]


# Mean and variance of an entry of an (n, m) matrix.
CLOSED_FORMS: dict[str, Callable[[Any, int, int], Moments]] = {
    "glorot_normal": lambda one, n, m: (0.0, 2.0 / (n + m)),
    "glorot_uniform": lambda one, n, m: (0.0, 2.0 / (n + m)),
    "he_normal": lambda one, n, m: (0.0, 2.0 / n),
    "he_uniform": lambda one, n, m: (0.0, 2.0 / n),
    "lecun_normal": lambda one, n, m: (0.0, 1.0 / n),
    "lecun_uniform": lambda one, n, m: (0.0, 1.0 / n),
    "normal": lambda one, n, m: (one.mean, one.std**2),
    "orthogonal": lambda one, n, m: (0.0, one.gain**2 / max(n, m)),
    "sparse": lambda one, n, m: (0.0, one.std**2 * (1.0 - ceil(one.sparsity * n) / n)),
    "truncated_normal": lambda one, n, m: (one.mean, one.std**2 * CUT_VARIANCE),
    "uniform": lambda one, n, m: ((one.low + one.high) / 2.0, (one.high - one.low) ** 2 / 12.0),
    "variance_scaling": _scaling,
}


@pytest.mark.parametrize("initializer", RANDOM, ids=named)
def test_entries_have_the_mean_and_the_variance_of_the_closed_form(initializer: Initializer) -> None:
    for fan_in, fan_out in ((FAN_IN, FAN_OUT), (7, 31)):
        with case(fan_in, fan_out):
            mean, variance = CLOSED_FORMS[initializer.kind_name()](initializer, fan_in, fan_out)
            assert_mean_and_variance(drawn(initializer, fan_in, fan_out), mean, variance)


def different_matrices(initializer: Initializer, shape: tuple[int, int]) -> tuple[int, int]:
    """How many trials to draw, and how many different matrices they have."""
    if isinstance(initializer, Sparse) and ceil(initializer.sparsity * shape[0]) == shape[0]:
        return 6, 1  # every weight is cut
    if isinstance(initializer, Orthogonal) and shape == (1, 1):
        return 60, 2  # ±gain
    return 6, 6


@pytest.mark.parametrize("initializer", RANDOM, ids=named)
def test_every_trial_and_every_tensor_gets_a_matrix_of_its_own(initializer: Initializer) -> None:
    for shape in ((1, 1), (1, 5), (5, 1), (3, 4), (4, 3)):
        with case(shape):
            trials, different = different_matrices(initializer, shape)
            randomness = Randomness(3, range(trials))
            one, other = (initializer.draw(shape, *shape, randomness.tensor(index)) for index in (2, 3))
            assert one.shape == other.shape == (trials, *shape)
            assert np.isfinite(one).all()
            assert len(np.unique(one.reshape(trials, -1), axis=0)) == different
            assert not one.any() or not np.array_equal(one, other)


@pytest.mark.parametrize("initializer", FIXED, ids=named)
def test_what_is_not_random_is_drawn_once_for_all_trials_and_uses_no_random_number(initializer: Initializer) -> None:
    shape = initializer.shape_of_values() or (3, 4)
    one = initializer.draw(shape, *shape, Randomness(3, range(6)).tensor(2))
    other = initializer.draw(shape, *shape, Randomness(4, range(9)).tensor(5))
    assert one.shape == (1, *shape)
    assert np.array_equal(one, other)


@pytest.mark.parametrize(
    ("initializer", "shape", "expected"),
    [
        (Zeros(), (2, 3), [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]),
        (Ones(), (2, 1), [[1.0], [1.0]]),
        (Constant(value=-2.5), (1, 3), [[-2.5, -2.5, -2.5]]),
        (Identity(), (2, 2), [[1.0, 0.0], [0.0, 1.0]]),
        (Identity(), (2, 3), [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]),
        (Identity(), (3, 2), [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]),
        (ExplicitInitializer(values=[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), (2, 3), [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
        (ExplicitInitializer(values=[0.1, 0.2]), (1, 2), [[0.1, 0.2]]),
        (ExplicitInitializer(values=[1.0, 2.0, 3.0, 4.0], shape=[2, 2]), (2, 2), [[1.0, 2.0], [3.0, 4.0]]),
    ],
)
def test_given_values_are_what_comes_out(
    initializer: Initializer, shape: tuple[int, int], expected: list[list[float]]
) -> None:
    assert drawn(initializer, *shape).tolist() == [expected]


@pytest.mark.parametrize("gain", [1.0, 2.5, 0.0])
@pytest.mark.parametrize("shape", [(6, 6), (4, 9), (9, 4), (1, 5), (5, 1), (1, 1)], ids=str)
def test_the_fewer_of_rows_and_columns_are_orthogonal_and_as_long_as_the_gain(
    shape: tuple[int, int], gain: float
) -> None:
    matrix = drawn(Orthogonal(gain=gain), *shape, trials=20)
    turned = matrix.swapaxes(-1, -2)
    product = matrix @ turned if shape[0] < shape[1] else turned @ matrix
    expected = np.broadcast_to(gain**2 * np.eye(min(shape)), product.shape)
    np.testing.assert_allclose(product, expected, atol=1e-14 * max(1.0, gain**2))


@pytest.mark.parametrize("shape", [(3, 3), (2, 5), (5, 2)], ids=str)
def test_orthogonal_matrices_have_no_favourite_direction(shape: tuple[int, int]) -> None:
    matrix = drawn(Orthogonal(), *shape, trials=4000)
    error = 5.0 / sqrt(4000 * max(shape))
    assert np.abs(matrix.mean(axis=0)).max() < error
    assert np.abs(np.square(matrix).mean(axis=0) - 1.0 / max(shape)).max() < error


@pytest.mark.parametrize("sparsity", [0.0, 0.1, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("fan_in", [1, 7, 20])
def test_as_many_of_a_units_weights_are_zero_as_the_sparsity_says_rounded_up(sparsity: float, fan_in: int) -> None:
    weights = drawn(Sparse(sparsity=sparsity), fan_in, 6, trials=50)
    assert set(np.unique((weights == 0.0).sum(axis=-2))) == {ceil(sparsity * fan_in)}


def test_every_input_is_equally_likely_to_be_cut_and_units_are_cut_independently() -> None:
    zero = drawn(Sparse(sparsity=0.5), 8, 2, trials=4000) == 0.0
    error = 5.0 / (2.0 * sqrt(4000))
    assert np.abs(zero.mean(axis=0) - 0.5).max() < error
    assert np.abs((zero[..., 0] & zero[..., 1]).mean(axis=0) - 0.25).max() < error


@pytest.mark.parametrize(
    ("initializer", "low", "high"),
    [
        (TruncatedNormal(), -2.0, 2.0),
        (TruncatedNormal(mean=5.0, std=0.5), 4.0, 6.0),
        (
            VarianceScaling(distribution=Distribution.TRUNCATED_NORMAL),
            *(s * 2.0 / sqrt(24 * CUT_VARIANCE) for s in (-1, 1)),
        ),
        (Uniform(), -0.05, 0.05),
        (Uniform(low=1.0, high=4.0), 1.0, 4.0),
        (VarianceScaling(distribution=Distribution.UNIFORM), -sqrt(3 / 24), sqrt(3 / 24)),
        (GlorotUniform(), -sqrt(6 / 34), sqrt(6 / 34)),
        (HeUniform(), -sqrt(6 / 24), sqrt(6 / 24)),
        (LecunUniform(), -sqrt(3 / 24), sqrt(3 / 24)),
    ],
    ids=lambda case: named(case) if isinstance(case, Initializer) else "",
)
def test_a_bounded_distribution_fills_its_range_and_never_leaves_it(
    initializer: Initializer, low: float, high: float
) -> None:
    values = drawn(initializer)
    slack = 0.001 * (high - low)
    rounding = 1e-15 * max(abs(low), abs(high))
    assert low - rounding <= values.min() < low + slack
    assert high - slack < values.max() <= high + rounding


def test_the_variance_of_a_normal_cut_at_two_deviations_is_exact() -> None:
    stated = TruncatedNormal(std=3.0).variance(1, 1)
    assert stated == pytest.approx(9.0 * truncnorm(-2.0, 2.0).var(), rel=1e-14)
    assert stated == pytest.approx(9.0 * CUT_VARIANCE, rel=1e-14)


@pytest.mark.parametrize("mode", FanMode)
def test_a_bias_is_scaled_by_the_fans_of_its_layer(mode: FanMode) -> None:
    fan = {FanMode.FAN_IN: 50, FanMode.FAN_OUT: 8, FanMode.FAN_AVG: 29}[mode]
    bias = VarianceScaling(mode=mode).draw((1, 8), 50, 8, Randomness(0, range(4000)).tensor(3))
    assert_mean_and_variance(bias, 0.0, 1.0 / fan)


@pytest.mark.parametrize(
    "initializer",
    [Normal(std=1e-60), Normal(std=1e60), VarianceScaling(scale=1e-99), VarianceScaling(scale=1e99)],
    ids=named,
)
def test_a_scale_that_a_double_can_hold_is_not_lost_on_the_way(initializer: Initializer) -> None:
    values = drawn(initializer).astype(np.float64)
    _, variance = CLOSED_FORMS[initializer.kind_name()](initializer, FAN_IN, FAN_OUT)
    assert_mean_and_variance(values / sqrt(variance), 0.0, 1.0)


def test_a_uniform_distribution_cannot_end_before_it_starts() -> None:
    with pytest.raises(ValidationError, match="low must not be above high"):
        Uniform(low=1.0, high=0.5)


def test_a_range_of_one_number_is_that_number() -> None:
    assert np.unique(drawn(Uniform(low=2.0, high=2.0))).tolist() == [2.0]


def test_every_initializer_says_what_it_is_and_where_it_comes_from() -> None:
    for initializer in RANDOM + FIXED:
        for field in ("definition", "source", "__doc__"):
            with case(initializer.kind_name(), field):
                assert getattr(type(initializer), field).strip()


def test_values_of_any_rank_are_one_list_or_rows_beside_their_shape() -> None:
    numbers = [float(number) for number in range(24)]
    for values in (numbers, [numbers[:12], numbers[12:]]):
        given = ExplicitInitializer.model_validate({"kind": "explicit", "values": values, "shape": [2, 3, 4]})
        assert given.shape_of_values() == (2, 3, 4)
        assert given.draw((6, 4), 6, 4, Randomness(1, range(2)).tensor(2)).ravel().tolist() == numbers


def test_values_fill_the_shape_they_are_given_with() -> None:
    sentence = "the shape [2, 3, 4] has 24 entries, but there are 5 values; there must be one for each"
    with pytest.raises(ValidationError, match=re.escape(sentence)):
        ExplicitInitializer(values=[1.0] * 5, shape=[2, 3, 4])
