"""Bounds in the words and signs of students: what they bound, what is refused, and what is never taken for right."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_tests.grading.judging import Json, graded, judged

CURVE: Json = {"kind": "expression", "formula": "tanh(3z)/4"}
"""0 < f' <= 3/4, -1/4 < f < 1/4."""
UPPER: Json = {"kind": "bound", "activation": CURVE, "quantity": "derivative", "require": "tight"}
BOTH: Json = {**UPPER, "side": "both"}
STANH: Json = {"kind": "bound", "activation": {"kind": "stanh"}, "require": "tight"}

RIGHT_UPPER = [
    # a number, in words and signs
    "0,75", "75%", r"75\%", "75 %", "3/4", "~0.75", "≈ 0.75", r"\approx 0.75", "about 0.75", "0.75 (approx.)",
    "approximately 0.75", "0.75.", "0.75;", "$0.75$", r"\(\frac{3}{4}\)", "0.75 (2 d.p.)", "0.75 = 3/4", "= 3/4",
    "max(0.5, 0.75)", "|-0.75|", "|f'(z)| <= abs(-3/4)",
    "3/4 (0.75)", "f' <= 0.75 (3/4)", "f'(z) <= 3/4 (= 0.75)", "0.75 to 2 decimal places",
    # a side without its quantity
    "<= 3/4", "≤ 3/4", "⩽ 3/4", "≦ 3/4", "=< 3/4", r"\leqq 3/4", "&le; 3/4", "3/4 >=", "at most 0.75",
    "no more than 0.75", "not greater than 0.75", "up to 0.75", "bounded by 0.75", "bounded above by 3/4",
    "upper bound: 3/4", "upper bound is 3/4", "upper bound = 3/4", "max 0.75", "maximum: 3/4", "the maximum is 0.75",
    "max = 0.75", "M = 3/4", "M <= 3/4", "K = 0.75", "L = 3/4", "C ≤ 3/4", "B = 3/4", "Lipschitz constant: 0.75",
    # the derivative under its names
    "f' <= 3/4", "f'(z) < = 3/4", "f'(z) = < 3/4", "f′ ≤ 3/4", "f’(z) ≤ 3/4", "g'(z) <= 3/4", "φ'(z) <= 3/4",
    "y' <= 3/4", "σ' <= 3/4", r"\sigma'(z) \le 3/4", r"\varphi^{\prime}(z) \leqslant \frac{3}{4}", "f'(x) <= 3/4",
    "f^{(1)}(z) <= 3/4", "df/dz <= 3/4", "dy/dz <= 3/4", "dφ/dz ≤ 3/4", r"\frac{df}{dz} \le 3/4", "d/dz f(z) <= 3/4",
    r"\frac{d}{dz} f(z) \le 3/4", r"\frac{\mathrm{d}\varphi(z)}{\mathrm{d}z} \le 3/4", "∂f/∂z <= 3/4",
    "the derivative is at most 3/4", "the slope never exceeds 3/4", "f' does not exceed 3/4", "|derivative| <= 3/4",
    "||f'|| <= 3/4", r"\|f'\| \le 3/4", "‖f'‖_∞ ≤ 3/4", r"\left|f'(z)\right| \le 3/4",
    # a word before it
    "max f' = 3/4", "sup f' = 3/4", r"\sup_{z} f'(z) = 3/4", r"\max_z |f'(z)| = 3/4", "max(f') = 3/4",
    "max f' <= 3/4", "maximum of f' is 3/4", "max f' = 3/4 at z = 0", "0.75 at z=0", "0.75 (z = 0)",
    "f'(z) <= 3/4 (attained at z = 0)", "3/4, attained at z=0", "f'(z) ≤ 3/4, with equality at z = 0",
    "3/4 (maximum at 0)",
    "f'(z) <= 3/4, equality iff z = 0", "3/4 is the maximum", "3/4 is an upper bound", "0.75 = max", "0.75 max",
    r"f'(z)\leq 0.75\;\forall z\in\mathbb{R}", "f' is less than or equal to 3/4", r"\left|f'\right|\,\le\,\frac34",
    # everywhere
    "f'(z) <= 3/4 for all z", "f'(z) <= 3/4 ∀z", r"f'(z) \le 3/4 \quad \forall z \in \mathbb{R}", "∀ z: f'(z) <= 3/4",
    "f'(z) ≤ 3/4, z ∈ ℝ", "for every real z, f'(z) <= 3/4", "f' <= 3/4 everywhere", "f'(z) <= 3/4 for all z in R",
    # formulas
    "4f'(z) <= 3", "f'(z)/3 <= 1/4", "-f'(z) >= -3/4", "1 - f' >= 1/4", "f'(z) - 3/4 <= 0", "2 f'(z) + 1 <= 5/2",
    "f'(z)^2 <= 9/16", "|f'|^2 ≤ 9/16", "f'(z)^3 <= 27/64", "sqrt(f'(z)) <= sqrt(3)/2 + 1/10^9", "1/|f'(z)| >= 4/3",
    "3/4 sech(3z)^2 <= 3/4", "sech(3z)^2 <= 1", "1 - 16 f(z)^2 <= 1", "16 f(z)^2 >= 0",
    "-3/4 sech(3z)^2 >= -3/4", r"\frac{3}{4}(1-\tanh^2(3z)) \le 3/4",
    "|0.75*sech(3z)^2| <= 3/4", "f'(z) = 3/4 sech(3z)^2 <= 3/4", "e^(f') <= e^(3/4)", "ln(f') <= ln(3/4)",
]  # fmt: skip


