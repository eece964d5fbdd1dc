"""The profile of an activation: every part of it right, and the whole of it readable."""

from math import log

import pytest
from hypothesis import assume, given, settings
from pydantic import ValidationError

from api_tests.formulas.growing import FORMULAS
from api_tests.nn.variants import every, named
from service.formulas.language.grammar import parse
from service.formulas.language.tokens import FormulaError
from service.nn.activations import Activation
from service.theory.facts import ActivationProfile, BreakKind, ProfileSpec
from service.theory.profile import profile
from service.theory.summary import summary


def profiled(formula: str, **fields: object) -> ActivationProfile:
    activation = {"kind": "expression", "formula": formula}
    return profile(ProfileSpec.model_validate({"activation": activation, **fields}))


@pytest.mark.parametrize("activation", every(Activation), ids=named)
def test_every_activation_has_a_profile(activation: Activation) -> None:
    found = profile(ProfileSpec(activation=activation))
    for bound in (found.bounds.value, found.bounds.derivative, found.bounds.abs_derivative):
        assert bound.inf.certified
        assert bound.sup.certified
        assert bound.inf.places
        assert bound.sup.places
    assert found.summary.endswith(".")
    assert (found.critical_reason is None) == bool(found.critical_initialisations)
    assert found.left.saturates is not None or found.period is not None
    ActivationProfile.model_validate(found.model_dump())


@pytest.mark.parametrize("formula", ["sin(z)", "abs(sin(2z)) + cos(3z)", "exp(cos(z))", "tan(z)"])
def test_what_repeats_tends_to_nothing_and_saturates_nowhere(formula: str) -> None:
    found = profiled(formula)
    assert found.period is not None
    for tail in (found.left, found.right):
        assert (tail.limit, tail.derivative_limit, tail.saturates, tail.saturated_beyond) == (None, None, None, None)


def test_stanh_is_told_as_it_is() -> None:
    found = profiled("z tanh z")
    assert found.formula == "z*tanh(z)"
    assert found.derivative == "tanh(z) + z*sech(z)^2"
    assert found.derivative_latex == r"\tanh z + z \operatorname{sech}^{2} z"
    assert found.lipschitz == pytest.approx(1.199678640257734, abs=1e-15)
    assert (found.left.saturates, found.right.derivative_limit) == (False, 1.0)
    assert found.critical_initialisations == []
    assert "1.19968 (at z = 1.19968)" in found.summary
    assert "There is no critical initialisation" in found.summary


@pytest.mark.parametrize(
    ("formula", "bias_variance", "sigma_w"),
    [("tanh(z)", 0.04, 1.3041), ("erf(z)", 0.04, 1.1528), ("z/(1+|z|)", 0.04, 1.7296), ("max(z, 0)", 0.0, 2**0.5)],
)
def test_a_formula_has_the_critical_weights_of_the_literature(
    formula: str, bias_variance: float, sigma_w: float
) -> None:
    (one,) = profiled(formula, bias_variance=bias_variance).critical_initialisations
    assert one.weight_std == pytest.approx(sigma_w, abs=5.1e-5)
    assert one.weight_variance == pytest.approx(one.weight_std**2)


def test_exu_keeps_its_variance_and_lets_the_gradient_grow_slowly() -> None:
    found = profile(ProfileSpec.model_validate({"activation": {"kind": "exu"}}))
    (point,) = [point for point in found.fixed_points if point.stable]
    assert point.variance == pytest.approx(0.98589, abs=5e-6)
    assert point.chi == pytest.approx(1.07087, abs=5e-6)
    assert "settles at variance 0.985887, where each multiplies delta by 1.03483" in found.summary


@pytest.mark.parametrize(
    ("formula", "kind", "sides"),
    [
        ("max(z, 0.1z)", BreakKind.KINK, (0.0, 0.0, 0.1, 1.0)),
        ("where(z < 0, 2, z)", BreakKind.JUMP, (2.0, 0.0, 0.0, 1.0)),
        ("1/z", BreakKind.POLE, (None, None, None, None)),
        ("sqrt(z)", BreakKind.EDGE, (None, 0.0, None, None)),
    ],
)
def test_kinks_say_what_happens_on_both_sides(
    formula: str, kind: BreakKind, sides: tuple[float | None, float | None, float | None, float | None]
) -> None:
    (kink,) = profiled(formula).kinks
    assert (kink.z, kink.kind) == (0.0, kind)
    assert (kink.value_left, kink.value_right, kink.derivative_left, kink.derivative_right) == sides


def test_saturation_begins_where_the_slope_falls_below_a_hundredth() -> None:
    found = profiled("tanh(z)")
    assert (found.left.saturated_beyond, found.right.saturated_beyond) == pytest.approx((-2.99322285, 2.99322285))
    assert (found.left.limit, found.right.limit) == (-1.0, 1.0)
    rectifier = profiled("max(z, 0)")
    assert (rectifier.left.saturates, rectifier.left.saturated_beyond) == (True, 0.0)
    assert (rectifier.right.saturates, rectifier.right.limit) == (False, None)


