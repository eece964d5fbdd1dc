"""Formulas as answers: every right spelling is proven right, and every wrong one refuted where it is wrong."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from flint import arb, ctx
from hypothesis import example, given
from hypothesis import strategies as st

from api_tests.grading.judging import Json, flaws, judged
from service.grading.results import Check

BITS = 1600
"""Enough for 1e-300 beside 1."""
STANH: Json = {"kind": "expression", "derivative_of": {"kind": "stanh"}}
RELU: Json = {"kind": "expression", "derivative_of": {"kind": "relu"}}
RIGHT = "tanh(z) + z*sech(z)^2"

STANH_SPELLINGS = [
    RIGHT,
    "tanh z + z sech^2 z",
    "tanh(z) + z(1 - tanh(z)^2)",
    "z + tanh z - z tanh^2 z",
    "tanh z + z/cosh^2 z",
    "sinh(z)/cosh(z) + z/cosh(z)^2",
    "(e^z - e^(-z))/(e^z + e^(-z)) + 4z/(e^z + e^(-z))^2",
    "(e^(2z) - 1)/(e^(2z) + 1) + 4z e^(2z)/(e^(2z) + 1)^2",
    "(e^{4z} + 4ze^{2z} - 1)/(e^{2z} + 1)^2",
    "1 - 2/(e^(2z) + 1) + 4z/(e^(2z) + 2 + e^(-2z))",
    "2sigmoid(2z) - 1 + 4z sigmoid(2z)(1 - sigmoid(2z))",
    "(sinh(2z) + 2z)/(1 + cosh(2z))",
    "(sinh(2z) + 2z)/(2cosh(z)^2)",
    r"\tanh z + z \operatorname{sech}^2 z",
    r"\tanh(z) + z\left(1 - \tanh^{2}(z)\right)",
    r"\frac{\sinh z \cosh z + z}{\cosh^{2} z}",
    r"\frac{e^{4z} + 4ze^{2z} - 1}{(e^{2z} + 1)^2}",
    r"\frac{e^{z}-e^{-z}}{e^{z}+e^{-z}} + z\left(1 - \left(\frac{e^{z}-e^{-z}}{e^{z}+e^{-z}}\right)^2\right)",
]


@pytest.mark.parametrize("answer", STANH_SPELLINGS)
def test_every_right_spelling_of_the_derivative_of_stanh_is_proven_right(answer: str) -> None:
    check = judged(STANH, answer)
    assert (check.status, check.code, check.method, check.points) == ("correct", "equivalent", "exact_identity", 1.0)
    assert check.counterexample is None
    assert check.parsed_latex


OTHERS = [
    ("tanh", ["sech(z)^2", "1 - tanh(z)^2", "4/(e^z + e^(-z))^2", r"\frac{1}{\cosh^2 z}"]),
    ("sigmoid", ["sigmoid(z)(1 - sigmoid(z))", "e^(-z)/(1 + e^(-z))^2", r"\frac{1}{4}\operatorname{sech}^2(z/2)"]),
    ("silu", ["sigmoid(z)(1 + z(1 - sigmoid(z)))", "(1 + e^(-z) + z e^(-z))/(1 + e^(-z))^2"]),
    (
        "gelu",
        ["(1 + erf(z/sqrt(2)))/2 + z exp(-z^2/2)/sqrt(2pi)", r"\frac{1 + \operatorname{erf}(z/\sqrt{2})}{2}"
         r" + \frac{z e^{-z^2/2}}{\sqrt{2\pi}}"],
    ),
    ("a_relu", ["where(z > 0, 1, a)", "1 if z > 0 else 0.1", "0.55 + 0.45 sign(z)"]),
    (
        "exu",
        ["where(z >= 0, beta, beta*u*exp(z))", "1.7535 e^z if z < 0 else 1.05",
         r"\begin{cases} \beta & z \ge 0 \\ \beta u e^{z} & z < 0 \end{cases}"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "answer"), [(kind, answer) for kind, answers in OTHERS for answer in answers])
def test_other_derivatives_are_proven_right_in_any_spelling(kind: str, answer: str) -> None:
    check = judged({"kind": "expression", "derivative_of": {"kind": kind}}, answer)
    assert (check.status, check.method) == ("correct", "exact_identity")


Value = Callable[[arb], arb]


def stanh(z: arb) -> arb:
    return z.tanh() + z / z.cosh() ** 2


def wiggle(z: arb, *places: str) -> arb:
    made = arb(1)
    for place in places:
        made *= z**2 - arb(place) ** 2
    return made


PLACES = ("0.3", "1.1", "2.7", "0.05", "6.3")
VANISHING = "".join(f"(z-{place})(z+{place})" for place in PLACES)

WRONG: list[tuple[str, Value | None, str]] = [
    (f"{RIGHT} + 1e-9", lambda z: stanh(z) + arb("1e-9"), "different"),
    (f"{RIGHT} - 1e-12", lambda z: stanh(z) - arb("1e-12"), "different"),
    (f"{RIGHT} + 1e-15*z", lambda z: stanh(z) + arb("1e-15") * z, "different"),
    (f"{RIGHT} + 1e-300*z", lambda z: stanh(z) + arb("1e-300") * z, "different"),
    (f"{RIGHT} + 1e-30*exp(-z^2)", lambda z: stanh(z) + arb("1e-30") * (-z * z).exp(), "different"),
    (f"{RIGHT} + 1e-6*(z-2)(z-3)", lambda z: stanh(z) + arb("1e-6") * (z - 2) * (z - 3), "different"),
    (f"{RIGHT} + 1e-20*sin(pi*z)", lambda z: stanh(z) + arb("1e-20") * (arb.pi() * z).sin(), "different"),
    (f"1.000000001*({RIGHT})", lambda z: arb("1.000000001") * stanh(z), "constant_factor"),
    ("tanh(z) + 1.000000001*z*sech(z)^2", lambda z: z.tanh() + arb("1.000000001") * z / z.cosh() ** 2, "different"),
    ("tanh(1.000001z) + z*sech(z)^2", lambda z: (arb("1.000001") * z).tanh() + z / z.cosh() ** 2, "different"),
    (f"abs({RIGHT})", lambda z: abs(stanh(z)), "one_branch_wrong"),
    (f"where(z >= 0, {RIGHT}, 0)", lambda z: stanh(z) if z >= 0 else arb(0), "one_branch_wrong"),
    (f"where(z >= 0, {RIGHT}, -({RIGHT}))", lambda z: stanh(z) if z >= 0 else -stanh(z), "one_branch_wrong"),
    ("tanh(abs(z)) + abs(z)*sech(z)^2", lambda z: abs(stanh(z)), "one_branch_wrong"),
    ("tanh(z) + abs(z)*sech(z)^2", lambda z: z.tanh() + abs(z) / z.cosh() ** 2, "one_branch_wrong"),
    (f"{RIGHT} + 1e-9*relu(-z-20)", lambda z: stanh(z) + arb("1e-9") * max(arb(0), -z - 20), "one_branch_wrong"),
    (f"{RIGHT} + where(z > 40, 1e-9, 0)", lambda z: stanh(z) + (arb("1e-9") if z > 40 else 0), "one_branch_wrong"),
    (f"({RIGHT})/(1 + 1e-12*z^2)", lambda z: stanh(z) / (1 + arb("1e-12") * z * z), "different"),
    ("z*tanh(z)", lambda z: z * z.tanh(), "is_the_function"),
    (r"z \tanh z", lambda z: z * z.tanh(), "is_the_function"),
    ("sech(z)^2", lambda z: 1 / z.cosh() ** 2, "product_rule"),
    ("4/(e^z + e^-z)^2", lambda z: 1 / z.cosh() ** 2, "product_rule"),
    ("tanh(z) + z*sech(z)", lambda z: z.tanh() + z / z.cosh(), "square_missing"),
    (r"\tanh z + \frac{z}{\cosh z}", lambda z: z.tanh() + z / z.cosh(), "square_missing"),
    (f"2*({RIGHT})", lambda z: 2 * stanh(z), "constant_factor"),
    (f"({RIGHT})/2", lambda z: stanh(z) / 2, "constant_factor"),
    (f"-({RIGHT})", lambda z: -stanh(z), "differs_by_sign"),
    ("-tanh z - z/cosh(z)^2", lambda z: -stanh(z), "differs_by_sign"),
    ("tanh(z) - z*sech(z)^2", lambda z: z.tanh() - z / z.cosh() ** 2, "term_sign"),
    ("z*sech(z)^2 - tanh(z)", lambda z: z / z.cosh() ** 2 - z.tanh(), "term_sign"),
    ("tanh(z)", lambda z: z.tanh(), "term_missing"),
    ("z(1 - tanh(z)^2)", lambda z: z / z.cosh() ** 2, "term_missing"),
    ("tanh(z) + sech(z)^2", lambda z: z.tanh() + 1 / z.cosh() ** 2, "factor_missing"),
    ("tanh(z) + z", lambda z: z.tanh() + z, "factor_missing"),
    ("2sech(z)^2 - 2z tanh(z) sech(z)^2", lambda z: 2 * (1 - z * z.tanh()) / z.cosh() ** 2, "second_derivative"),
    ("tanh(z) + z*(1 + tanh(z)^2)", lambda z: z.tanh() + z * (1 + z.tanh() ** 2), "different"),
    ("1", lambda _: arb(1), "different"),
    (f"{RIGHT} + ln(z)*0", None, "one_branch_wrong"),
    (f"{RIGHT} + sqrt(z) - sqrt(z)", None, "one_branch_wrong"),
    (f"{RIGHT} + 0*ln(9 - z^2)", None, "one_branch_wrong"),
]  # fmt: skip


def point_of(check: Check) -> arb:
    """The counterexample's place as it is written: a decimal number."""
    assert check.counterexample is not None
    place = Fraction(repr(check.counterexample.z))
    return arb(place.numerator) / place.denominator