@pytest.mark.parametrize("answer", RIGHT_UPPER)
def test_the_best_upper_bound_is_read_as_students_write_it(answer: str) -> None:
    check = judged(UPPER, answer)
    assert (check.status, check.code) == ("correct", "tight"), check.message


RIGHT_BOTH = [
    "0 < f'(z) <= 3/4", "[0, 3/4]", "[0; 3/4]", "(0, 3/4]", "(0; 0,75]", "]0, 3/4]", "]0;0,75]", "(0, 0.75]",
    r"\left(0, \frac{3}{4}\right]", "f'(z) ∈ (0, 3/4]", "f' in [0, 3/4]", r"f'(z) \in \left(0;0.75\right]",
    "range: (0, 3/4]", "range of f': [0, 0.75]", "f'(ℝ) = (0, 3/4]", "0..0.75", "0 .. 0.75", "0…0,75", "0 to 0.75",
    "from 0 to 3/4", "between 0 and 3/4", "f' lies between 0 and 3/4", "min 0, max 3/4", "min = 0, max = 0,75",
    "min: 0; max: 0.75", "inf f' = 0 and sup f' = 3/4", "f' <= 3/4, f' >= 0", "f'>0 and f'<=3/4", "f'>0,f'<=3/4",
    r"f' > 0 \land f' \le 3/4", "0 < f'(z) <= f'(0) = 3/4", "0 < f'(z) ≤ 0.75 = 3/4", "1/f'(z) >= 4/3",
    "f' is at least 0 and at most 3/4", "lower bound: 0, upper bound: 3/4", "0 <= 4f' <= 3", "3 >= 4f' > 0",
    "0 ⩽ f' ⩽ 3/4", r"0 \leqq f' \leqq 3/4", "0 < y' <= 3/4",
    {"lower": 0, "upper": "0,75"}, {"min": 0, "max": 0.75}, {"lower": "0", "upper": "75%"},
    {"lower": 0, "upper": "≈0.75"},
]  # fmt: skip


@pytest.mark.parametrize("answer", RIGHT_BOTH, ids=str)
def test_both_best_bounds_are_read_as_students_write_them(answer: Any) -> None:
    check = judged(BOTH, answer)
    assert (check.status, check.code) == ("correct", "tight"), check.message


