"""Bounds in the words of several languages, without a bound, in braces, under an index: what each of them says."""

import pytest

from api_tests.grading.judging import Json, judged


def bound(kind: str, quantity: str = "derivative", side: str = "upper") -> Json:
    activation = {"kind": "expression", "formula": kind} if "(" in kind else {"kind": kind}
    return {
        "kind": "bound", "activation": activation, "quantity": quantity, "side": side, "require": "tight",
    }  # fmt: skip


UPPER, BOTH = bound("sigmoid"), bound("sigmoid", side="both")
RAMP, RAMPS = bound("relu", "value"), bound("relu", "value", "both")


@pytest.mark.parametrize("answer", [
    "höchstens 1/4", "nicht größer als 0,25", "f' ist höchstens 1/4", "für alle z: f'(z) ≤ 1/4",
    "f'(z) ≤ 1/4 für alle z", "kleiner oder gleich 1/4", "obere Schranke: 1/4", "etwa 0,25", "Maximum: 1/4",
    "au plus 1/4", "pour tout z, f'(z) <= 1/4", "inférieur ou égal à 1/4", "pas plus de 0,25", "environ 0,25",
    "como máximo 1/4", "f' <= 1/4 para todo z", "menor o igual que 1/4", "máximo: 1/4", "cota superior: 1/4",
])  # fmt: skip
def test_the_best_upper_bound_is_read_in_german_french_and_spanish(answer: str) -> None:
    check = judged(UPPER, answer)
    assert (check.status, check.code) == ("correct", "tight"), check.message


@pytest.mark.parametrize("answer", [
    "zwischen 0 und 1/4", "f' liegt zwischen 0 und 1/4", "von 0 bis 1/4", "f' > 0 und f' <= 1/4",
    "entre 0 et 1/4", "f' est compris entre 0 et 1/4", "f' > 0 et f' <= 1/4", "mindestens 0 und höchstens 1/4",
    "au moins 0 et au plus 1/4", "entre 0 y 1/4", "desde 0 hasta 1/4",
])  # fmt: skip
def test_both_bounds_are_read_in_german_french_and_spanish(answer: str) -> None:
    check = judged(BOTH, answer)
    assert (check.status, check.code) == ("correct", "tight"), check.message


@pytest.mark.parametrize("answer", [
    "f' ist nicht <= 1/4", "nicht höchstens 1/4", "f' n'est pas <= 1/4", "f' <= 1/4 für z > 0", "1/4 oder 1/2",
    "f' <= 1/4 pour z > 0", "f' <= 1/4 cuando z > 0", "f' nunca <= 1/4", "für 1/4", "vielleicht 1/4",
    "1/4 wenn z > 0", "f <= 1/4 für alle z",
])  # fmt: skip
def test_what_is_doubted_or_limited_in_another_language_is_refused(answer: str) -> None:
    assert judged(UPPER, answer).status == "invalid"


@pytest.mark.parametrize("answer", [
    "inf", "np.inf", "Inf", "oo", "infinity", "f < inf", "f(z) < oo", "unbounded above", "f is unbounded above",
    "not bounded above", "f(z) is not bounded from above", "f is unbounded", "f is not bounded", "no upper bound",
    "nach oben unbeschränkt", "f ist unbeschränkt", "unbeschränkt", "f has no upper bound",
])  # fmt: skip
def test_a_function_without_a_bound_is_said_to_have_none(answer: str) -> None:
    check = judged(RAMP, answer)
    assert (check.status, check.message) == ("correct", "Correct. φ is not bounded above.")


@pytest.mark.parametrize(("claim", "answer", "status"), [
    (RAMPS, "[0, inf)", "correct"), (RAMPS, "[0, oo)", "correct"), (RAMPS, "f(z) ≥ 0, unbounded above", "correct"),
    (RAMPS, "0 <= f < inf", "correct"), (RAMPS, "unbounded above", "invalid"), (RAMPS, "f is unbounded", "partial"),
    (RAMP, "f' is unbounded", "invalid"), (RAMP, "unbounded below", "invalid"), (UPPER, "unbounded above", "incorrect"),
    (bound("linear", "value", "lower"), "unbounded below", "correct"), (UPPER, "inf f' = 1/4", "invalid"),
    (bound("linear", "value", "both"), "(-inf, inf)", "correct"),
])  # fmt: skip
def test_what_is_unbounded_on_one_side_is_not_so_on_the_other(claim: Json, answer: str, status: str) -> None:
    assert judged(claim, answer).status == status