@pytest.mark.parametrize(("answer", "value", "code"), WRONG, ids=[answer for answer, _, _ in WRONG])
def test_every_wrong_derivative_of_stanh_is_refuted_at_a_point_where_it_is_wrong(
    answer: str, value: Value | None, code: str
) -> None:
    check = judged(STANH, answer)
    assert (check.status, check.code, check.points) == ("incorrect", code, 0.0)
    assert check.method == "certified_interval"
    with ctx.workprec(BITS):
        z, found = point_of(check), check.counterexample
        assert found is not None
        assert found.expected == pytest.approx(float(stanh(z)), rel=1e-12, abs=1e-300)
        if value is None:
            assert found.yours is None
        else:
            assert not value(z).overlaps(stanh(z))
            assert found.yours == pytest.approx(float(value(z)), rel=1e-12, abs=1e-300)


def test_a_counterexample_is_one_at_the_decimal_number_that_is_shown() -> None:
    check = judged(STANH, f"{RIGHT} + 1e-6*{VANISHING}")
    assert check.status == "incorrect"
    with ctx.workprec(BITS):
        assert not wiggle(point_of(check), *PLACES).contains(0)


def test_what_vanishes_at_the_usual_points_is_refuted() -> None:
    check = judged(STANH, f"{RIGHT} + 1e-6*{VANISHING}")
    assert (check.status, check.code) == ("incorrect", "different")