OTHER = {
    "f(z) <= 3/4": "f(z)", "f <= 3/4": "f", "y <= 3/4": "y", "f''(z) <= 3/4": "f''(z)", "f″(z) ≤ 3/4": "f″(z)",
    r"\frac{d^2 f}{dz^2} \le 3/4": r"\frac{d^2 f}{dz^2}", "σ(z) ≤ 3/4": "σ(z)", "tanh'(z) <= 3/4": "tanh'(z)",
    "x <= 3/4": "x", "z <= 3/4": "z", "W <= 3/4": "W", "a <= 0.75": "a", "min f' <= 3/4": "min f'",
    "max f = 3/4": "f", "f'(z) + f(z) <= 3/4": "f'(z) + f(z)", "z f'(z) <= 3/4": "z f'(z)", "f'(z)^z <= 3/4": "f'(z)^z",
    "1/f'(z) <= 3/4": "1/f'(z)", "f'(z)/f'(z) <= 3/4": "f'(z)/f'(z)", "z^0 <= 3/4": "z^0",
    "sin(0) f'(z) <= 3/4": "sin(0) f'(z)",
    "f'(z) + (z-0.3)(z+1.1)(z-1.7)(z+2.7) <= 3/4": "f'(z) + (z-0.3)(z+1.1)(z-1.7)(z+2.7)",
    "1/|f'| <= -4": "1/|f'|", "-1 <= 1/f'(z) <= 4": "1/f'(z)", "-4 <= 1/|f'|": "1/|f'|", "f' - f' <= 3/4": "f' - f'",
    "f'(z)(1 - f'(z)) <= 3/4": "f'(z)(1 - f'(z))", "sech(z)^2 <= 3/4": "sech(z)^2", "M >= 3/4": "M",
    "f(z) ∈ (0, 3/4]": "f(z)", "max(f', 1) <= 3/4": "max(f', 1)", "f'(z)^2 <= -1": "f'(z)^2", "0 < x <= 3/4": "x",
    "0*f'(z) <= 3/4": "0*f'(z)", "sqrt(f') <= -1": "sqrt(f')", "e^(f') <= -1": "e^(f')", "|f' - 1| >= 3/4": "|f' - 1|",
}  # fmt: skip


@pytest.mark.parametrize("answer", OTHER)
def test_a_bound_of_something_else_is_refused_with_both_named(answer: str) -> None:
    check = judged(UPPER, answer)
    assert (check.status, check.code) == ("invalid", "unreadable")
    assert check.message == f"This bounds {OTHER[answer]}; the question asks for f'(z)."
    assert check.position == answer.index(OTHER[answer]) + 1


REFUSED = [
    ("f'(z) is not <= 3/4", "“not” leaves open what you claim", 10),
    ("it is wrong that f' <= 3/4", "“wrong” leaves open", 7),
    ("f'(z) ≰ 3/4", "“≰” leaves open", 7),
    (r"f'(z) \nleq 3/4", r"“\nleq” leaves open", 7),
    ("f' ≠ 3/4", "“≠” leaves open", 4),
    ("0.75?", "“?” leaves open", 5),
    ("maybe 0.75", "“maybe” leaves open", 1),
    ("0.7 + max", "", None),
    ("3/4 is not the maximum", "“not” leaves open", 8),
    (r"f' <= 3/4, z ∈ ℝ \ {0}", "leaves open", None),
    ("for some z: f' <= 3/4", "“for” seems to limit", 1),
    ("f' <= 3/4 for all z < 0", "", None),
    ("for all z<=0: f'(z) <= 3/4", "", None),
    ("f' <= 3/4, z ∈ [0,1]", "", None),
    ("f' <= 3/4 on [0,1]", "", None),
    ("f'2 <= 3/4", "", None),
    ("f'(z)2 <= 3/4", "", None),
    ("maximum at z = 0.75", "", None),
    ("f'(z) <= 3/4 + z^2", "", None),
    ("f'(z) <= f(z)", "", None),
    ("-f' <= 3/4 <= f'", "", None),
    ("3/4 (attained at z = 1)", "At z = 1 the value is", 22),
    ("0.75 or 0.8", "“or” leaves open", 6),
    ("f' <= 3/4 if z > 0", "“if” leaves open", 11),
    ("f'(z) <= 3/4 for z > 0", "“for” seems to limit where", 14),
    ("f'(z) <= 3/4 where z = 1", "“where” seems to limit where", 14),
    ("f'(z) = 3/4", "An equality sign says that f'(z) is that everywhere; write f'(z) <= …", 1),
    ("0-0.75", "the range [0; 0.75] or the difference 0 - (0.75)", None),
    ("(0,75)", "write a semicolon there", 3),
    ("[0,0,75]", "write a semicolon there", 3),
    ("[3/4; 0]", "from the smaller end to the larger", 2),
    ("1,234", "may be 1.234 or 1234", None),
    ("1/3 = 0.4", "are not the same number", None),
    ("f' <= 1/2 = 3/4", "are not the same number", None),
    ("f' <= 3/4, f' <= 1", "two bounds on the same side", None),
    ("0 <= f', |f'| <= 3/4", "of the same quantity", None),
    ("f'(z) = sech(z)^2 <= 3/4", "This bounds sech(z)^2", 9),
    ("f'(z) = 2f'(z) <= 3/4", "are not the same here", None),
    ("0.75 at z = 5", "At z = 5 the value is", 13),
    ("f'(2z) <= 3/4", "“f'(2z)” is not understood here", None),
    ("f'(z)f'(y) <= 3/4", "“f'(y)” is not understood here", None),
    ("f'''(z) <= 3/4", "a higher derivative", None),
    ("1-f'(z) <= 1/4", "A bound from above is missing: f'(z) <= …", None),
    ("-f'(z) <= 3/4", "A bound from above is missing", None),
    ("mean f' <= 3/4", "mean", 1),
    ("E[f'] <= 3/4", "This bounds E[f']; the question asks for f'(z).", 1),
    (r"\mathbb{E} f' <= 3/4", "This bounds", 1),
    ("Var(f') <= 3/4", "This bounds Var(f')", 1),
    ("∇f <= 3/4", "“∇”", 1),
    ("df/dw <= 3/4", "", 1),
    ("f'! <= 3/4", "", None),
    ("¬(f' <= 3/4)", "", None),
    ("f'(f'(z)) <= 3/4", "", None),
    ("1 .2", "", None),
    ("<0.75>", "", None),
    ("0, 3/4", "two bounds", None),
    ("x" * 513, "at most 256 characters", 257),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "words", "position"), REFUSED, ids=[row[0][:30] for row in REFUSED])
