"""Laws that every activation keeps, whichever files the folder of activations holds."""

import re

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import erf

from api_tests.cases import case
from api_tests.nn.variants import every, named, variants
from api_tests.nn.written_formulas import evaluated
from service.core.kinds import members
from service.formulas.language.write import plain
from service.nn.activations import Activation
from service.nn.activations.smooth import Tanh
from service.theory.bounds import bounds, largest_slope

Numbers = npt.NDArray[np.float64]

EVERY: list[Activation] = every(Activation)
ELEMENTWISE = [one for one in EVERY if not one.only_output]
BUILT_IN = [one for one in ELEMENTWISE if one.kind_name() != "expression"]
BOUNDED = [one for one in BUILT_IN if np.isfinite(largest_slope(one))]
UNBOUNDED = [one for one in BUILT_IN if one not in BOUNDED]
KINDS = members(Activation)
SMOOTH = Activation.convention

QUARTERS = np.arange(-48, 49) / 4.0  # every kink is at one of these
BETWEEN = np.arange(-12.0, 12.0, 0.0371) + 0.0123
GRID = np.concatenate([np.linspace(-13.0, 13.0, 26001), np.geomspace(1e-9, 1e4, 400), -np.geomspace(1e-9, 1e4, 400)])
HARD = np.array([-1e4, -1e3, -700.0, 0.0, 700.0, 1e3, 1e4])
APPROXIMATE = {"gelu-approximate=tanh": 2e-3}
"""How far the formula that is printed may be from what is computed, where the kind says that it approximates."""


def range_of(activation: Activation) -> tuple[float, float]:
    known = bounds(activation.closed).derivative
    assert known.inf.certified
    assert known.sup.certified
    assert known.inf.low is not None
    assert known.sup.high is not None
    return known.inf.low, known.sup.high