INVISIBLE = [
    f"{RIGHT} + 1e-300*1e-300*z",
    f"{RIGHT} + (1e-300)^64",
    f"{RIGHT} + 1e-300*(z-0.3)^8",
    f"{RIGHT} + exp(-1000)",
    f"{RIGHT} + e^(-z^2 - 1000)",
]


@pytest.mark.parametrize("answer", INVISIBLE)
def test_a_difference_too_small_to_be_seen_is_never_called_right(answer: str) -> None:
    assert judged(STANH, answer).status in ("incorrect", "undecided")


def test_one_piece_that_cannot_be_told_leaves_the_whole_to_a_person() -> None:
    check = judged(STANH, f"where(z > 0, {RIGHT} + 1e-300*(z-0.3)^8, {RIGHT})")
    assert (check.status, check.code) == ("undecided", "no_difference_found")


@pytest.mark.parametrize(
    ("expected", "answer"),
    [("sin(2z)", "2sin(z)cos(z)"), ("where(z > 0, sin(2z), z)", "where(z > 0, 2sin(z)cos(z), z)")],
)
def test_what_agrees_without_a_proof_of_every_piece_is_no_exact_identity(expected: str, answer: str) -> None:
    check = judged({"kind": "expression", "expected": expected}, answer)
    assert (check.status, check.code, check.method) == ("correct", "agrees_numerically", "numeric")