def test_what_leaves_open_what_is_claimed_is_refused(answer: str, words: str, position: int | None) -> None:
    check = judged(UPPER, answer)
    assert (check.status, check.code) == ("invalid", "unreadable")
    assert words in check.message
    assert check.position == position or position is None
    if f"position {check.position}" not in check.message:
        assert "position" not in check.message  # the sentence and the field say one number


SAID_OF_ANOTHER = [
    ("2f'(z) <= 3/4", "incorrect", "invalid_bound"),
    ("sqrt(f'(z)) <= 3/4", "incorrect", "invalid_bound"),
    ("f'(z)^2 <= 3/4", "partial", "valid_but_loose"),
    ("f' - 3/4 <= 3/4", "partial", "valid_but_loose"),
    ("f'(z) < 3/4", "incorrect", "attained"),
    ("1 - 16f(z)^2 < 1", "incorrect", "attained"),
    ("0.7", "incorrect", "invalid_bound"),
    ("-0.75", "incorrect", "invalid_bound"),
    ("f'(1)", "incorrect", "invalid_bound"),
    ("2-1", "partial", "valid_but_loose"),
    ("[0,75]", "partial", "valid_but_loose"),
    ("±0.75", "partial", "valid_but_loose"),
    ("0.7…", "undecided", "undecided_bound"),
    ("0.75…", "undecided", "undecided_bound"),
    ("0.8...", "partial", "valid_but_loose"),
    ("0.6...", "incorrect", "invalid_bound"),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "status", "code"), SAID_OF_ANOTHER)
def test_a_bound_of_a_function_of_the_derivative_is_judged_by_what_it_says_of_the_derivative(
    answer: str, status: str, code: str
) -> None:
    check = judged(UPPER, answer)
    assert (check.status, check.code) == (status, code)


SIZES = [
    ("|f'(z)|^2 <= 1.44", "valid_but_loose"), ("f'^2 <= 1.44", "valid_but_loose"), ("±1.2", "valid_but_loose"),
    ("|tanh z + z sech^2 z| <= 1.2", "valid_but_loose"), ("-1.2 <= tanh z + z sech^2 z <= 1.2", "valid_but_loose"),
    ("(-1.2; 1.2)", "valid_but_loose"), (r"\pm 1.2", "valid_but_loose"), ("+-1.2", "valid_but_loose"),
    ("+/- 1.2", "valid_but_loose"), ("120%", "valid_but_loose"), ("|2f'| <= 2.4", "valid_but_loose"),
    ("|-f'| <= 1.2", "valid_but_loose"), ("3|f'| + 1 <= 4.6", "valid_but_loose"), ("1.2 at z = 1.2", "valid_but_loose"),
    ("|stanh'(z)| <= 1.2", "valid_but_loose"), ("f' ∈ (-∞, 1.2]", "unreadable"), ("1 1/5", "valid_but_loose"),
    ("±1.19968", "tight"), ("[-1.19968, 1.19968]", "tight"), ("coth(1.19967864025773)", "tight"),
    ("|f'^3| <= 1.72801", "valid_but_loose"), ("-1.2 <= -f' <= 1.19968", "valid_but_loose"),
    ("1.1996…", "undecided_bound"),
    ("1.1996", "invalid_bound"), ("1.19967864025773383391", "invalid_bound"), ("-1.2", "invalid_bound"),
    ("tanh(1.2)+1.2*sech(1.2)^2", "invalid_bound"), ("|f'|^2 <= 1.439", "invalid_bound"), ("±1.1", "invalid_bound"),
    ("|tanh z + z sech^2 z| <= 1.1", "invalid_bound"), ("∞", "bounded"), ("unbounded", "bounded"), ("none", "bounded"),
    ("no bound", "bounded"), ("|f'| < ∞", "bounded"), (r"+\infty", "bounded"),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "code"), SIZES)
