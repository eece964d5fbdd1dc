"""Certified bounds: the literature's numbers to fifty digits, and that nothing met is ever outside."""

from fractions import Fraction
from math import inf

import numpy as np
import pytest
from hypothesis import assume, given, settings

from api_tests.formulas.growing import FORMULAS
from service.formulas.enclosures.extremes import Approach
from service.formulas.enclosures.smoothness import smoothness
from service.formulas.language.evaluation import Evaluation
from service.formulas.language.grammar import parse
from service.formulas.language.tokens import FormulaError
from service.nn.activations.piecewise import ARelu, Exu, Selu
from service.nn.activations.smooth import Gelu, Sigmoid, Silu, Stanh, Tanh
from service.theory.bounds import bounds, largest_slope
from service.theory.facts import ActivationBounds, Bound, Range

STANH = "1.199678640257733833916369848641141944261458788418607209"

# Computed apart, by secants in eighty digits or from the closed form.
STEEPEST = [
    (Stanh(), STANH),
    (Sigmoid(), "0.25"),
    (Tanh(), "1"),
    (Exu(), "1.7535"),
    (ARelu(), "1"),
    (Silu(), "1.099839320128866916958184924320570972130729394209303604"),
    (Gelu(), "1.128904145185154786340744442261973312332487013952786213"),
    (Selu(), "1.7580993408473767818340515842446"),
]


def bounded(text: str, low: float = -inf, high: float = inf) -> ActivationBounds:
    return bounds(parse(text), low, high)


def encloses(bound: Bound, truth: str) -> bool:
    assert bound.low is not None
    assert bound.high is not None
    return Fraction(bound.low) <= Fraction(truth) <= Fraction(bound.high) and bound.high - bound.low <= 1e-12


@pytest.mark.parametrize(("activation", "truth"), STEEPEST, ids=lambda case: str(case)[:12])
def test_the_steepest_slope_is_enclosed_to_fifty_digits_of_the_truth(activation: Stanh, truth: str) -> None:
    found = bounds(activation.closed).abs_derivative.sup
    assert found.certified
    assert encloses(found, truth)
    assert found.decimal is not None
    assert abs(Fraction(found.decimal) - Fraction(truth)) < Fraction(1, 10**27)
    assert largest_slope(activation) == found.high


def test_the_steepest_slope_of_stanh_is_attained_where_z_equals_it() -> None:
    found = bounds(Stanh().closed).derivative.sup
    assert found.attained
    assert [place.approach for place in found.places] == [Approach.AT]
    assert found.places[0].z == pytest.approx(float(STANH), abs=1e-15)


def test_exu_comes_as_near_to_its_bound_as_one_likes_from_the_left_of_zero_and_never_attains_it() -> None:
    found = bounds(Exu().closed).abs_derivative.sup
    assert found.attained is False
    assert [(place.approach, place.z) for place in found.places] == [(Approach.FROM_LEFT, 0.0)]


def test_a_relu_has_two_slopes_and_both_are_attained() -> None:
    found = bounds(ARelu().closed).abs_derivative
    assert encloses(found.inf, "0.1")
    assert (found.inf.attained, found.sup.attained) == (True, True)
    assert [(place.z, place.until) for place in found.inf.places] == [(None, 0.0)]


TABLE = [
    # formula, which bound, its value (None: infinite), attained
    ("tanh(z)", "value", "sup", "1", False),
    ("tanh(z)", "abs_derivative", "inf", "0", False),
    ("z/(1+exp(-z))", "value", "inf", "-0.2784645427610737951093587390229801554394774886197457655", True),
    ("sin(z)/z", "value", "inf", "-0.2172336282112216574082793255624707342230449154355874824", True),
    ("sin(z)/z", "value", "sup", "1", False),  # has no value at 0
    ("sin(50z)", "derivative", "sup", "50", True),
    ("abs(z)", "abs_derivative", "inf", "1", True),
    ("where(z > 0, z, exp(z) - 1)", "derivative", "sup", "1", True),
    ("where(z > 0, z + 1, 0)", "value", "inf", "0", True),
    ("where(z > 0, z + 1, -z^2)", "value", "sup", None, False),
    ("z^4", "value", "inf", "0", True),
    ("z^4", "derivative", "sup", None, False),
    ("sqrt(z)", "derivative", "sup", None, False),
    ("sqrt(z)", "value", "inf", "0", True),
    ("1/z", "derivative", "sup", "0", False),
    ("1/z", "value", "inf", None, False),
    ("z*min(max(z+3, 0), 6)/6", "derivative", "sup", "1.5", False),
    ("exp(-exp(-z))", "derivative", "sup", "0.3678794411714423215955237701614608674458111310317678345", True),
    ("5", "value", "sup", "5", True),
    ("1.7159*tanh(2z/3)", "derivative", "inf", "0", False),
    ("z + sin(5z)/5", "derivative", "inf", "0", True),
    # values at single points
    ("sign(z)^2", "value", "inf", "0", True),
    ("cos(sign(z))", "value", "sup", "1", True),
    ("where(abs(z) <= 0, 5, tanh(z))", "value", "sup", "5", True),
    ("1e-10*where(z < 0, 1 + z, 0)", "value", "sup", "1e-10", False),
    ("where(z^2 < 3, z, 0)", "value", "sup", "1.7320508075688772935274463415058723669428052538103806281", False),
    ("where(z^2 <= 2, z, 0)", "value", "sup", "1.4142135623730950488016887242096980785696718753769480732", True),
    ("atan(1/z)", "value", "sup", "1.5707963267948966192313216916397514420985846996875529105", False),
    ("where(z < -5, 9, sqrt(-z))", "value", "inf", "0", True),
    ("z^0.5*z^0.5", "value", "inf", "0", True),
    # saturation is no proof of attainment
    ("tanh(1e6*z)", "value", "sup", "1", False),
    ("erf(100*z)", "value", "sup", "1", False),
    ("1 - exp(-exp(-z))", "value", "sup", "1", False),
    # removable
    # where an interval Newton step stalls
    ("softplus(asinh(z)+z+5)", "derivative", "sup", "1.9869526852704395", True),
    ("(exp(z) - 1)/z", "value", "inf", "0", False),
    ("1/(z^2 - 4)", "value", "sup", None, False),
]  # fmt: skip