@pytest.mark.parametrize(("apart", "shown"), [("1e-09", False), ("1e-13", True), ("1e-40", True)])
def test_the_message_says_how_far_apart_both_are_where_digits_do_not(apart: str, shown: bool) -> None:
    answer = f"{RIGHT} + {apart}"
    message = judged(STANH, answer).message
    assert (f"; they differ by {apart}." in message) is shown
    assert shown or "yours is 0.565853702, correct is 0.565853701." in message


TOO_LARGE = ["1e300^2*z", "((((1e300)^64)^64)^64)^64*z", f"where(z > 5, exp(exp(exp(z))), {RIGHT})"]


@pytest.mark.parametrize("answer", TOO_LARGE)
def test_an_answer_with_values_beyond_all_doubles_is_wrong_like_any_other(answer: str) -> None:
    assert judged(STANH, answer).status == "incorrect"


def test_one_is_not_the_derivative_of_relu_and_the_left_side_shows_it() -> None:
    check = judged(RELU, "1")
    assert (check.status, check.code) == ("incorrect", "one_branch_wrong")
    assert check.counterexample is not None
    assert check.counterexample.z < 0
    assert (check.counterexample.yours, check.counterexample.expected) == (1.0, 0.0)


@pytest.mark.parametrize("answer", ["where(z > 0, 1, 0)", "where(z >= 0, 1, 0)", "(1 + sign(z))/2", "(1 + |z|/z)/2"])
def test_the_value_at_a_kink_is_a_convention_that_does_not_count(answer: str) -> None:
    assert judged({**RELU, "at_kinks": "exclude"}, answer).status == "correct"


AT_KINKS = [
    ("where(z > 0, 1, 0)", "correct", None),
    ("where(z <= 0, 0, 1)", "correct", None),
    ("where(z >= 0, 1, 0)", "incorrect", 1.0),
    ("(1 + sign(z))/2", "incorrect", 0.5),
    ("(1 + |z|/z)/2", "incorrect", None),
]


@pytest.mark.parametrize(("answer", "status", "yours"), AT_KINKS)
def test_the_value_at_a_kink_counts_where_it_is_required(answer: str, status: str, yours: float | None) -> None:
    check = judged({**RELU, "at_kinks": "require"}, answer)
    assert check.status == status
    if status == "incorrect":
        assert check.code == "at_kink"
        assert check.counterexample is not None
        found = check.counterexample
        assert (found.z, found.yours, found.expected) == (0.0, yours, 0.0)


def kinked(expected: str, answer: str, **fields: Any) -> Check:
    return judged({"kind": "expression", "expected": expected, "at_kinks": "require", **fields}, answer)


def test_two_formulas_without_a_value_at_a_kink_do_not_differ_there() -> None:
    assert kinked("abs(z)/z", "abs(z)/z").status == "correct"


def test_a_kink_outside_the_domain_does_not_count() -> None:
    check = judged({**RELU, "at_kinks": "require", "domain": {"low": 1.0, "high": 2.0}}, "1")
    assert check.status == "correct"


UNRULY = [
    ("where(z >= 0.7, tanh(z), 0)", "where(z >= 0.7, (e^(2z) - 1)/(e^(2z) + 1), 0)"),
    ("abs(z^2 - 2)", "where(z^2 > 2, z^2 - 2, 2 - z^2)"),
    ("abs(tanh(z) - 1/2)", "where(tanh(z) > 1/2, tanh(z) - 1/2, 1/2 - tanh(z))"),
]


@pytest.mark.parametrize(("expected", "answer"), UNRULY)
def test_a_kink_that_no_double_is_at_does_not_end_the_grading(expected: str, answer: str) -> None:
    assert kinked(expected, answer).status in ("correct", "undecided")


