"""Numbers as answers, and how near is near enough."""

from typing import Any

import pytest

from api_tests.grading.judging import Json, flaws, judged


def number(expected: float, **fields: Any) -> Json:
    return {"kind": "number", "expected": expected, **fields}


CASES = [
    (number(2.0, relative_tolerance=0.01), 2.0199, "within_tolerance"),
    (number(2.0, relative_tolerance=0.01), 1.9801, "within_tolerance"),
    (number(-2.0, relative_tolerance=0.01), -2.0199, "within_tolerance"),
    (number(2.0, relative_tolerance=0.0), 2, "within_tolerance"),
    (number(0.0, absolute_tolerance=1e-3), -0.0009, "within_tolerance"),
    (number(2.0, relative_tolerance=0.01), "2.0200001", "outside_tolerance"),
    (number(0.1, relative_tolerance=0.0), "0.1 + 1e-30", "outside_tolerance"),
    (number(0.0, absolute_tolerance=1e-3), 0.0011, "outside_tolerance"),
    (number(1e6, absolute_tolerance=1.0), 1000001, "within_tolerance"),
    (number(1e6, absolute_tolerance=1.0), 1000001.5, "outside_tolerance"),
    (number(3.14159, significant_figures=3), 3.14, "within_tolerance"),
    (number(3.14159, significant_figures=3), 3.1466, "outside_tolerance"),
    (number(3.14159, significant_figures=3), 3.13, "outside_tolerance"),
    (number(0.00123456, significant_figures=2), "0.0012", "within_tolerance"),
    (number(0.00123456, significant_figures=2), "0.0013", "outside_tolerance"),
    (number(100.0, significant_figures=2, absolute_tolerance=0.1), 104, "within_tolerance"),
    (number(2.0, relative_tolerance=0.01), -2.0, "differs_by_sign"),
    (number(-2.0, relative_tolerance=0.01), 2.0, "differs_by_sign"),
    (number(0.7615941559557649, relative_tolerance=1e-12), "tanh(1)", "within_tolerance"),
    (number(1.4142135623730951, relative_tolerance=1e-12), r"\sqrt{2}", "within_tolerance"),
    (number(0.25, relative_tolerance=1e-9), r"\frac{1}{4}", "within_tolerance"),
]


@pytest.mark.parametrize(("claim", "answer", "code"), CASES)
def test_a_number_is_right_where_one_of_the_tolerances_is_kept(claim: Json, answer: Any, code: str) -> None:
    check = judged(claim, answer)
    assert (check.code, check.method) == (code, "numeric")
    assert (check.status == "correct") == (code == "within_tolerance")
    assert check.points == float(check.status == "correct")


EDGES = [
    (number(2.0, relative_tolerance=0.01), 2.02),
    (number(2.0, relative_tolerance=0.01), 1.98),
    (number(-2.0, relative_tolerance=0.01), -2.02),
    (number(0.1, relative_tolerance=0.0), 0.1),
    (number(0.1, relative_tolerance=0.0), "1/10"),
    (number(0.0, absolute_tolerance=1e-3), -0.001),
]


@pytest.mark.parametrize(("claim", "answer"), EDGES)
def test_a_number_exactly_at_the_edge_keeps_the_tolerance(claim: Json, answer: Any) -> None:
    assert judged(claim, answer).status == "correct"


@pytest.mark.parametrize(("answer", "word"), [(3, "too large"), (1, "too small"), (-2, "wrong sign")])
def test_a_wrong_number_is_told_on_which_side_it_is(answer: int, word: str) -> None:
    assert word in judged(number(2.0, relative_tolerance=0.01), answer).message


@pytest.mark.parametrize("answer", ["z", "2 apples", "1/0", "ln(0)", [2], {"value": 2}, True, "0x10", "1e400"], ids=str)
def test_what_is_no_number_is_unreadable(answer: Any) -> None:
    assert judged(number(2.0, relative_tolerance=0.01), answer).status == "invalid"


FLAWED = [
    (number(2.0), ""),
    (number(0.0, relative_tolerance=0.1), "/expected"),
    (number(0.0, significant_figures=3), "/expected"),
]