def test_the_size_of_a_derivative_is_bounded_by_what_bounds_it_on_both_sides(answer: str, code: str) -> None:
    assert judged({**STANH, "require": "valid"}, answer).code == code


def of_value(kind: str, **fields: Any) -> Json:
    return {"kind": "bound", "activation": {"kind": kind}, "quantity": "value", "require": "tight", **fields}


VALUES = [
    (of_value("relu"), "∞", "correct"),
    (of_value("relu"), "unbounded", "correct"),
    (of_value("relu"), "none", "correct"),
    (of_value("relu", side="both"), "[0, ∞)", "correct"),
    (of_value("relu", side="both"), "unbounded", "partial"),
    (of_value("relu", side="both"), "∞", "invalid"),
    (of_value("relu", side="lower"), "f(z) >= 0", "correct"),
    (of_value("linear", side="both"), "unbounded", "correct"),
    (of_value("linear", side="lower"), "-∞ < f(z)", "correct"),
    (of_value("linear"), "f(z) <= -∞", "invalid"),
    (of_value("linear", side="lower"), "f(z) >= ∞", "invalid"),
    (of_value("linear"), "[∞, 1]", "invalid"),
    (of_value("tanh"), "Lipschitz constant: 1", "invalid"),
    (of_value("tanh"), "y < 1", "correct"),
    (of_value("tanh"), "a < 1", "correct"),
    (of_value("tanh"), "|f(z)| < 1", "correct"),
    (of_value("tanh", side="both"), "|f(z)| < 1", "correct"),
    (of_value("tanh", side="both"), "(-1, 1)", "correct"),
    (of_value("tanh"), "f(z)^2 < 1", "correct"),
    (of_value("tanh"), "tanh(z) < 1", "correct"),
    (of_value("tanh"), "1 - f'(z) < 1", "invalid"),
    (of_value("tanh"), "f'(z) <= 1", "invalid"),
    (of_value("sigmoid"), "σ(z) < 1", "correct"),
    (of_value("a_relu", interval={"low": -1.0, "high": 1.0}), "a <= 1", "invalid"),  # its parameter
    (of_value("exu", side="lower"), "f(z) > 0", "incorrect"),
]


@pytest.mark.parametrize(("claim", "answer", "status"), VALUES)
def test_a_function_is_bounded_under_its_own_names_and_may_have_no_bound(claim: Json, answer: str, status: str) -> None:
    assert judged(claim, answer).status == status


def test_the_students_own_derivative_is_what_may_be_named() -> None:
    claims = [
        {"id": "d", "kind": "expression", "derivative_of": {"kind": "tanh"}},
        {"id": "b", "kind": "bound", "derivative_from": "d", "require": "tight"},
    ]
    found = {
        answer: graded(claims, {"d": "3/4 sech(z)", "b": answer}).checks[1].status
        for answer in ("4f' <= 3", "0.75 sech z <= 3/4", "f(z) <= 3/4", "tanh(z) <= 3/4")
    }
    assert list(found.values()) == ["correct", "correct", "invalid", "invalid"]


C = st.integers(1, 16).map(lambda eighths: Fraction(eighths, 8))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("affine"), st.integers(-6, 6).filter(bool), st.integers(-4, 4)),
        st.just(("cube",)), st.just(("minus",)),
    ),
    max_size=3,
)  # fmt: skip
FIRST = st.sampled_from(["plain", "square", "reciprocal", "fourth"])


def applied(text: str, value: Fraction, step: tuple[Any, ...]) -> tuple[str, Fraction, bool]:
    """h(text), h(value), and whether h rises."""
    if step[0] == "affine":
        return f"({step[1]}*{text} + {step[2]})", step[1] * value + step[2], step[1] > 0
    if step[0] == "cube":
        return f"({text})^3", value**3, True
    return f"-({text})", -value, False


