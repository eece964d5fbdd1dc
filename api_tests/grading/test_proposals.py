"""Claims that are proposed for an activation: a sound rubric, and solutions that get all of its points."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.core.errors import InvalidActivation
from service.core.kinds import members
from service.grading.grade import grade
from service.grading.proposals import Proposals, activation_of, proposals
from service.grading.rubrics import rubric_report
from service.grading.spec import GradingSpec
from service.nn.activations import Activation
from service.simulation.simulate import simulate

CATALOGUED = [
    kind.kind_name()
    for kind in members(Activation)  # type: ignore[type-abstract]
    if kind.default() is not None and not kind.only_output
]
FORMULAS = [
    ("z*atan(z)", ""),
    ("b*z^2*exp(-c*z)", "b = 1.5, c = 2"),
    ("1/z", ""),
    ("ln(z)", ""),
    ("where(z < 1, z^2, 1)", ""),
    ("sin(z^2)", ""),
    ("exp(exp(z))", ""),
    ("0.001*tanh(z)", ""),
    ("10^40*tanh(z)", ""),
    ("z^z", ""),
    ("abs(z)^z", ""),
    ("z^(z^(z^z))", ""),
    ("10^(-20)*tanh(z)", ""),
    ("0", ""),
]
ALWAYS = {"derivative", "two_layers", "deep"}


def assert_right(found: Proposals) -> None:
    """That the rubric is sound as it is sent, and its solutions get all points."""
    rubric = found.rubric.model_dump(mode="json", exclude_unset=True)
    spec = GradingSpec.model_validate({"rubric": rubric, "answers": found.solutions})
    report = rubric_report(spec.rubric)
    assert (report.valid, report.flaws) == (True, [])
    grading = grade(spec, simulate)
    assert {check.id: check.message for check in grading.checks if not check.passed} == {}
    assert (grading.fraction, grading.status) == (1.0, "graded")
    assert list(found.solutions) == [claim.id for claim in spec.rubric.claims]
    assert all(claim.title and claim.points > 0 for claim in spec.rubric.claims)


@pytest.mark.parametrize("kind", CATALOGUED)
def test_of_every_activation_the_solutions_get_all_points(kind: str) -> None:
    found = proposals(activation_of(kind), simulate)
    assert_right(found)
    assert set(found.solutions) >= ALWAYS
    assert found.activation.kind == kind


@pytest.mark.parametrize(("formula", "parameters"), FORMULAS)
def test_of_formulas_of_ones_own_the_solutions_get_all_points(formula: str, parameters: str) -> None:
    found = proposals(activation_of(formula, parameters), simulate)
    assert_right(found)
    assert set(found.solutions) >= ALWAYS - {"derivative"}  # some formulas are too hard to be compared


PARTS = st.sampled_from(
    ["z", "tanh(z)", "sigmoid(z)", "exp(-z^2)", "sin(z)", "atan(2*z)", "1/(1 + z^2)", "softplus(z)"]
)
NUMBERS = st.sampled_from(["0.3", "1", "-2", "7/4"])
SMOOTH = st.recursive(
    PARTS,
    lambda inner: st.one_of(
        st.builds("({} + {})".format, inner, inner),
        st.builds("({})*({})".format, inner, inner),
        st.builds("{}*({})".format, NUMBERS, inner),
        st.builds("tanh({})".format, inner),
    ),
    max_leaves=4,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SMOOTH)
def test_of_any_smooth_formula_the_solutions_get_all_points(formula: str) -> None:
    assert_right(proposals(activation_of(formula), simulate))


def test_what_is_unbounded_is_asked_as_a_choice() -> None:
    found = proposals(activation_of("exp(z)"), simulate)
    (claim,) = (one for one in found.rubric.claims if one.id == "derivative_upper")
    assert (claim.kind, found.solutions["derivative_upper"]) == ("choice", "unbounded")


def test_what_the_service_does_not_know_is_left_out_and_told() -> None:
    found = proposals(activation_of("sin(z^2)"), simulate)
    assert "derivative_upper" not in found.solutions
    assert any("smallest upper bound" in sentence for sentence in found.left_out)


@pytest.mark.parametrize(
    ("parameters", "upper"), [("", 1.0), ("a = 0.25", 1.0), ("a = 3", 3.0), (" a=3 ;", 3.0), ("a = -0.5,", 1.0)]
)
def test_parameters_are_those_of_the_activation(parameters: str, upper: float) -> None:
    found = proposals(activation_of("a_relu", parameters), simulate)
    assert found.solutions["derivative_upper"] == f"f'(z) <= {upper:g}"
    assert_right(found)


def test_a_parameter_may_be_a_word() -> None:
    assert activation_of("gelu", "approximate = tanh") == activation_of("gelu", "approximate=tanh,")
    assert activation_of("gelu", "approximate = tanh") != activation_of("gelu")


@pytest.mark.parametrize(
    ("text", "parameters", "words"),
    [
        ("softmax", "", "whole layer"),
        ("z*tahn(z)", "", "tanh"),
        ("b*z", "b is 2", "b = 1.7, c = 2"),
        ("b*z", "b = two", "b = 1.7, c = 2"),
        ("gelu", "approximate = sinh", "tanh"),
        ("a_relu", "c = 2", "no such field"),
        ("z +", "", "end"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_to_write(text: str, parameters: str, words: str) -> None:
    with pytest.raises(InvalidActivation, match=words):
        activation_of(text, parameters)
