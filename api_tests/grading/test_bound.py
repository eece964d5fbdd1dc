"""Bounds as answers: below the supremum is none, however close; above it, how close it is."""

from typing import Any

import pytest

from api_tests.grading.judging import Json, flaws, graded, judged


def bound(activation: str, **fields: Any) -> Json:
    return {"kind": "bound", "activation": {"kind": activation}, **fields}


UPPER = [
    ("stanh", 1.19968, "correct", "tight"),
    ("stanh", "1.19968", "correct", "tight"),
    ("stanh", "|f'(z)| <= 1.19968", "correct", "tight"),
    ("stanh", "|f'(z)| < 1.19968", "correct", "tight"),
    ("stanh", "1.199678640257734", "correct", "tight"),
    ("stanh", "1.199678640257733", "incorrect", "invalid_bound"),
    ("stanh", 1.19967, "incorrect", "invalid_bound"),
    ("stanh", "|f'(z)| <= 1.19967", "incorrect", "invalid_bound"),
    ("stanh", 1.2, "correct", "valid_but_loose"),
    ("stanh", 1.25, "correct", "valid_but_loose"),
    ("stanh", 1, "incorrect", "invalid_bound"),
    ("stanh", "-1.2", "incorrect", "invalid_bound"),
    ("stanh", r"\frac{6}{5}", "correct", "valid_but_loose"),
    ("exu", 1.754, "correct", "valid_but_loose"),
    ("exu", 1.75, "incorrect", "invalid_bound"),
    ("exu", 1.7535, "correct", "tight"),
    ("exu", "|f'(z)| < 1.7535", "correct", "tight"),
    ("exu", "|f'(z)| <= 1.7535", "correct", "tight"),
    ("exu", "|f'(z)| < beta*u", "correct", "tight"),
    ("exu", r"\beta u", "correct", "tight"),
    ("sigmoid", 0.25, "correct", "tight"),
    ("sigmoid", "1/4", "correct", "tight"),
    ("sigmoid", "|f'(z)| < 1/4", "incorrect", "attained"),
    ("sigmoid", 0.2499, "incorrect", "invalid_bound"),
    ("tanh", "|f'(z)| < 1", "incorrect", "attained"),
    ("tanh", "|f'(z)| <= 1", "correct", "tight"),
    ("a_relu", "0.1 <= |f'| <= 1", "correct", "tight"),
    ("a_relu", "a <= |f'| <= 1", "correct", "tight"),
    ("a_relu", "0.1 < |f'| < 1", "incorrect", "attained"),
    ("a_relu", "0.2 <= |f'| <= 1", "partial", "invalid_bound"),
    ("gelu", 1.13, "correct", "valid_but_loose"),
    ("silu", 1.0998, "incorrect", "invalid_bound"),
    ("silu", 1.09984, "correct", "tight"),
]


@pytest.mark.parametrize(("activation", "answer", "status", "code"), UPPER)
def test_a_bound_is_valid_from_the_supremum_on_and_tight_near_it(
    activation: str, answer: Any, status: str, code: str
) -> None:
    check = judged(bound(activation), answer)
    assert (check.status, check.code, check.method) == (status, code, "certified_interval")


@pytest.mark.parametrize(("tolerance", "code"), [(1e-4, "valid_but_loose"), (1e-3, "tight"), (1e-6, "valid_but_loose")])
def test_what_is_tight_is_for_the_teacher_to_say(tolerance: float, code: str) -> None:
    assert judged(bound("stanh", relative_tolerance=tolerance), 1.2).code == code


@pytest.mark.parametrize(
    ("answer", "points"), [(1.19968, 2.0), (1.2, 1.0), (1.25, 1.0), (1.19967, 0.0), ("0 <= |f'| <= 1.25", 1.5)]
)
def test_a_loose_bound_is_worth_half_where_the_best_one_is_asked_for(answer: Any, points: float) -> None:
    check = judged(bound("stanh", require="tight", points=2.0), answer)
    assert check.points == points
    assert (check.status == "partial") == (0.0 < points < 2.0)