@settings(deadline=None, max_examples=60)
@given(FIRST, STEPS, C)
def test_a_bound_of_a_monotone_function_says_what_the_bound_of_the_derivative_says(
    first: str, steps: list[tuple[Any, ...]], bound: Fraction
) -> None:
    text, value, rising = {
        "plain": ("f'(z)", bound, True),
        "square": ("f'(z)^2", bound**2, True),
        "fourth": ("f'^4", bound**4, True),
        "reciprocal": ("1/f'", 1 / bound, False),
    }[first]
    for step in steps:
        text, value, rises = applied(text, value, step)
        rising = rising == rises
    if max(abs(value.numerator), value.denominator) > 10**25:
        return
    found = judged(UPPER, f"{text} {'<=' if rising else '>='} {value}")
    plain = judged(UPPER, f"0 <= f'(z) <= {bound}" if first == "reciprocal" else f"f'(z) <= {bound}")
    assert (found.status, found.code, found.points) == (plain.status, plain.code, plain.points)


APART = ["f(z)", "f''(z)", "z", "tanh(z)", "sech(z)", "f(z)*f'(z)", "sin(z)", "e^(-z^2)", "f'(z)^2", "z*f'(z)", "|z|"]
SMALL = st.integers(-3, 3)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(APART), SMALL.filter(bool), SMALL, SMALL, st.sampled_from(["3/4", "0", "1", "9/16", "-3/4"]))
def test_another_function_of_z_is_never_taken_for_the_derivative(
    other: str, factor: int, own: int, offset: int, bound: str
) -> None:
    if other == "f'(z)^2" and own == 0:
        return
    for sign in ("<=", ">="):
        check = judged(BOTH, f"{factor}*{other} + {own}*f'(z) + {offset} {sign} {bound}")
        assert check.status in ("invalid", "undecided")


SENTENCES = [
    (UPPER, "3/4", "Correct. 3/4 is the supremum itself."),
    (BOTH, "0 < f' <= 3/4", "Correct. 0 is the infimum itself. 3/4 is the supremum itself."),
    (UPPER, "0.7", "0.7 is not an upper bound: φ' reaches 0.75. An upper bound has to be rounded up: 0.8."),
    (UPPER, "0.5", "0.5 is not an upper bound: φ' reaches 0.75."),
    (BOTH, "0.1 < f' <= 1/2", "0.1 is not a lower bound: φ' comes as close as you like to 0. "
     "1/2 is not an upper bound: φ' reaches 0.75."),
    (UPPER, "0.8", "Partly correct. 0.8 is an upper bound, but not the best one: the supremum is 0.75."),
    ({**UPPER, "require": "valid"}, "0.8",
     "Correct. 0.8 is an upper bound, but not the best one: the supremum is 0.75."),
    (UPPER, "0.75001", "Correct. 0.75001 is an upper bound, as good as the best one: the supremum is 0.75."),
    (UPPER, "f' < 3/4", "φ' reaches 3/4, its supremum: write <= in place of <."),
    (of_value("relu", side="lower"), "f > 0", "φ reaches 0, its infimum: write >= in place of >."),
    (of_value("relu"), "5", "5 is not an upper bound: φ grows beyond every number."),
    (of_value("linear", side="lower"), "f >= 5", "5 is not a lower bound: φ falls below every number."),
    (of_value("relu"), "∞", "Correct. φ is not bounded above."),
    (of_value("linear", side="lower"), "unbounded", "Correct. φ is not bounded below."),
    (UPPER, "∞", "φ' is bounded above: the supremum is 0.75."),
    (of_value("relu", side="lower"), "unbounded", "φ is bounded below: the infimum is 0."),
    ({"kind": "bound", "activation": {"kind": "silu"}, "quantity": "derivative"}, "1.0998",
     "1.0998 is not an upper bound: φ' reaches 1.09984. An upper bound has to be rounded up: 1.0999."),
    ({**STANH, "require": "valid"}, "1.19968",
     "Correct. 1.19968 is an upper bound, as good as the best one: the supremum is 1.199679."),
    ({**STANH, "side": "both"}, "unbounded",
     "|φ'| is bounded below: the infimum is 0. |φ'| is bounded above: the supremum is 1.19968."),
    (STANH, "|f'| <= 1", "1 is not an upper bound: |φ'| reaches 1.19968."),
    (UPPER, r"f' \le \frac{3}{4}", "Correct. 0.75 is the supremum itself."),
    (UPPER, "4f' <= 3", "Correct. 0.75 is the supremum itself."),
]  # fmt: skip


