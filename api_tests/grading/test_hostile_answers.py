"""Answers that are meant to break something: each comes back as invalid, and a formula's with a position."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_tests.cases import case
from api_tests.grading.judging import Json, judged

FORMULAS = [
    "9^9^9",
    "9**9**9",
    "z^(5^(5^5))",
    "5^(5^(5^(5^5)))",
    "(" * 100_000,
    "(" * 100_000 + "z" + ")" * 100_000,
    "(" * 200 + "z" + ")" * 200,
    "-" * 100_000 + "z",
    "-" * 400 + "z",
    "z\0",
    "\0",
    "tanh(㎡)",
    "Ⅻ + z",
    "٣ + z",
    "0x" + "F" * 400,
    "0xFFFF",
    "0x" + "F" * 2_000_000,
    "1e10000000",
    "1e999999999999999999999",
    "1e-10000000",
    "z*1e301",
    "1" * 31,
    "1" * 100_000,
    "tanh(" * 200 + "z" + ")" * 200,
    "tanh(" * 60 + "z" + ")" * 60,
    "((1+z)^64)^64",
    "(1+z)^2000",
    "(1+z)^60^60",
    "e^e^e^e^z",
    "exp(exp(exp(exp(z))))",
    "factorial(10**7)",
    "__import__('os').system('touch hacked')",
    "().__class__.__base__.__subclasses__()",
    "Symbol('x').__class__.__mro__[-1]",
    "lambda: z",
    "z if",
    "where(z)",
    r"\frac" * 80,
    r"\left" * 90,
    r"\begin{cases}" * 30,
    r"\input{/etc/passwd}",
    "|" * 300,
    "{" * 300,
    "z" * 513,
    "\ud800",
    "z\u202e",
    "\x1b[31mz",
    "<script>alert(1)</script>",
    "z; DROP TABLE gradings",
    "^" * 100,
    "+",
    "nan",
    "inf",
    "1j*z",
    "z_",
    "10^400",
]
EXPRESSION: Json = {"kind": "expression", "derivative_of": {"kind": "stanh"}}


def test_a_hostile_formula_is_invalid_and_its_position_is_inside_the_answer() -> None:
    for answer in FORMULAS:
        with case(repr(answer[:24])):
            check = judged(EXPRESSION, answer)
            assert (check.status, check.code, check.points) == ("invalid", "unreadable", 0.0)
            assert check.position is not None
            assert 1 <= check.position <= len(answer) + 1
            assert check.message
            assert len(check.message) < 300


@pytest.mark.parametrize("claim", [
    {"kind": "number", "expected": 1.0, "relative_tolerance": 0.1},
    {"kind": "bound", "activation": {"kind": "stanh"}},
    {"kind": "choice", "choices": ["a", "b"], "expected": ["a"]},
    {"kind": "ranking", "expected": [["a"], ["b"]]},
], ids=lambda claim: claim["kind"])  # fmt: skip
def test_a_hostile_text_is_invalid_whatever_was_asked_for(claim: Json) -> None:
    for answer in FORMULAS:
        with case(repr(answer[:24])):
            infinite = (claim["kind"], answer) == ("bound", "inf")  # which says that there is no bound
            assert judged(claim, answer).status == ("incorrect" if infinite else "invalid")


def nested(depth: int) -> Any:
    made: Any = "z"
    for _ in range(depth):
        made = [made]
    return made


VALUES = [True, [], {}, [None], {"lower": "x" * 1000}, {"z": {"z": {}}}, nested(200), [[[]]], 10**400, -(10**400)]
CLAIMS: list[Json] = [
    EXPRESSION,
    {"kind": "number", "expected": 1.0, "relative_tolerance": 0.1},
    {"kind": "bound", "activation": {"kind": "stanh"}},
    {"kind": "choice", "choices": ["a", "b"], "expected": ["a"]},
    {"kind": "ranking", "expected": [["a"], ["b"]]},
    {"kind": "text_keywords", "ideas": [["word"]]},
    {"kind": "verdict", "simulation": {"network": {"features": 1, "layers": [{"kind": "dense", "units": 1}]}}},
]


NOTHING_TICKED = ("choice", [])
"""That is an answer."""


def test_a_value_of_the_wrong_sort_is_invalid() -> None:
    for claim, answer in ((one, value) for one in CLAIMS for value in VALUES if (one["kind"], value) != NOTHING_TICKED):
        with case(claim["kind"], str(answer)[:24]):
            assert judged(claim, answer).status == "invalid"


LIKE_FORMULAS = st.text(st.sampled_from("z0129.e+-*/^()|{}\\ tanhsexp<>=,&\0ｚ"), max_size=40)


@settings(deadline=None)
@given(LIKE_FORMULAS)
def test_whatever_is_handed_in_is_judged(answer: str) -> None:
    check = judged(EXPRESSION, answer)
    assert check.status in ("incorrect", "invalid", "missing", "undecided")
    assert check.status != "invalid" or check.position is not None


LONG: list[tuple[str, str, str]] = [
    (" " * 511 + "1", "correct", "invalid"), ("\n" * 511 + "!", "invalid", "invalid"),
    ("$" * 512, "invalid", "invalid"), ("\\(" * 256, "invalid", "invalid"), ("f(" + " " * 250, "invalid", "invalid"),
    ("f'(" + " " * 250, "invalid", "invalid"), ("d" + " " * 250 + "f", "invalid", "invalid"),
    ("1" + " " * 250 + "(2)", "invalid", "invalid"), ("+" + " " * 250 + "∞", "invalid", "incorrect"),
    ("sigmoid'(" + " " * 240, "invalid", "invalid"),
]  # fmt: skip


def test_a_number_or_a_bound_between_many_blanks_is_judged_at_once() -> None:
    for answer, number, bound in LONG:
        with case(repr(answer[:12])):
            assert judged({"kind": "number", "expected": 1.0, "decimals": 2}, answer).status == number
            assert judged({"kind": "bound", "activation": {"kind": "stanh"}}, answer).status == bound


@pytest.mark.parametrize("answer", [
    "{;}", "{,}", "{;;}", "{ ; }", r"\{;\}", "f' ∈ {;}", "f' ∈ {,}", "0.25 (at z=)", "1/4 (z=)", "1/4 at z=",
    "[;]", "[,]", "(;)", "( , )", "f' in [ ; ]", "±", "between and", "(z=)", "%", "…", "…%", "1…(", "max", "min:",
    "max:=", "f'(", "=", "0.25 @ z=",
])  # fmt: skip
def test_a_bound_or_a_number_that_is_left_out_is_refused(answer: str) -> None:
    for claim in (CLAIMS[1], CLAIMS[2]):
        assert judged(claim, answer).status == "invalid"