CHAINS = [
    "0 <= |f'(z)| <= 1.19968",
    "1.19968 >= |f'(z)| >= 0",
    "0≤|φ'(z)|≤1.19968",
    r"0 \le |f'(z)| \le 1.19968",
    r"0 \leq \left|f'(z)\right| \leq 1.19968",
    r"0 \leqslant \lvert f'(z) \rvert \leqslant 1.19968",
    r"1.19968 \geq |f'(z)| \geq 0",
    r"1.19968 \geqslant |f'(z)| ≥ 0",
    r"0 \le |f'(z)| \lt 1.19968",
    "abs(f'(z)) <= 1.19968",
    "1.19968 >= |f'(z)|",
    "-1.19968 <= f'(z) <= 1.19968",
    {"lower": 0, "upper": 1.19968},
    {"lower": "0", "upper": "1.19968"},
    {"upper": 1.19968},
    {"lower": None, "upper": 1.19968},
]


@pytest.mark.parametrize("answer", CHAINS, ids=str)
def test_a_bound_is_understood_in_any_spelling(answer: Any) -> None:
    check = judged(bound("stanh"), answer)
    assert (check.status, check.code) == ("correct", "tight")


FAR_SIDES = [("-1.25 <= f'(z) <= 1.19968", "valid_but_loose"), ("-1.1 <= f'(z) <= 1.19967", "invalid_bound")]


@pytest.mark.parametrize(("answer", "code"), FAR_SIDES)
def test_of_two_sides_of_the_derivative_the_farther_one_bounds_its_size(answer: str, code: str) -> None:
    assert judged(bound("stanh"), answer).code == code


LOWER = [
    ("sigmoid", "derivative", "0 < σ'(z)", "correct", "tight"),
    ("sigmoid", "derivative", "0 <= σ'(z)", "correct", "tight"),
    ("sigmoid", "derivative", "σ'(z) > 0", "correct", "tight"),
    ("sigmoid", "derivative", "σ'(z) > 0.001", "incorrect", "invalid_bound"),
    ("sigmoid", "derivative", "σ'(z) > -1", "correct", "valid_but_loose"),
    ("sigmoid", "abs_derivative", "|f'(z)| > 0", "correct", "tight"),
    ("stanh", "abs_derivative", "|f'(z)| > 0", "incorrect", "attained"),
    ("stanh", "abs_derivative", r"0 \lt |f'(z)|", "incorrect", "attained"),
    ("stanh", "abs_derivative", "|f'(z)| >= 0", "correct", "tight"),
    ("exu", "abs_derivative", "0 < |f'(z)|", "correct", "tight"),
    ("sigmoid", "value", "f(z) > 0", "correct", "tight"),
    ("stanh", "value", "f(z) > 0", "incorrect", "attained"),
    ("silu", "derivative", "f'(z) >= -0.09984", "correct", "tight"),
    ("silu", "derivative", "f'(z) >= -0.09983", "incorrect", "invalid_bound"),
]


@pytest.mark.parametrize(("activation", "quantity", "answer", "status", "code"), LOWER)
def test_a_strict_sign_is_right_where_the_infimum_is_not_attained(
    activation: str, quantity: str, answer: str, status: str, code: str
) -> None:
    check = judged(bound(activation, quantity=quantity, side="lower"), answer)
    assert (check.status, check.code) == (status, code)


def test_each_side_is_worth_its_share() -> None:
    claim = bound("sigmoid", quantity="derivative", side="both", points=2.0)
    points = {"0 < f'(z) <= 0.25": 2.0, "0 < f'(z) < 0.25": 1.0, "0.1 < f'(z) < 0.2": 0.0}
    assert {answer: judged(claim, answer).points for answer in points} == points


INCOMPLETE = [
    (bound("stanh"), "|f'(z)| >= 0"),
    (bound("stanh"), {"lower": 0}),
    (bound("stanh", side="both"), "|f'(z)| >= 0"),
    (bound("sigmoid", quantity="derivative", side="both"), "f'(z) <= 0.25"),
    (bound("sigmoid", quantity="derivative", side="lower"), "at most 0.25"),
]


@pytest.mark.parametrize(("claim", "answer"), INCOMPLETE)
def test_a_side_that_is_missing_makes_an_answer_unreadable_not_wrong(claim: Json, answer: Any) -> None:
    check = judged(claim, answer)
    assert (check.status, check.code) == ("invalid", "unreadable")
    assert "missing" in check.message