@pytest.mark.parametrize(("claim", "pointer"), FLAWED)
def test_a_number_that_nobody_could_meet_is_flawed(claim: Json, pointer: str) -> None:
    assert [found for found, _ in flaws(claim)] == [pointer]
    assert flaws(number(0.0, absolute_tolerance=0.1)) == []


DECIMALS = [
    (number(1.09984, decimals=4), 1.0998, True),
    (number(1.09984, decimals=4), 1.0999, False),
    (number(1.09984, decimals=4), "1.09989", True),
    (number(1.09984, decimals=4), "1.09990001", False),
    (number(1.25, decimals=1), 1.3, True),  # at half a unit either is right
    (number(1.25, decimals=1), 1.2, True),
    (number(0.0, decimals=2), 0.005, True),
    (number(0.0, decimals=2), 0.0051, False),
    (number(1234.5, decimals=0), 1235, True),
    (number(1234.5, decimals=0), 1236, False),
]


@pytest.mark.parametrize(("claim", "answer", "right"), DECIMALS)
def test_decimals_are_right_within_half_a_unit_of_the_last_one(claim: Json, answer: Any, right: bool) -> None:
    assert (judged(claim, answer).status == "correct") is right


CONTRADICTORY = [
    (number(1.5, decimals=3, significant_figures=3), "/decimals"),
    (number(0.0004, decimals=3), "/decimals"),
    (number(0.00049, decimals=3), "/decimals"),
]


@pytest.mark.parametrize(("claim", "pointer"), CONTRADICTORY)
def test_decimals_beside_figures_or_of_a_smaller_number_are_a_flaw(claim: Json, pointer: str) -> None:
    assert [found for found, _ in flaws(claim)] == [pointer]


@pytest.mark.parametrize("claim", [
    number(0.0005, decimals=3), number(0.0, decimals=2), number(1.5, decimals=3, absolute_tolerance=0.1),
])  # fmt: skip
def test_decimals_alone_are_a_tolerance(claim: Json) -> None:
    assert flaws(claim) == []


WRITTEN = [
    (1234.5, [
        "1,234.5", "1.234,5", "1 234.5", "1 234,5", "1'234.5", "1’234.5", r"1\,234.5", "1_234.5", "1\u202f234.5",
        "1234,5",
        "1.2345×10³", "1.2345 x 10^3", "1.2345 X 10^3", "1.2345·10^3", "1.2345e+03", "123450%", "2469/2", "1234 1/2",
    ]),
    (1234567.0, ["1,234,567", "1.234.567", "1 234 567", "1'234'567"]),
    (0.25, [
        "0,25", "0,250", "1/4 (0.25)", "0.25 (1/4)", "1/4 (=0.25)",
        "0.25 (= 1/4)", "25%", "25 %", r"25\%", "25 percent", "1/4 = 0.25", "= 0.25", "x = 0.25", "f'(0) = 1/4",
        "max(0.25, 0.1)", "min(0.25, 1)", "|-0.25|", "abs(-0.25)", "0.25.", "0.25,", "$0.25$", "where(1 > 0, 0.25, 7)",
    ]),
    (1.1997, [
        "1.1997 (approx)", "~1.1997", "≈ 1.1997", r"\approx 1.1997", "about 1.1997", "approximately 1.1997",
        "z = 1.1997",
        "z_0 = 1.1997", "z_{0} = 1.1997", "z* = 1.1997", "z^* ≈ 1.1997", r"z_{\max} \approx 1.1997", "z ≈ 1,1997",
        "1 1997/10000", "1.1997…", "1.1997...", r"1.1997\dots", "1.1997 (4 d.p.)", "1.1997 to 4 d.p.",
        "1.1997 (correct to 5 significant figures)", "1.1997 (119.97%)", "1.1997 (4 decimal places)",
    ]),
    (-1.5, ["-1,5", "−1.5", "-150%", "-1 1/2", "-3/2 = -1.5"]),
    (1 / 3, ["1/3 = 0.3333333", "0.33333333333 = 1/3"]),
]  # fmt: skip


@pytest.mark.parametrize(("expected", "answer"), [(one, text) for one, texts in WRITTEN for text in texts])
def test_a_number_is_read_as_students_write_it(expected: float, answer: str) -> None:
    check = judged(number(expected, relative_tolerance=1e-9), answer)
    assert check.status == "correct", check.message


