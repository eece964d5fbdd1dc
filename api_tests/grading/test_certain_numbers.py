"""What is no number, is known too loosely to be judged, or says another thing of a bound than it seems to."""

import pytest

from api_tests.grading.judging import Json, judged


def bound(kind: str, quantity: str = "derivative", side: str = "upper", require: str = "tight") -> Json:
    return {
        "kind": "bound", "activation": {"kind": kind}, "quantity": quantity, "side": side, "require": require,
    }  # fmt: skip


def number(expected: float) -> Json:
    return {"kind": "number", "expected": expected, "relative_tolerance": 1e-6}


UPPER, LOWER, BOTH = (bound("sigmoid", side=side) for side in ("upper", "lower", "both"))


@pytest.mark.parametrize("answer", [
    "0^0", "(pi-pi)^0", "max(0^0, 0.1)", "(sqrt(2)-sqrt(2))^0", "1 - 0^0", "(exp(ln(3))-3)*10^60",
])  # fmt: skip
@pytest.mark.parametrize("claim", [
    number(0.25), number(0.7), number(-0.4), number(1.0), bound("relu"), UPPER, bound("relu", "value", "lower"),
])  # fmt: skip
def test_what_has_no_value_that_is_known_closely_is_no_number(claim: Json, answer: str) -> None:
    check = judged(claim, answer)
    assert (check.status, check.points) == ("invalid", 0.0)
    assert "no value that is known closely" in check.message


def test_a_number_that_is_known_less_closely_than_it_has_to_be_right_goes_to_a_person() -> None:
    check = judged(number(1e-50), "exp(ln(3)) - 3")
    assert (check.status, check.code) == ("undecided", "undecided_number")
    assert judged({"kind": "number", "expected": 0.0, "absolute_tolerance": 1e-6}, "sin(pi)").status == "correct"


@pytest.mark.parametrize(
    "answer", ["0.25 +- 0.01", "0.25+-0.01", "0.25 +/- 0.01", r"0.25 \pm 0.01", "1/4 ± 0", "0.25 -+ 0"]
)
@pytest.mark.parametrize("claim", [number(0.25), UPPER])
def test_a_number_give_or_take_another_is_two_numbers(claim: Json, answer: str) -> None:
    check = judged(claim, answer)
    assert check.status == "invalid"
    assert "leaves open which number" in check.message


@pytest.mark.parametrize(("claim", "answer"), [
    (number(0.25), ",25"), (number(-0.25), "-,25"), (UPPER, ",25"), (UPPER, "f' <= ,25"), (BOTH, "[0; ,25]"),
    (UPPER, "f'(z) &lt;= 1/4"), (UPPER, r"f'(z) \lt= 1/4"), (UPPER, "1/4 &gt;= f'"), (UPPER, "f' ＜= 1/4"),
])  # fmt: skip
def test_a_comma_before_digits_and_signs_in_two_spellings_are_read(claim: Json, answer: str) -> None:
    assert judged(claim, answer).status == "correct"


@pytest.mark.parametrize(("claim", "answer", "code"), [
    (bound("tanh", "value", "lower"), "-1", "tight"),
    (bound("relu", "value", "lower"), "0", "tight"),
    (bound("relu", "value", "lower"), 0, "tight"),
    (LOWER, "0", "tight"),
    (LOWER, "1/4", "invalid_bound"),
    (LOWER, "upper bound: 0", "unreadable"),
    (LOWER, "f' <= 0", "unreadable"),
    (UPPER, "0", "invalid_bound"),
])  # fmt: skip
def test_a_number_alone_is_a_bound_on_the_side_that_is_asked_for(claim: Json, answer: object, code: str) -> None:
    assert judged(claim, answer).code == code


@pytest.mark.parametrize(("claim", "answer", "status"), [
    (LOWER, "f'^2 > 0", "invalid"), (LOWER, "|f'| > 0", "invalid"), (LOWER, "f' > 0", "correct"),
    (BOTH, "|f'| <= 1/4", "partial"), (BOTH, "0 < |f'| <= 1/4", "correct"), (BOTH, "f'^2 > 0", "invalid"),
    (bound("tanh", "value", "both"), "|f(z)| < 1", "correct"),
    (bound("tanh", "value", "lower"), "|f(z)| < 1", "correct"),
    (bound("tanh", "value", "lower"), "|f(z)| < 2", "partial"),
    (bound("stanh", "abs_derivative", require="valid"), "f'(z) <= 1.2", "invalid"),
    (bound("stanh", "abs_derivative", require="valid"), "|f'(z)| <= 1.2", "correct"),
    (bound("stanh", "abs_derivative", require="valid"), "-1.2 <= f'(z) <= 1.2", "correct"),
    (bound("sigmoid", "abs_derivative"), "f'(z) <= 1/4", "correct"),  # which is never negative
])  # fmt: skip
def test_a_bound_of_the_size_and_one_of_the_derivative_are_told_apart(claim: Json, answer: str, status: str) -> None:
    assert judged(claim, answer).status == status


@pytest.mark.parametrize(("answer", "status"), [
    ("f'(z) <= 1/4 at z=0", "invalid"), ("at most 1/4 at z = 0", "invalid"), ("0≤f'≤1/4=", "invalid"),
    ("1/4 =", "invalid"), ("f' <= 1/4 = = 0.25", "invalid"), ("1/4 at z=0", "correct"),
    ("f' <= 1/4 (attained at z=0)", "correct"), ("= 1/4", "correct"),
])  # fmt: skip
def test_what_holds_at_one_place_or_ends_in_a_sign_is_no_bound(answer: str, status: str) -> None:
    assert judged(UPPER, answer).status == status


@pytest.mark.parametrize("answer", [
    "z=" * 240, "0<" * 235 + "f'<1", "1=" * 240 + "1", "f'<1," * 90, "{" + "1," * 240 + "1}", "x".rjust(500),
    "f' <= 1" + "x".rjust(490), "x" + "x".rjust(500), "1 for all z " * 40, "(" + "x".rjust(500),
])  # fmt: skip
def test_a_long_row_of_signs_or_blanks_is_refused(answer: str) -> None:
    assert judged(UPPER, answer).status == judged(number(0.25), answer).status == "invalid"