def test_a_constant_factor_is_named_only_where_it_is_one_everywhere() -> None:
    assert judged(RELU, "2").code != "constant_factor"


def of_formula(expected: str, answer: str, **fields: Any) -> Check:
    return judged({"kind": "expression", "expected": expected, **fields}, answer)


@given(st.integers(-300, 300), st.integers(2, 999_999), st.integers(-300, 300))
@example(-300, 5, 300)
@example(300, 5, -300)
@example(0, 300_123, -3)
def test_a_constant_factor_of_any_size_is_named_where_a_double_can_hold_it(scale: int, digits: int, size: int) -> None:
    check = of_formula(f"1e{scale} tanh(z)", f"{digits}e{size} tanh(z)")
    factor = Fraction(f"{digits}e{size}") / Fraction(f"1e{scale}")
    if factor == 1:
        assert check.status == "correct"
    elif Fraction("1e-307") < factor < Fraction("1e307"):
        assert check.code == "constant_factor"
    else:
        assert check.status == "incorrect"


@pytest.mark.parametrize("expected", ["ln(-z)", "ln(z)", "sqrt((z-1)(2-z))"])
@pytest.mark.parametrize("factor", ["2", "1/3", "-0.7", "1.000000000001"])
def test_a_constant_factor_is_named_on_whatever_side_the_formula_has_values(expected: str, factor: str) -> None:
    assert of_formula(expected, f"{factor}*{expected}").code == "constant_factor"


@pytest.mark.parametrize(("fraction", "code"), [("7/999983", "constant_factor"), ("7/1000001", "different")])
def test_a_factor_is_a_fraction_of_at_most_a_million_parts(fraction: str, code: str) -> None:
    assert of_formula("tanh(z)", f"{fraction} tanh(z)").code == code


@pytest.mark.parametrize(("kinks", "code"), [(7, "differs_by_sign"), (8, "different")])
def test_a_slip_is_named_in_eight_pieces_and_no_more(kinks: int, code: str) -> None:
    pieces = "+".join(f"abs(z-{place})" for place in range(kinks))
    assert of_formula(pieces, f"-({pieces})").code == code


def test_where_nothing_has_values_nothing_is_right() -> None:
    check = of_formula("ln(-1 - z^2)", "z")
    assert (check.status, check.code) == ("undecided", "nothing_to_compare")


@pytest.mark.parametrize(
    ("expected", "answer", "sentence"),
    [
        ("abs(z)", "z", "It is right for z > 0, but not everywhere. At z = -0.3 yours is -0.3, correct is 0.3."),
        ("abs(z)", "-z", "It is right for z < 0, but not everywhere. At z = 0.3 yours is -0.3, correct is 0.3."),
        ("tanh(z)", "tanh(z) + 1/800", "This is another function. At z = 0.3 yours is 0.293, correct is 0.291."),
        ("tanh(z)", "tanh(z) + 1e-5", "At z = 0.3 yours is 0.29132, correct is 0.29131."),
        ("z", "sqrt(z^2)", "It is right for z > 0, but"),
        ("abs(z) + abs(z-1)", "1", "It is right for 0 < z < 1, but"),
        ("abs(z) + abs(z-1)", "2 abs(z-1/2)", "It is right for z < 0 and for z > 1, but"),
        ("z", "sqrt(z)^2", "At z = -0.3 yours has no value that can be shown, correct is -0.3."),
    ],
)
def test_the_message_says_where_it_is_right_and_what_it_is_elsewhere(expected: str, answer: str, sentence: str) -> None:
    assert sentence in of_formula(expected, answer).message


def test_zero_is_no_multiple_of_what_is_asked_for() -> None:
    assert of_formula("z^3", "0", partial={"constant_factor": 0.5}).code == "different"
    assert judged(RELU, "0").code == "one_branch_wrong"


def test_a_number_that_is_missing_in_one_term_is_no_factor_of_it() -> None:
    assert [of_formula("2z + 3z^2", answer).code for answer in ("z + 3z^2", "2 + 3z^2")] == [
        "different",
        "factor_missing",
    ]