def table(cases: list[Activation]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("activation", cases, ids=named)


def slope(activation: Activation, x: Numbers) -> Numbers:
    """df at x, through the interface the passes use."""
    return activation.df(x, activation.f(x))


def difference(activation: Activation, x: Numbers, h: float = 1e-3) -> Numbers:
    """The central difference of fourth order."""
    near, far = (activation.f(x + step) - activation.f(x - step) for step in (h, 2.0 * h))
    return (8.0 * near - far) / (12.0 * h)


def one_sided(activation: Activation, x: Numbers, h: float) -> Numbers:
    """The difference of second order that looks to the right where h is positive, to the left where it is negative."""
    return (4.0 * activation.f(x + h) - 3.0 * activation.f(x) - activation.f(x + 2.0 * h)) / (2.0 * h)


def kinks(activation: Activation) -> Numbers:
    """Where the slope jumps."""
    left, right = one_sided(activation, QUARTERS, -1e-5), one_sided(activation, QUARTERS, 1e-5)
    return QUARTERS[np.abs(left - right) > 1e-4]


def sides(activation: Activation, corners: Numbers) -> Numbers:
    """−1 where the convention takes the left slope, 1 where it takes the right one."""
    side = re.search(r"the (left|right|outer) one", activation.convention)
    if side is None:
        pytest.fail(f"{named(activation)} has kinks at {corners}, and its convention names no side")
    outwards = np.sign(corners - 0.5 * (corners.min() + corners.max()))
    return {"left": -np.ones_like(corners), "right": np.ones_like(corners), "outer": outwards}[side[1]]


KINKED = [one for one in ELEMENTWISE if kinks(one).size]


@table(ELEMENTWISE)
def test_the_derivative_is_the_slope_of_the_function(activation: Activation) -> None:
    away = BETWEEN[np.abs(BETWEEN - np.round(BETWEEN * 4.0) / 4.0) > 2.5e-3]  # the stencil straddles no kink
    np.testing.assert_allclose(slope(activation, away), difference(activation, away), rtol=1e-6, atol=1e-10)


@table(ELEMENTWISE)
def test_where_both_sides_agree_the_derivative_is_what_they_agree_on(activation: Activation) -> None:
    x = np.setdiff1d(QUARTERS, kinks(activation))
    np.testing.assert_allclose(slope(activation, x), one_sided(activation, x, 1e-5), rtol=1e-6, atol=1e-8)


@table(KINKED)
def test_at_a_kink_the_derivative_is_that_of_the_side_the_convention_names(activation: Activation) -> None:
    corners = kinks(activation)
    for corner, side in zip(corners, sides(activation, corners), strict=True):
        at = np.array([corner])
        np.testing.assert_allclose(slope(activation, at), one_sided(activation, at, side * 1e-5), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind_name())
def test_a_convention_is_stated_exactly_where_a_kind_has_kinks(kind: type[Activation]) -> None:
    elementwise = [one for one in variants(kind) if one in BUILT_IN]
    if not elementwise:
        pytest.skip("its kinks are those of its formula")
    assert any(kinks(one).size for one in elementwise) == (kind.convention != SMOOTH)


@table(BOUNDED)
def test_the_range_contains_every_slope_and_is_approached(activation: Activation) -> None:
    beside = kinks(activation)
    met = slope(activation, np.concatenate([GRID, beside - 1e-9, beside + 1e-9]))
    low, high = range_of(activation)
    assert low - 1e-14 <= met.min() <= low + 1e-6
    assert high - 1e-6 <= met.max() <= high + 1e-14
    assert largest_slope(activation) == max(-low, high)


@table(BOUNDED)
@settings(deadline=None, max_examples=40)
@given(a=st.floats(-50.0, 50.0), b=st.floats(-50.0, 50.0))
def test_no_chord_is_steeper_than_the_range_of_the_derivative(activation: Activation, a: float, b: float) -> None:
    left, right = min(a, b), max(a, b)
    rise = float(np.diff(activation.f(np.array([left, right])))[0])
    low, high = range_of(activation)
    rounding = 1e-14 * (1.0 + max(-low, high)) * (1.0 + abs(a) + abs(b))
    assert low * (right - left) - rounding <= rise <= high * (right - left) + rounding


@table(BUILT_IN)
def test_the_printed_formula_and_derivative_are_those_that_are_computed(activation: Activation) -> None:
    names = {**dict(activation), "z": QUARTERS}
    error = APPROXIMATE.get(named(activation), 1e-12)
    computed = {activation.definition: activation.f(QUARTERS), plain(activation.slope): slope(activation, QUARTERS)}
    for text, found in computed.items():
        written = np.broadcast_to(evaluated(text, np, erf, **names), QUARTERS.shape)
        np.testing.assert_allclose(found, written, rtol=1e-12, atol=error)


@table(BUILT_IN)
def test_the_kinks_of_the_formula_are_those_of_the_function(activation: Activation) -> None:
    np.testing.assert_allclose(activation.kinks, kinks(activation), atol=1e-15)


@table([one for one in EVERY if one not in UNBOUNDED])
def test_hard_arguments_give_finite_values_without_a_warning(activation: Activation) -> None:
    for precision in (np.float32, np.float64):
        with case(precision):
            x = HARD.astype(precision)
            with np.errstate(all="raise", under="ignore"):
                y = activation.f(x)
                dy = activation.df(x, y)
                back = activation.vjp(dy, y, np.ones_like(y))
            assert np.isfinite([y, dy, back]).all()


@table(UNBOUNDED)
def test_what_grows_beyond_the_precision_is_infinite_there_and_never_not_a_number(activation: Activation) -> None:
    assert named(activation) == "exponential"
    for precision in (np.float32, np.float64):
        with case(precision), np.errstate(over="ignore", under="ignore"):
            y = activation.f(HARD.astype(precision))
            slopes = activation.df(HARD.astype(precision), y)
            inside = np.log(np.finfo(precision).max) >= HARD
            assert np.isfinite(y[inside]).all()
            assert (y[~inside] == np.inf).all()
            np.testing.assert_array_equal(slopes, y)


@table(BOUNDED)
def test_as_far_out_as_the_precision_reaches_the_slope_stays_in_its_range(activation: Activation) -> None:
    for precision, far in ((np.float32, 1e30), (np.float64, 1e30), (np.float64, 1e300)):
        with case(precision, far):
            x = np.array([-far, far], dtype=precision)
            with np.errstate(over="ignore", under="ignore"):
                y = activation.f(x)
                dy = activation.df(x, y)
            low, high = range_of(activation)
            assert np.isfinite(y).all()
            assert ((low - 1e-6 <= dy) & (dy <= high + 1e-6)).all()


@table(EVERY)
def test_single_precision_in_gives_single_precision_out_and_nearly_the_same_numbers(activation: Activation) -> None:
    single = QUARTERS.astype(np.float32)  # exact
    y = activation.f(single)
    dy = activation.df(single, y)
    back = activation.vjp(dy, y, np.ones_like(y))
    assert {array.dtype for array in (y, dy, back)} == {np.dtype(np.float32)}
    np.testing.assert_allclose(y, activation.f(QUARTERS), rtol=2e-6, atol=2e-6)
    np.testing.assert_allclose(dy, slope(activation, QUARTERS), rtol=2e-6, atol=2e-6)


@table([one for one in EVERY if one.probability])
def test_what_calls_itself_a_probability_lies_between_zero_and_one(activation: Activation) -> None:
    values = activation.f(GRID.reshape(-1, 1) * np.array([1.0, -0.5, 0.0]))
    assert values.min() >= 0.0
    assert values.max() <= 1.0
    assert np.ptp(values) > 0.9


@table([one for one in ELEMENTWISE if not one.probability and not one.only_output])
def test_what_leaves_the_unit_interval_does_not_call_itself_a_probability(activation: Activation) -> None:
    with np.errstate(over="ignore"):
        values = activation.f(GRID)
    assert values.min() < 0.0 or values.max() > 1.0


def test_every_activation_says_what_it_is_and_where_it_comes_from() -> None:
    for kind in KINDS:
        for field in ("definition", "convention", "source", "__doc__"):
            with case(kind.kind_name(), field):
                assert getattr(kind, field).strip()


@pytest.mark.parametrize("innermost", [False, True])
def test_a_slope_of_tanh_is_known_in_its_tails_and_whatever_stands_beside_it(innermost: bool) -> None:
    """In double precision tails are computed by another formula, picked out where there are few, by the whole else."""
    tanh, near = Tanh(), np.linspace(-2.5, 2.5, 2000)
    tails = np.concatenate([np.linspace(-300.0, -2.6, 40), np.linspace(2.6, 300.0, 40)])
    for z in (near, tails, np.concatenate([near, tails]), np.concatenate([near[:40], tails])):
        signal = z.reshape(-1, 2, 2).T if innermost else z.reshape(2, 2, -1)
        found = tanh.df(signal, np.tanh(signal))
        np.testing.assert_allclose(found, 4.0 / (np.exp(signal) + np.exp(-signal)) ** 2, rtol=2e-14)
        alone = [tanh.df(one, np.tanh(one)).item() for one in signal.reshape(-1, 1)]
        assert found.reshape(-1).tolist() == alone