def test_a_missing_side_is_asked_for_with_what_to_write_where_there_is_no_bound() -> None:
    check = judged(RAMPS, "f(z) >= 0")
    assert check.message == "A bound from above is missing: f(z) <= …, with ∞ where there is none."


@pytest.mark.parametrize(("claim", "answer", "status"), [
    (bound("relu", side="both"), "{0,1}", "correct"), (bound("relu", side="both"), "{0, 1}", "correct"),
    (bound("relu", side="both"), "f' ∈ {0; 1}", "correct"), (bound("relu"), r"f'(z) \in \{0,1\}", "correct"),
    (bound("relu", side="both"), "f(z) ∈ {0, 1}", "invalid"), (bound("relu"), "{0, 2}", "invalid"),
    (BOTH, "{0, 1/4}", "invalid"), (UPPER, "{0,25}", "invalid"), (UPPER, "0{,}25", "correct"),
    (UPPER, "f' <= 1/4, z ∈ ℝ \\ {0}", "invalid"),
])  # fmt: skip
def test_braces_hold_the_values_that_are_taken(claim: Json, answer: str, status: str) -> None:
    assert judged(claim, answer).status == status


@pytest.mark.parametrize("answer", [
    r"\boxed{f'(z)\le\frac14}", r"$\boxed{\frac{1}{4}}$", r"f'_{\max}=\frac14", "f'_max = 1/4", "f'(z)_max ≤ 1/4",
    r"\sup_{z\in\mathbb R}f'=1/4", r"\sup_{z \in \mathbb{R}} f'(z) = 1/4", "f' = f(1-f) ≤ 1/4", "σ(1-σ) ≤ 1/4",
    r"\sigma(1-\sigma) \le 1/4", "||f'||_∞ = 1/4", r"\|f'\|_\infty = \frac14",
])  # fmt: skip
def test_the_largest_value_is_read_under_an_index_as_a_norm_and_in_a_box(answer: str) -> None:
    check = judged(UPPER, answer)
    assert (check.status, check.code) == ("correct", "tight"), check.message


@pytest.mark.parametrize(("answer", "status"), [
    ("f'_min = 1/4", "invalid"), ("f'_max >= 1/4", "invalid"), ("g_max = 1/4", "invalid"),
    ("||f'||_∞ = 1/5", "incorrect"),
    ("f(1-f) <= 1/5", "incorrect"), ("f(2-f) <= 1/4", "invalid"), ("f(1/sqrt(2)) <= 1/4", "invalid"),
])  # fmt: skip
def test_an_index_or_a_product_of_something_else_is_not_the_largest_value(answer: str, status: str) -> None:
    assert judged(UPPER, answer).status == status


@pytest.mark.parametrize(("claim", "answer", "code"), [
    (bound("tanh", "value"), "1 (not attained)", "tight"), (bound("tanh", "value"), "f < 1, never reached", "tight"),
    (UPPER, "1/4 (not attained)", "attained"), (bound("tanh", "value", "both"), "[-1, 1] (not attained)", "unreadable"),
    (bound("z*exp(-z^2)", "value"), "f(1/sqrt(2)) + 1/10^9", "tight"),
])  # fmt: skip
def test_an_end_that_is_not_attained_is_excluded(claim: Json, answer: str, code: str) -> None:
    assert judged(claim, answer).code == code


@pytest.mark.parametrize(("answer", "status"), [
    ("max f' = 0.25", "correct"), ("f'_max = 0.25", "correct"), (r"\max_z f'(z) = \frac14", "correct"),
    ("max = 1/4", "correct"), ("0.25 (rounded up)", "correct"),
    ("0.25 (at z=0)", "correct"), ("1/4 at z=0", "correct"), (r"\boxed{0.25}", "correct"),
    ("0.3 at z = 0", "invalid"), ("0 at z = 0.25", "invalid"), ("max f' = 0.3", "incorrect"),
    ("1/max f' = 4", "invalid"),
])  # fmt: skip
def test_a_number_may_have_its_name_before_it_and_its_place_behind(answer: str, status: str) -> None:
    assert judged({"kind": "number", "expected": 0.25, "decimals": 4}, answer).status == status