PARTIAL = [
    ({"differs_by_sign": 0.5}, f"-({RIGHT})", "partial", 2.0),
    ({"differs_by_sign": 0.5}, f"2*({RIGHT})", "incorrect", 0.0),
    ({"square_missing": 0.75}, "tanh(z) + z*sech(z)", "partial", 3.0),
    ({"product_rule": 0.25, "is_the_function": 0.0}, "sech(z)^2", "partial", 1.0),
    ({"product_rule": 0.25, "is_the_function": 0.0}, "z*tanh(z)", "incorrect", 0.0),
    ({"different": 0.5}, RIGHT, "correct", 4.0),
]


@pytest.mark.parametrize(("partial", "answer", "status", "points"), PARTIAL)
def test_a_known_slip_is_worth_the_share_that_the_rubric_says(
    partial: Json, answer: str, status: str, points: float
) -> None:
    check = judged({**STANH, "points": 4.0, "partial": partial}, answer)
    assert (check.status, check.points, check.max_points) == (status, points, 4.0)


DOMAINS = [
    ("1", {"low": 0.0, "high": 5.0}, "correct"),
    ("1", {"low": -1.0, "high": 5.0}, "incorrect"),
    ("0", {"low": -5.0, "high": 0.0}, "correct"),
]


@pytest.mark.parametrize(("answer", "domain", "status"), DOMAINS)
def test_an_answer_is_compared_on_the_domain_alone(answer: str, domain: Json, status: str) -> None:
    assert judged({**RELU, "domain": domain}, answer).status == status


def test_an_answer_may_have_values_where_nothing_is_expected() -> None:
    claim = {"kind": "expression", "expected": "exp(ln(z))"}
    assert judged(claim, "z").status == "correct"
    assert judged({**claim, "domain": {"low": -1.0, "high": 1.0}}, "z").status == "incorrect"


def test_parameters_stand_for_their_numbers_in_both_formulas() -> None:
    claim = {"kind": "expression", "expected": "k*z", "parameters": {"k": 0.1}}
    assert [judged(claim, answer).status for answer in ("k z", "z/10", "0.1z", "k")] == [*["correct"] * 3, "incorrect"]


FLAWED = [
    ({"kind": "expression"}, ""),
    ({"kind": "expression", "expected": "z", "derivative_of": {"kind": "tanh"}}, ""),
    ({"kind": "expression", "expected": "tahn(z)"}, "/expected"),
]


@pytest.mark.parametrize(("claim", "pointer"), FLAWED)
def test_a_claim_that_does_not_say_what_is_asked_for_is_flawed(claim: Json, pointer: str) -> None:
    assert [found for found, _ in flaws(claim)] == [pointer]
    assert flaws(STANH) == []


@pytest.mark.parametrize("expected", ["1/0", "sqrt(-1)", "ln(-z^2)", "(-2)^z", "z/(z-z)", "asinh(ln(-1-abs(z)))"])
def test_an_expected_formula_without_values_is_a_flaw_of_the_rubric(expected: str) -> None:
    sentence = "The expected formula has no values for any real number."
    assert flaws({"kind": "expression", "expected": expected}) == [("/expected", sentence)]


def test_an_expected_formula_must_have_values_in_its_domain() -> None:
    claim: Json = {"kind": "expression", "expected": "sqrt(z)"}
    assert flaws({**claim, "domain": {"low": -1, "high": 1}}) == []
    assert flaws({**claim, "domain": {"low": -2, "high": -1}}) == [
        ("/expected", "The expected formula has no values in the domain.")
    ]


def test_a_question_may_call_its_variable_by_another_letter() -> None:
    claim: Json = {"kind": "expression", "expected": "w^2*tanh(w)", "variable": "w"}
    assert flaws(claim) == []
    assert judged(claim, "w w tanh w").status == "correct"
    check = judged(claim, "w tanh w")
    assert (check.status, check.parsed_latex) == ("incorrect", r"w \tanh w")
    assert "At w = 0.3 yours is" in check.message
    one_sided = judged({"kind": "expression", "expected": "abs(w)", "variable": "w"}, "w").message
    assert one_sided.startswith("It is right for w > 0, but not everywhere. At w = -0.3")
    derivative = {"kind": "expression", "derivative_of": {"kind": "stanh"}, "variable": "x"}
    assert judged(derivative, "tanh x + x sech^2 x").status == "correct"
    assert flaws({**claim, "parameters": {"w": 1.0}})[0][0] == "/variable"
    assert judged(claim, "u^2*tanh(u)").status == "invalid"