@pytest.mark.parametrize(("text", "quantity", "end", "truth", "attained"), TABLE)
def test_bounds_say_what_is_known_of_them(
    text: str, quantity: str, end: str, truth: str | None, attained: bool
) -> None:
    found = getattr(getattr(bounded(text), quantity), end)
    assert found.certified
    assert found.attained is attained
    assert found.unbounded is (truth is None)
    assert (found.low is None or found.high is None) if truth is None else encloses(found, truth)


def test_bounds_on_an_interval_are_attained_at_its_ends() -> None:
    found = bounded("z*tanh(z)", -1.0, 0.5)
    assert encloses(found.value.sup, "0.7615941559557648881194582826047935904127685972579365516")
    assert [(place.approach, place.z) for place in found.value.sup.places] == [(Approach.AT, -1.0)]
    assert found.derivative.inf.attained


PLACES = [
    ("where(z < -5, 9, sqrt(-z))", "inf", [0.0]),
    ("min(sqrt(abs(z+1)), sqrt(abs(z-1)))", "inf", [-1.0, 1.0]),
    ("sqrt(1 - z^2)", "inf", [-1.0, 1.0]),
    ("sqrt(abs(z))", "inf", [0.0]),
    ("z^4", "inf", [0.0]),
]


@pytest.mark.parametrize(("text", "end", "places"), PLACES)
def test_an_extreme_is_where_it_is_said_to_be(text: str, end: str, places: list[float]) -> None:
    found = getattr(bounded(text).value, end)
    assert [(place.approach, place.z) for place in found.places] == [(Approach.AT, z) for z in places]


@pytest.mark.parametrize(("text", "low", "high"), [("where(z > 0, 1, -1)", 0.0, 1.0), ("sign(z)", 0.0, 1.0)])
def test_the_ends_of_an_interval_belong_to_it(text: str, low: float, high: float) -> None:
    found = bounded(text, low, high).value.inf
    assert encloses(found, "0" if text == "sign(z)" else "-1")
    assert [(place.approach, place.z) for place in found.places] == [(Approach.AT, low)]


@pytest.mark.parametrize(("text", "truth"), [("1 - (z - 1/3)^4", "1"), ("(z - pi)^6 + 1", "1")])
def test_no_digit_is_told_that_is_not_proven(text: str, truth: str) -> None:
    value = bounded(text).value
    bound = value.sup if value.inf.unbounded else value.inf
    assert encloses(bound, truth)
    assert bound.decimal == truth


@pytest.mark.parametrize("text", ["z*sin(z)", "tan(z)", "sin(exp(z))", "tanh(z)*sin(z)", "cos(3z/(z/z))"])
def test_what_the_search_cannot_settle_is_not_certified_and_yet_encloses(text: str) -> None:
    found = bounded(text).value
    assert not found.sup.certified
    assert found.sup.attained is None
    assert found.sup.decimal is None
    assert found.sup.low is not None  # met for certain


Z = np.concatenate(
    [np.linspace(-6.0, 6.0, 2401) + 1e-4, np.geomspace(1e-6, 300.0, 200), -np.geomspace(1e-6, 300.0, 200)]
)


ENDS: list[bool] = []


def none_outside(values: np.ndarray, found: Range) -> None:
    values = values[np.isfinite(values)]
    rounding = 1e-7 * (1.0 + np.abs(values))
    if found.inf.low is not None:
        assert (values >= found.inf.low - rounding).all()
    if found.sup.high is not None:
        assert (values <= found.sup.high + rounding).all()


@settings(max_examples=200, deadline=None, derandomize=True)
@given(FORMULAS)
def test_no_enclosure_excludes_a_value_that_is_met(text: str) -> None:
    try:
        node = parse(text)
    except FormulaError:
        assume(False)
    found, kinks = bounds(node), np.array(smoothness(node).kinks)
    ENDS.append(found.value.sup.certified)
    z = Z[(np.abs(Z[:, None] - kinks) > 1e-6 * (1.0 + np.abs(kinks))).all(axis=1)]
    with np.errstate(all="ignore"):
        values, slopes = Evaluation("z", {}).values(node, z), Evaluation("z", {}).derivative(node, z)
    slopes = slopes[np.isfinite(values)]
    none_outside(values, found.value)
    none_outside(slopes, found.derivative)
    none_outside(np.abs(slopes), found.abs_derivative)


def test_most_of_what_grows_at_random_is_certified() -> None:
    if len(ENDS) < 100:
        pytest.skip("the formulas were not grown in this run")
    assert sum(ENDS) >= 0.75 * len(ENDS)