TANH = bound("tanh", "value", "both")


@pytest.mark.parametrize(("claim", "answer", "status"), [
    (bound("sigmoid", "value", "both"), "(0,1)", "correct"), (TANH, r"\left(-1,1\right)", "correct"),
    (bound("sigmoid", "value", "both"), "σ(z) ∈ (0,1)", "correct"), (UPPER, "(0,1)", "invalid"),
    (bound("sigmoid", "value"), "σ(z) ∈ (0,1)", "correct"), (bound("tanh", side="both"), "(0,4)", "partial"),
    (TANH, "-1 and 1", "correct"), (TANH, "-1 und 1", "correct"), (TANH, "-1, 1", "correct"),
    (TANH, "lower: -1, upper: 1", "correct"), (TANH, "upper: 1; lower: -1", "correct"), (TANH, "-1 and 2", "partial"),
    (TANH, "1 and 1", "invalid"), (UPPER, "0 and 1/4", "invalid"), (TANH, "-1 and 1 and 2", "invalid"),
    (bound("relu", side="both"), "0 or 1", "correct"), (bound("relu", side="both"), "f' = 0 oder 1", "correct"),
    (bound("relu", side="both"), "0 or 2", "invalid"), (UPPER, "1/4 or 1/2", "invalid"),
    (BOTH, "f' goes from 0 to 1/4", "correct"), (BOTH, "f' always stays between 0 and 1/4", "correct"),
])  # fmt: skip
def test_two_numbers_are_both_ends_where_both_are_asked_for(claim: Json, answer: str, status: str) -> None:
    check = judged(claim, answer)
    assert check.status == status, check.message


@pytest.mark.parametrize(("answer", "status"), [
    ("1/4 bei z=0", "correct"), ("0.25 for z=0", "correct"), ("1/4 für z = 0", "correct"), ("0.25, z=0", "correct"),
    ("0.25, z = 1", "invalid"), ("f' <= 1/4, z=0", "invalid"), ("0.25, z=0 or 1", "invalid"),
    ("0.25 for z>0", "invalid"),
    ("0.25 for z=1", "invalid"), ("0.25 for z=0 or 1", "invalid"), ("f' <= 1/4 for z=0", "invalid"),
    ("exactly 0.25", "correct"), ("f' stets <= 1/4", "correct"), ("f' ist immer <= 1/4", "correct"),
])  # fmt: skip
def test_a_bound_may_have_its_place_behind_it_in_other_words(answer: str, status: str) -> None:
    check = judged(UPPER, answer)
    assert check.status == status, check.message


@pytest.mark.parametrize("answer", [
    "f' → 0", "f' -> 0", r"f' \to 0", r"f' \rightarrow 0", "f' ⟶ 0", "f' tends to 0", "f' goes to 0", "f' approaches 0",
    "f'(z) → 0 for z → ∞",
])  # fmt: skip
def test_what_is_approached_is_no_bound(answer: str) -> None:
    check = judged(bound("sigmoid", side="lower"), answer)
    assert check.status == "invalid"
    assert "does not bound it: write <= or >= in its place." in (check.message or "")


def test_two_ways_to_read_a_bound_are_shown_with_the_digits_that_tell_them_apart() -> None:
    check = judged(bound("exp(1 - z^2)", "value"), "2.718281828459045")
    message = "This can be read in two ways: <= 2.718281828459045, or <= 2.71828182845904524. Write parentheses."
    assert check.message == message


@pytest.mark.parametrize(("answer", "status"), [
    ("f'(0): 0.25", "correct"), ("f'(z): <= 1/4", "correct"), ("f'(z): 0.25", "invalid"), ("f: 0.25", "invalid"),
    ("1:4", "correct"), ("max f': 0.25", "correct"), ("f'(0): 0.1", "invalid"), ("f(0): f'(z) <= 1/4", "invalid"),
])  # fmt: skip
def test_a_colon_behind_what_is_bounded_divides_nothing(answer: str, status: str) -> None:
    check = judged(UPPER, answer)
    assert check.status == status, check.message