AMBIGUOUS = [
    ("e^(2z)", "e^2z", "This can be read in two ways: exp(2)*z, or exp(2*z). Write one of the two."),
    ("tanh(z/2)", "tanh z/2", "This can be read in two ways: tanh(z)/2, or tanh(z/2). Write one of the two."),
    ("1/(2z)", "1/2z", "This can be read in two ways: 0.5*z, or 1/(2*z). Write one of the two."),
    (
        "tanh(z e^z)",
        "tanh z e^z",
        "This can be read in two ways: tanh(z)*exp(z), or tanh(z*exp(z)). Write one of the two.",
    ),
    ("log10(z)", "log z", "This can be read in two ways: ln(z), or log10(z). Write one of the two."),
]


@pytest.mark.parametrize(("expected", "answer", "sentence"), AMBIGUOUS)
def test_an_answer_that_is_right_by_another_usual_reading_is_not_wrong_but_ambiguous(
    expected: str, answer: str, sentence: str
) -> None:
    check = of_formula(expected, answer)
    assert (check.status, check.code, check.points, check.needs_review) == ("invalid", "ambiguous", 0.0, True)
    assert check.message == sentence
    assert check.parsed_latex is not None


@pytest.mark.parametrize(("expected", "answer"), [("e^2 z", "e^2z"), ("z/2", "1/2z"), ("tanh(z)/2", "tanh z/2")])
def test_an_answer_that_is_right_as_it_is_usually_read_is_right(expected: str, answer: str) -> None:
    assert of_formula(expected, answer).status == "correct"


@pytest.mark.parametrize("answer", ["e^2z", "tanh z/2", "1/2z", "log z"])
def test_an_answer_that_is_wrong_by_every_reading_is_wrong(answer: str) -> None:
    assert of_formula("cosh(z) - 7", answer).status == "incorrect"


def test_a_slip_is_worth_its_share_only_where_no_other_reading_is_right() -> None:
    partial = {"constant_factor": 0.5}
    assert of_formula("1/(2z)", "-1/z", partial=partial).status == "partial"
    assert of_formula("e^(2z)*2", "e^2z*2", partial=partial).code == "ambiguous"


@pytest.mark.parametrize(
    ("function", "answer", "status"),
    [
        ("ln(z)", "1/abs(z)", "correct"),  # ln z has no values where 1/z and 1/|z| differ
        ("ln(z)", "-1/z", "incorrect"),
        ("ln(z)", "where(z > 1, 1/z, 2)", "incorrect"),
        ("ln(abs(z))", "1/abs(z)", "incorrect"),
        ("acosh(z)", "1/(sqrt(z - 1)*sqrt(z + 1))", "correct"),
        ("acosh(z)", "1/(sqrt(z - 1)*sqrt(z + 2))", "incorrect"),
        ("atanh(z)", "1/sqrt(1 - z^2)^2", "correct"),
        ("asin(z)", r"\frac{1}{\sqrt{1 - z^2}}", "correct"),
    ],
)
def test_a_derivative_counts_where_the_activation_has_values(function: str, answer: str, status: str) -> None:
    claim: Json = {"kind": "expression", "derivative_of": {"kind": "expression", "formula": function}}
    assert judged(claim, answer).status == status


PIECES = "where(z < -1, 0, where(z < 1, 1, 0))"


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("[|z| < 1]", "correct"),
        ("H(z + 1) - H(z - 1)", "correct"),
        (r"\begin{cases} 0 & z < -1 \\ 1 & z < 1 \\ 0 & z > 1 \end{cases}", "correct"),
        ("1 if -1 < z < 2, 0 otherwise", "incorrect"),
        (r"\begin{cases} 1 & z < 1 \\ 0 & z < -1 \\ 0 & z > 1 \end{cases}", "invalid"),
        (r"\begin{cases} 0 & z < -1 \\ 1 & z < 1 \\ 0 & z > 5 \end{cases}", "invalid"),
    ],
)
def test_pieces_are_judged_by_what_every_row_says(answer: str, status: str) -> None:
    assert judged({"kind": "expression", "expected": PIECES}, answer).status == status