REFUSED = [
    ("1,234", "1,234 may be 1.234 or 1234: write one of these."),
    ("-12,345", "-12,345 may be 12.345 or 12345: write one of these."),
    ("1/4 = 0.4", "1/4 and 0.4 are not the same number; write one of them."),
    ("2 (3)", "2 and 3 are not the same number; write one of them."),
    ("1/x = 2", ""),
    ("-z = 2", ""),
    ("2z = 2", ""),
    ("ln(z) = 2", ""),
    ("sqrt(x) = 2", ""),
    ("not 2", ""),
    ("z ≠ 2", ""),
    ("2?", ""),
    ("2 rad", ""),
    ("1.19 97", ""),
    ("1 3/2", ""),  # no mixed number
    ("0x10", ""),
    ("true", ""),
    ("∞", ""),
    ("abs(1/0)", "This has no finite value."),
]


@pytest.mark.parametrize(("answer", "message"), REFUSED)
def test_what_may_be_two_numbers_is_refused_with_both(answer: str, message: str) -> None:
    check = judged(number(2.0, relative_tolerance=0.01), answer)
    assert check.status == "invalid"
    assert message in check.message


SAID = [
    ("2", "Correct."),
    ("1/3 + 5/3", "Correct."),
    ("3", "3 is too large."),
    ("1,5", "1,5 is too small."),
    ("-2", "-2 has the wrong sign."),
    (2.5, "2.5 is too large."),
]


@pytest.mark.parametrize(("answer", "message"), SAID)
def test_a_student_reads_what_is_wrong_with_a_number(answer: Any, message: str) -> None:
    assert judged(number(2.0, relative_tolerance=0.01), answer).message == message


@pytest.mark.parametrize("answer", [
    "0.25 at z=0 or 0.7", "1/4 at z=0 or 1/2", "0.25 at z=0; 0.7 elsewhere", "0.25 at z=0, wrong",
    "0.25 at z=0 not 0.5", "0.25 (at z=0 0.7)", "0.25 at z=",
    "f'(0 wrong) = 1/4", "f'(0 or 1) = 1/4", "wrong = 0.25", "not = 0.25",
    "max_{z or x} = 1/4", "z=0: 0.3", "z=0 or 1: 0.25", "0.25, z=wrong", "wrong: 0.25", "0.25 for z>0",
])  # fmt: skip
def test_what_stands_beside_a_number_is_read_or_refused(answer: str) -> None:
    assert judged(number(0.25, decimals=4), answer).status == "invalid"


@pytest.mark.parametrize("answer", [
    "z=0: 0.25", "x=0: 1/4", "at z = 0: 1/4", "f'(0): 0.25", "max: 0.25", "Answer: 0.25", "Maximum: 1/4", "0.25, z=0",
    "0.25 bei z=0", "0.25 for z = -1/2", "exactly 0.25", "genau 0,25", "z0 = 0.25", "f'(z_0) = 0.25", "f'(z^*) = 0.25",
    "1:4", "x = 1:4", "0.25 @ z=0,5",
])  # fmt: skip
def test_a_number_may_have_a_name_or_a_place_before_or_behind(answer: str) -> None:
    check = judged(number(0.25, decimals=4), answer)
    assert check.status == "correct", check.message


@pytest.mark.parametrize(("expected", "answer", "status", "words"), [
    (1000.0, "1.000", "invalid", "1, or 1000"), (1234.0, "1.234", "invalid", "1.234, or 1234"),
    (12345.0, "12.345", "invalid", "12.345, or 12345"), (-1234.0, "-1.234", "invalid", "-1.234, or -1234"),
    (1.234, "1.234", "correct", ""), (1235.0, "1.234", "incorrect", "too small"), (100.0, "0.100", "incorrect", ""),
    (1234.0, "1{,}234", "invalid", "may be 1.234 or 1234"), (1234.5, "1{,}234.5", "correct", ""),
])  # fmt: skip
def test_a_point_that_may_separate_thousands_is_asked_for(
    expected: float, answer: str, status: str, words: str
) -> None:
    check = judged(number(expected, decimals=3), answer)
    assert check.status == status
    assert words in check.message