@pytest.mark.parametrize(("claim", "answer", "message"), SENTENCES)
def test_a_student_reads_the_verdict_first_and_then_why(claim: Json, answer: str, message: str) -> None:
    assert judged(claim, answer).message == message


STEEP: Json = {**UPPER, "activation": {"kind": "expression", "formula": "z/(2 pi)"}}
TWO_WAYS = [
    (STEEP, "f' <= 1/2pi", "ambiguous", "This can be read in two ways: <= 1.5708, or <= 0.159155. Write parentheses."),
    (STEEP, "f' <= 1/2e", "valid_but_loose", ""),  # which is loose in either way
    (STEEP, "f' <= 1/9pi", "valid_but_loose", ""),
    (STEEP, "f' <= 1/(9pi)", "invalid_bound", ""),
    (UPPER, "2f'/2 <= 3/4", "tight", ""),
    ({"kind": "number", "expected": 0.15915494309189535, "decimals": 6}, "1/2pi", "ambiguous",
     "This can be read in two ways: 0.5*pi, or 1/(2*pi). Write one of the two."),
    ({"kind": "number", "expected": 1.5707963267948966, "decimals": 6}, "1/2pi", "within_tolerance", "Correct."),
    ({"kind": "number", "expected": 1.5, "decimals": 6}, "1/2pi", "outside_tolerance", "1/2pi is too large."),
]  # fmt: skip


@pytest.mark.parametrize(("claim", "answer", "code", "message"), TWO_WAYS)
def test_what_is_right_in_another_usual_reading_is_not_wrong(claim: Json, answer: str, code: str, message: str) -> None:
    check = judged(claim, answer)
    assert check.code == code
    assert (check.status == "invalid") is (code == "ambiguous")
    assert message in check.message


FALLING: Json = {**UPPER, "activation": {"kind": "expression", "formula": "-tanh(3z)/4"}}
"""-3/4 <= f' < 0."""
OF_FALLING = [
    ("f'(z)^2 <= 9/16", "tight"),
    ("f'(z)^2 <= 1/4", "invalid_bound"),  # though no f' is above 1/2
    ("f'(z)^4 <= 1/16", "invalid_bound"),
    ("f'(z)^3 <= 0", "tight"),
    ("|f'| <= 3/4", "tight"),
    ("|f'| <= 1/2", "invalid_bound"),
    ("|f' - 1| <= 7/4", "valid_but_loose"),  # which is -3/4 <= f' <= 11/4
    ("|f' + 1| <= 1", "valid_but_loose"),
    ("1/f'(z) <= -4/3", "tight"),
    ("1/f'(z) <= -2", "invalid_bound"),
    ("-f' >= 0", "tight"),
    ("f'/(-2) >= 0", "tight"),
    ("-3/4 sech(3z)^2 < 0", "tight"),
]


@pytest.mark.parametrize(("answer", "code"), OF_FALLING)
def test_a_power_of_what_is_negative_bounds_its_size(answer: str, code: str) -> None:
    assert judged(FALLING, answer).code == code


ENDS = [
    (UPPER, "[0, 3/4)", "attained"),
    (UPPER, "[0; 3/4[", "attained"),
    (UPPER, "(0, 3/4]", "tight"),
    (UPPER, "[0, 3/4]", "tight"),
    (FALLING, "(-3/4, 0]", "attained"),
    ({**FALLING, "side": "both"}, "|f' - 1| <= 7/4", "valid_but_loose"),  # both ends are said
    ({**FALLING, "side": "both"}, "|f' + 3/8| <= 3/8", "tight"),
    (FALLING, "]-3/4, 0]", "attained"),
    (FALLING, "[-3/4, 0)", "tight"),
    (FALLING, "[-3/4, 0[", "tight"),
    (FALLING, r"f' \in \left(-\frac34, 0\right)", "attained"),
]


@pytest.mark.parametrize(("claim", "answer", "code"), ENDS)
def test_an_end_of_an_interval_is_excluded_or_not_as_it_is_written(claim: Json, answer: str, code: str) -> None:
    assert judged(claim, answer).code == code
