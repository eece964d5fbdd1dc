"""Numbers, slope, derivative and balls of every function say the same, and agree on where it has no value."""

import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st

from service.formulas.enclosures.balls import BALL_FUNCTIONS
from service.formulas.enclosures.equality import Certainty, compare
from service.formulas.enclosures.rewriting import BY_OTHERS, arcsine_beside, area_cosine
from service.formulas.enclosures.smoothness import smoothness
from service.formulas.language.differentiate import differentiate
from service.formulas.language.evaluation import Evaluation
from service.formulas.language.functions import FUNCTIONS
from service.formulas.language.grammar import parse
from service.formulas.language.tree import Symbol
from service.formulas.language.write import latex

POSITIVE, WITHIN, ABOVE = (0.01, 6.0), (-0.99, 0.99), (1.01, 7.0)
DOMAINS = {
    **dict.fromkeys(("ln", "log10", "sqrt", "csch", "coth", "csc", "cot"), POSITIVE),
    **dict.fromkeys(("asin", "acos", "atanh"), WITHIN),
    "acosh": ABOVE,
    **dict.fromkeys(("tan", "sec"), (-1.5, 1.5)),
    **dict.fromkeys(("csc", "cot"), (0.01, 3.1)),
}
SMOOTH = [name for name in FUNCTIONS if name in BALL_FUNCTIONS]
PLAIN = Evaluation("z", {})


def points(name: str) -> np.ndarray:
    return np.linspace(*DOMAINS.get(name, (-6.0, 6.1)), 97)


@pytest.mark.parametrize("name", SMOOTH)
def test_the_numbers_of_a_function_are_those_of_arbitrary_precision(name: str) -> None:
    x = points(name)
    exact = [float(BALL_FUNCTIONS[name](arb(float(z))).mid()) for z in x]
    np.testing.assert_allclose(FUNCTIONS[name].curve.values(x), exact, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", SMOOTH)
def test_the_slope_and_the_derivative_of_a_function_are_the_limit_of_its_difference_quotients(name: str) -> None:
    node, x = parse(f"{name}(z)"), points(name)
    with ctx.workprec(400):
        step, function = arb("1e-40"), BALL_FUNCTIONS[name]
        quotients = [(function(arb(float(z)) + step) - function(arb(float(z)) - step)) / (2 * step) for z in x]
        exact = [float(quotient.mid()) for quotient in quotients]
    np.testing.assert_allclose(PLAIN.derivative(node, x), exact, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(PLAIN.values(differentiate(node, "z"), x), exact, rtol=1e-10, atol=1e-13)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SMOOTH), st.floats(-3.0, 3.0), st.floats(1e-9, 3.0), st.floats(0.0, 1.0))
def test_a_ball_of_a_function_contains_every_value_in_it(name: str, low: float, width: float, share: float) -> None:
    z = arb(low + share * width)
    inner = BALL_FUNCTIONS[name](z)
    whole = BALL_FUNCTIONS[name](arb(low).union(arb(low + width)).union(z))
    if inner.is_finite() and whole.is_finite():
        assert whole.overlaps(inner)
        assert float(whole.lower()) <= float(inner.mid()) <= float(whole.upper())


@pytest.mark.parametrize(("name", "places"), [("asin", (-1.1, 1.1)), ("acos", (-1.1, 2.0)), ("acosh", (0.9, -3.0))])
def test_beyond_its_domain_a_function_has_no_value(name: str, places: tuple[float, float]) -> None:
    for z in places:
        assert BALL_FUNCTIONS[name](arb(z)).is_nan()
        with np.errstate(invalid="ignore"):
            assert np.isnan(FUNCTIONS[name].curve.values(np.array([z]))).all()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_that_is_written_in_latex_is_read_back(name: str) -> None:
    for text in (f"{name}(z)", f"{name}(z)^2", f"1/{name}(2*z + 1)"):
        assert parse(latex(parse(text))) == parse(text)


@pytest.mark.parametrize("name", BY_OTHERS)
def test_a_function_by_others_is_the_same_function(name: str) -> None:
    x = points(name)
    np.testing.assert_allclose(
        PLAIN.values(BY_OTHERS[name](Symbol("z")), x), FUNCTIONS[name].curve.values(x), rtol=1e-10, atol=1e-12
    )


def test_inverse_functions_by_others_are_the_same_functions() -> None:
    z = Symbol("z")
    for side in (1, -1):
        x = points("asin")
        np.testing.assert_allclose(PLAIN.values(arcsine_beside(side, z), x), np.arcsin(x), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(PLAIN.values(area_cosine(z), points("acosh")), np.arccosh(points("acosh")), rtol=1e-12)


EQUAL = [
    ("acos(z)", "pi/2 - asin(z)"),
    ("acos(-z)", "pi - acos(z)"),
    ("atanh(z)", "ln((1 + z)/(1 - z))/2"),
    ("sec(tanh(z))", "1/cos(tanh(z))"),
    ("cot(1 + sigmoid(z))", "cos(1 + sigmoid(z))/sin(1 + sigmoid(z))"),
    ("csc(1 + sigmoid(z))^2", "1 + cot(1 + sigmoid(z))^2"),
    ("asin(tanh(z)) + z", "z - asin(-tanh(z))"),
    ("acosh(z)/sqrt(z^2 - 1)", "acosh(z)*(z^2 - 1)/(sqrt(z^2 - 1)*(z^2 - 1))"),
]


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_identities_of_functions_and_their_inverses_are_proven(one: str, other: str) -> None:
    found = compare(parse(one), parse(other))
    assert {part.certainty for part in found} == {Certainty.PROVEN}
    assert all(part.difference is None for part in found)


@pytest.mark.parametrize(
    ("text", "kinks"),
    [
        ("asin(z)", (-1.0, 1.0)),
        ("acos(2z)", (-0.5, 0.5)),
        ("acosh(z)", (1.0,)),
        ("atanh(z)", (-1.0, 1.0)),
        ("1/sqrt(1 - z^2)", (-1.0, 1.0)),
        ("1/(z*sqrt(1 + z))", (-1.0, 0.0)),
        ("asin(tanh(z))", ()),
    ],
)
def test_the_ends_of_a_domain_are_found(text: str, kinks: tuple[float, ...]) -> None:
    found = smoothness(parse(text))
    assert found.complete
    assert found.kinks == pytest.approx(kinks)