@pytest.mark.parametrize("side", ["lower", "both"])
def test_an_upper_bound_alone_does_not_answer_for_the_lower_one(side: str) -> None:
    assert judged(bound("a_relu", side=side), "|f'| <= 5").status == "invalid"


@pytest.mark.parametrize("answer", ["0 <= 1 <= 2", "0 <= |z| <= 2"])
def test_a_chain_is_about_a_quantity(answer: str) -> None:
    assert judged(bound("stanh"), answer).status == "invalid"


UNREADABLE = ["1 = f'", "1 < f' > 2", "0 <= 1 <= 2 <= 3", "f'(z) <= z", "1/0", [], [1.2], {}, {"over": 1}, True]


@pytest.mark.parametrize("answer", UNREADABLE, ids=str)
def test_what_is_no_bound_is_unreadable(answer: Any) -> None:
    assert judged(bound("stanh"), answer).status == "invalid"


@pytest.mark.parametrize(
    ("answer", "position"), [("0 <= |f'| <= 9^9^9", 16), ("|f'(z)| <= 1.2 tahn(1)", 16), (r"|f'| \le 1 +", 13)]
)
def test_a_position_counts_from_the_beginning_of_the_answer(answer: str, position: int) -> None:
    assert judged(bound("stanh"), answer).position == position


def test_what_is_unbounded_has_no_bound() -> None:
    check = judged(bound("relu", quantity="value"), 1e9)
    assert (check.status, check.code) == ("incorrect", "unbounded")
    check = judged(bound("relu", quantity="value", interval={"low": -1.0, "high": 3.0}), 3)
    assert (check.status, check.code) == ("correct", "tight")


def test_a_bound_that_was_cut_off_is_told_how_to_round() -> None:
    assert "rounded up" in judged(bound("stanh"), "1.19967").message
    assert "rounded up" not in judged(bound("stanh"), "1").message


OWN: list[Json] = [
    {"id": "d", "kind": "expression", "derivative_of": {"kind": "stanh"}},
    {"id": "b", "kind": "bound", "derivative_from": "d", "require": "tight", "points": 2.0},
]
CARRIED = [
    ("tanh(z) + z*sech(z)^2", 1.19968, "correct", "correct"),
    ("tanh(z) + z*sech(z)^2", 1, "correct", "incorrect"),
    ("sech(z)^2", 1, "incorrect", "correct"),
    ("sech(z)^2", "|f'(z)| < 1", "incorrect", "incorrect"),
    ("sech(z)^2", 1.19968, "incorrect", "partial"),
    ("tanh(z)", "|f'(z)| < 1", "incorrect", "correct"),
]


@pytest.mark.parametrize(("derivative", "upper", "first", "second"), CARRIED)
def test_a_bound_may_be_judged_by_the_students_own_derivative(
    derivative: str, upper: Any, first: str, second: str
) -> None:
    checks = graded(OWN, {"d": derivative, "b": upper}).checks
    assert [check.status for check in checks] == [first, second]
    assert "your own derivative" in checks[1].message


def test_a_supremum_that_is_not_known_is_not_called_zero() -> None:
    check = graded(OWN, {"d": "z*tanh(z)", "b": 1.2}).checks[1]
    assert check.status in ("incorrect", "undecided")
    assert "the supremum is 0." not in check.message


@pytest.mark.parametrize("answers", [{"b": 1}, {"d": "tahn(z)", "b": 1}])
def test_a_bound_of_a_derivative_that_is_not_there_is_invalid(answers: Json) -> None:
    assert graded(OWN, answers).checks[1].status == "invalid"


def test_the_position_in_another_answer_is_none_in_this_one() -> None:
    assert graded(OWN, {"d": "z + tahn(z)", "b": 1}).checks[1].position is None


def test_the_students_own_derivative_keeps_its_parameters() -> None:
    first = {"id": "d", "kind": "expression", "derivative_of": {"kind": "a_relu"}}
    checks = graded([first, OWN[1]], {"d": "where(z > 0, 1, a)", "b": 1}).checks
    assert [check.status for check in checks] == ["correct", "correct"]