def test_moments_are_those_of_the_variance_asked_for() -> None:
    found = profiled("z^2", pre_activation_variance=2.0).moments
    assert (found.square, found.derivative_square) == pytest.approx((12.0, 8.0), rel=1e-10)


def test_a_function_that_jumps_has_no_lipschitz_constant() -> None:
    assert profiled("where(z < 0, 0, 1)").lipschitz is None
    assert profiled("z^2").lipschitz is None


def test_a_function_without_values_is_said_to_have_none() -> None:
    assert profiled("ln(-1-z^2)").summary == "φ has no value at any z."


def test_bounds_are_taken_on_the_interval_and_the_rest_on_the_line() -> None:
    found = profiled("z^2", interval={"low": -1.0, "high": 2.0})
    assert (found.bounds.value.sup.high, found.bounds.derivative.sup.high) == (4.0, 4.0)
    assert found.right.limit is None


def test_an_interval_has_to_rise() -> None:
    with pytest.raises(ValidationError, match=r"low \(2\) has to be below high \(1\)"):
        profiled("z", interval={"low": 2.0, "high": 1.0})


def test_softmax_is_bounded_as_one_unit_and_theory_is_silent_of_it() -> None:
    found = profile(ProfileSpec.model_validate({"activation": {"kind": "softmax"}}))
    assert found.bounds.derivative.sup.decimal == "0.25"
    assert (found.moments.square, found.fixed_points, found.critical_initialisations) == (None, [], [])
    assert "normalises over the units" in found.summary


@pytest.mark.parametrize(
    ("formula", "kind", "words"),
    [
        ("(exp(z) - 1)/z", BreakKind.HOLE, "has no value at z = 0"),
        ("sign(z)^2", BreakKind.JUMP, "jumps at z = 0, where it is 0 and 1 on both sides"),
        ("ln(abs(z))", BreakKind.POLE, "has a pole at z = 0"),
    ],
)
def test_a_break_is_called_what_it_is(formula: str, kind: BreakKind, words: str) -> None:
    found = profiled(formula)
    assert [kink.kind for kink in found.kinks] == [kind]
    assert words in found.summary
    assert found.moments.square is not None  # an integrable pole is none to the theory


def test_tiny_slopes_are_not_rounded_to_none() -> None:
    (point,) = profiled("1e-7*tanh(z)").fixed_points
    assert point.chi == pytest.approx(1e-14)
    assert point.correlation_depth == pytest.approx(-1.0 / log(1e-14))


def test_the_lipschitz_constant_of_an_interval_knows_its_jumps() -> None:
    assert profiled("sign(cos(z/3)) + tanh(z)", interval={"low": 4.0, "high": 6.0}).lipschitz is None
    assert profiled("where(z < 0, 5, z)", interval={"low": 1.0, "high": 2.0}).lipschitz == 1.0


@settings(max_examples=60, deadline=None, derandomize=True)
@given(FORMULAS)
def test_whatever_can_be_written_has_a_profile(text: str) -> None:
    try:
        parse(text)
    except FormulaError:
        assume(False)
    found = profiled(text)
    assert found.summary.endswith(".")
    assert "nan" not in found.summary
    assert ActivationProfile.model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize(
    ("formula", "end"),
    [
        (
            "where(z > 0, 1.0507009873554805*z, 1.7580993408473766*(exp(z) - 1))",  # SELU
            "In wide layers σ_w² = 0.476771 is critical, but only where the variance has sunk to q = 0: it sinks "
            "slowly, and over 50 layers the gradient changes by −1.41 decades on the way. Over 50 layers, from "
            "inputs of mean square 1, σ_w² = 0.7251 keeps it.",
        ),
        ("max(-1, min(1, z))", "Gradients neither vanish nor explode in wide layers at σ_w² = 1."),  # −0.27 decades
        ("max(0, z)", "Gradients neither vanish nor explode in wide layers at σ_w² = 2."),
        (
            "z*(1 + erf(z/sqrt(2)))/2",
            "grows from layer to layer. Over 50 layers, from inputs of mean square 1, σ_w² = 2.15 keeps it.",
        ),
    ],
)
def test_what_critical_weights_do_on_the_way_is_told_and_which_keep_a_gradient(formula: str, end: str) -> None:
    assert profiled(formula).summary.endswith(end)


@pytest.mark.parametrize(("decades", "slowly"), [(-0.5, False), (-0.5001, True), (0.5001, True), (None, False)])
def test_a_critical_initialisation_is_slow_beyond_half_a_decade_in_fifty_layers(
    decades: float | None, slowly: bool
) -> None:
    made = profiled("tanh(z)")
    (one,) = made.critical_initialisations
    changed = made.model_copy(update={"critical_initialisations": [one.model_copy(update={"depth_ratio": decades})]})
    told = summary(changed, ProfileSpec.model_validate({"activation": {"kind": "tanh"}}))
    assert ("sinks slowly" in told) == slowly