STEEP = [
    ("max(z, 0)", "z(1+erf(1000z))/2"), ("sign(z)", "erf(1000z)"), ("abs(z)", "z*erf(1000z)"),
    ("z", "z+1-erf((z-10)^2)"),
    ("sin(z)", "sin(z)+exp(-100(z-10)^2)"), ("erf(z)", "where(z>-1000, 6erf(z)+5, erf(z))"),
    ("erf(z)", "erf(z)+relu(z+100)*(erf(z)+1)"), ("atan(z)", "atan(z) + where(z > 100000, erf(z), 0)"),
]  # fmt: skip


@pytest.mark.parametrize("far", ["480", "5*10^9", "-480", "-5*10^9"])
def test_a_formula_that_differs_far_away_alone_is_never_right(far: str) -> None:
    assert of_formula("sin(z)", f"sin(z) + 1 + erf((z-({far}))/10)").status == "incorrect"


@pytest.mark.parametrize("expected", ["ln(z^2*(z-5))", "ln(z^2*(z-15))", "ln(-z^2*(z+19))"])
def test_an_expected_formula_with_values_in_a_part_of_the_line_is_no_flaw(expected: str) -> None:
    assert flaws({"kind": "expression", "expected": expected}) == []


@pytest.mark.parametrize(("expected", "answer"), STEEP)
def test_a_formula_that_differs_at_few_places_alone_is_never_right(expected: str, answer: str) -> None:
    assert of_formula(expected, answer).status == "incorrect"


def test_the_place_that_is_shown_is_one_where_the_difference_can_be_seen() -> None:
    assert "At z = 8.83333 yours is 8.89, correct is 8.83." in of_formula("z", "z+1-erf((z-10)^2)").message
    assert "they differ by" not in of_formula("where(z>0,1,0)", "1/(1+e^(-1000000z))").message


OF_SIGMOID = "sigmoid(z)*(1-sigmoid(z))"
NAMED_ELSE = ["f''(z)", "y''", "f″(z)", "f'''(z)", "f^{(2)}(z)", "F(z)", r"\frac{d^2 f}{dz^2}", "dz/df", "d²y/dz²"]
NAMED_SO = ["f'(z)", "y'", "y", "f(z)", "φ'(z)", "df/dz", r"\frac{df}{dz}", "f^{(1)}(z)", "", r"\dfrac{d\varphi}{dz}"]


@pytest.mark.parametrize("left", NAMED_ELSE)
def test_what_is_said_to_be_another_quantity_than_the_derivative_goes_to_a_person(left: str) -> None:
    claim = {"kind": "expression", "derivative_of": {"kind": "sigmoid"}}
    assert judged(claim, f"{left} = {OF_SIGMOID}").status == "invalid"
    assert of_formula(OF_SIGMOID, f"{left} = {OF_SIGMOID}").status in ("correct", "invalid")


@pytest.mark.parametrize("left", NAMED_SO)
def test_a_derivative_may_be_called_by_its_names(left: str) -> None:
    claim = {"kind": "expression", "derivative_of": {"kind": "sigmoid"}}
    assert judged(claim, f"{left} = {OF_SIGMOID}").status == "correct"


def test_the_sentence_names_both_quantities() -> None:
    message = judged({"kind": "expression", "derivative_of": {"kind": "sigmoid"}}, f"f''(z) = {OF_SIGMOID}").message
    assert message == "This says what f''(z) is; the question asks for f'(z)."


def test_an_answer_that_is_partly_right_as_it_is_read_and_right_by_another_reading_is_ambiguous() -> None:
    partial = {"constant_factor": 0.5}
    assert of_formula("z", r"2\frac{1}{2}z", partial=partial).code == "ambiguous"
    assert of_formula("z", "2.5z", partial=partial).status == "partial"