FLAWED = [
    ({"kind": "bound"}, ""),
    (bound("stanh", derivative_from="z"), ""),
    ({"kind": "bound", "derivative_from": "z"}, "/derivative_from"),
    ({"kind": "bound", "derivative_from": "a"}, "/derivative_from"),
]


@pytest.mark.parametrize(("claim", "pointer"), FLAWED)
def test_a_bound_of_nothing_or_of_two_things_is_flawed(claim: Json, pointer: str) -> None:
    assert pointer in [found for found, _ in flaws(claim)]


def test_a_derivative_alone_does_not_say_what_the_value_is() -> None:
    first = {"kind": "expression", "derivative_of": {"kind": "tanh"}}
    assert [found for found, _ in flaws(first, {"kind": "bound", "derivative_from": "a", "quantity": "value"})] == [
        "/quantity"
    ]
    assert flaws(first, {"kind": "bound", "derivative_from": "a"}) == []


TIGHT = [  # silu' reaches 1.09983931…, and -0.09983931…
    ({}, "1.0999", "tight"),  # within a ten thousandth of itself
    ({}, "1.09995", "valid_but_loose"),
    ({"absolute_tolerance": 1e-3}, "1.1008", "tight"),
    ({"absolute_tolerance": 1e-3}, "1.1009", "valid_but_loose"),
    ({"absolute_tolerance": 1e-6}, "1.0999", "tight"),  # the relative one is kept
    ({"decimals": 4, "relative_tolerance": 1e-9}, "1.0999", "tight"),
    ({"decimals": 4, "relative_tolerance": 1e-9}, "1.09984", "tight"),
    ({"decimals": 4, "relative_tolerance": 1e-9}, "1.09990001", "valid_but_loose"),
    ({"decimals": 4, "relative_tolerance": 1e-9}, "1.0998", "invalid_bound"),  # the nearest is no bound
    ({"decimals": 3, "relative_tolerance": 1e-9}, "1.1", "tight"),  # the nearest one and the outward one
    ({"decimals": 3, "relative_tolerance": 1e-9}, "1.101", "valid_but_loose"),
    ({"decimals": 0, "relative_tolerance": 1e-9}, "2", "tight"),
    ({"decimals": 0, "relative_tolerance": 1e-9}, "2.01", "valid_but_loose"),
]


@pytest.mark.parametrize(("fields", "answer", "code"), TIGHT)
def test_a_bound_is_tight_within_any_tolerance_or_rounded_outward(fields: Json, answer: str, code: str) -> None:
    claim = bound("silu", quantity="derivative", require="tight", **fields)
    assert judged(claim, f"f'(z) <= {answer}").code == code
    infimum = {"1.09984": "-0.09984", "1.0998": "-0.0998", "1.0999": "-0.0999"}.get(answer)
    if infimum and "decimals" in fields:
        assert judged({**claim, "side": "lower"}, f"f'(z) >= {infimum}").code == code


def test_four_decimals_on_both_sides_are_all_of_the_points() -> None:
    claim = bound("silu", quantity="derivative", require="tight", side="both", decimals=4, points=2.0)
    found = {
        answer: judged(claim, answer).points
        for answer in ("-0.0999 <= f'(z) <= 1.0999", "-0.0998 <= f'(z) <= 1.0998", "-0.1 <= f'(z) <= 1.0999")
    }
    assert list(found.values()) == [2.0, 0.0, 1.5]


@pytest.mark.parametrize("decimals", [0, 1, 2, 4])
def test_an_extreme_with_few_decimals_is_not_rounded_further(decimals: int) -> None:
    claim = bound("tanh", require="tight", decimals=decimals, relative_tolerance=1e-9)
    assert judged(claim, "1").code == "tight"
    assert judged(claim, f"1 + 1/10^{decimals + 1}").code == "valid_but_loose"


def test_what_is_tight_is_not_said_where_every_bound_is_enough() -> None:
    for field, value in (("absolute_tolerance", 0.1), ("decimals", 3)):
        assert flaws(bound("stanh", **{field: value})) == [
            (f"/{field}", f'`{field}` says what is tight; set `require` to "tight".')
        ]
        assert flaws(bound("stanh", require="tight", **{field: value})) == []
