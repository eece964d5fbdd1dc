"""What a bound is worth beside the extreme itself: by exact arithmetic, from above as from below, forwards as back."""

from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from flint import ctx
from hypothesis import given
from hypothesis import strategies as st

from api_tests.grading.judging import Json, judged
from service.formulas.language.grammar import parse
from service.grading.answers import ANSWER_BITS, Unreadable
from service.grading.extremum import BoundOutcome, KnownExtreme, Tightness
from service.grading.inequality import Inequality
from service.grading.notation import Named
from service.grading.quantity import Quantity
from service.theory.facts import Bound

TOLERANCE = 0.25
SIZE = Quantity(Named((parse("tanh(z)"), parse("1 - tanh(z)^2")), {}), 1, size=True)
"""The size of the derivative of tanh."""
DECIMALS = st.fractions(-8, 8).map(lambda one: Fraction(round(one * 1000), 1000))


def extreme(decimal: str | None = None, attained: bool | None = True, **fields: Any) -> Bound:
    """What is proven of a supremum or an infimum: its digits, or an interval, or that there is none."""
    known: Json = {"low": None, "high": None, "unbounded": False, "certified": True, "places": []}
    return Bound(**{**known, "decimal": decimal, "attained": attained, **fields})


def outcome(said: Any, truth: Bound, *, above: bool = True, strict: bool = False) -> BoundOutcome:
    """What comes of `said` as a bound from above, or from below."""
    sign = ("<" if above else ">") + ("" if strict else "=")
    claimed = Inequality.of(f"f' {sign} {said}", SIZE)
    side = claimed.upper if above else claimed.lower
    assert side is not None
    with ctx.workprec(ANSWER_BITS):
        return side.judged(KnownExtreme(truth, 1 if above else -1, "φ'"), Tightness(TOLERANCE))


def decimal(number: Fraction) -> str:
    return f"{float(number):.3f}"


@given(DECIMALS, DECIMALS, st.booleans(), st.booleans(), st.sampled_from([True, False, None]))
def test_a_bound_is_judged_by_how_far_it_is_from_the_extreme_on_its_side(
    best: Fraction, said: Fraction, above: bool, strict: bool, attained: bool | None
) -> None:
    room = said - best if above else best - said
    at_it = "tight" if not strict or attained is False else "attained" if attained else "undecided_bound"
    near = "tight" if room <= Fraction(TOLERANCE) * abs(best) else "valid_but_loose"
    expected = "invalid_bound" if room < 0 else at_it if room == 0 else near
    found = outcome(decimal(said), extreme(decimal(best), attained), above=above, strict=strict)
    edge = abs(room) == Fraction(TOLERANCE) * abs(best) and best % Fraction(1, 8)  # of decimal balls it may be either
    assert found.code == expected or edge
    words = ("supremum", "upper"), ("infimum", "lower")
    assert any(word in found.sentence for word in words[not above])
    assert not any(word in found.sentence for word in words[above])


@pytest.mark.parametrize(("said", "code"), [("2.5", "tight"), ("2.5000001", "valid_but_loose")])
def test_a_bound_that_is_off_by_the_tolerance_exactly_is_tight(said: str, code: str) -> None:
    assert outcome(said, extreme("2")).code == code


@pytest.mark.parametrize(("said", "strict", "code"), [("cos(0)", False, "tight"), ("cos(0)", True, "attained")])
def test_a_number_in_another_spelling_is_the_extreme_itself(said: str, strict: bool, code: str) -> None:
    assert outcome(said, extreme("1"), strict=strict).code == code


@pytest.mark.parametrize("said", ["sqrt(2)", "2/sqrt(2)"])
def test_a_number_that_no_digits_tell_from_the_extreme_goes_to_a_person(said: str) -> None:
    claim = {"kind": "bound", "activation": {"kind": "expression", "formula": "sqrt(2) tanh(z)"}}
    check = judged(claim, said)
    assert (check.status, check.code, check.points) == ("undecided", "undecided_bound", 0.0)
    assert check.message == f"Too little is known to judge {said}: the supremum is 1.414214."


@pytest.mark.parametrize(("said", "code"), [
    ("0.4", "invalid_bound"), ("0.7", "undecided_bound"), ("1.01", "valid_but_loose"),
])  # fmt: skip
def test_of_an_extreme_that_lies_in_an_interval_only_what_is_outside_is_judged(said: str, code: str) -> None:
    found = outcome(said, extreme(low=0.5, high=1.0))
    assert (found.code, found.valid) == (code, {"in": False, "un": None}.get(code[:2], True))


@pytest.mark.parametrize(("low", "high"), [(None, None), (None, 1.0), (0.5, None)])
@pytest.mark.parametrize("said", ["-9", "0.7", "9"])
def test_of_an_extreme_of_which_an_end_is_missing_nothing_is_decided(low: Any, high: Any, said: str) -> None:
    found = outcome(said, extreme(low=low, high=high))
    assert (found.code, found.valid) == ("undecided_bound", None)
    assert found.sentence == f"Too little is known to judge {said}: the supremum is not known."


def test_of_an_extreme_without_proven_digits_the_middle_is_shown() -> None:
    assert outcome("2", extreme(low=0.25, high=0.75)).sentence.endswith("the supremum is 0.5.")
    assert outcome("0.1", extreme(low=0.25, high=0.75)).sentence.endswith(": φ' reaches 0.5.")


@pytest.mark.parametrize("code", ["-", "tight", "valid_but_loose", "undecided_bound", "invalid_bound", "attained"])
def test_a_bound_is_valid_where_it_is_tight_or_loose_and_neither_valid_nor_not_where_it_is_undecided(code: str) -> None:
    known = {"tight": True, "valid_but_loose": True, "undecided_bound": None}
    assert BoundOutcome(code, "").valid is known.get(code, False)


STANH = "1.19967864025773383391636984864"
ROUNDED = [
    ("1.19967", STANH, True, "up: 1.19968."),
    ("1.199670", STANH, True, "up: 1.19968."),  # zeros behind the digits are none of them
    ("1.1996", STANH, True, "up: 1.1997."),
    ("1.19966", STANH, True, ""),
    ("1", STANH, True, ""),
    ("1.19967", "1.1", False, ""),
    ("1.19968", STANH, False, "down: 1.19967."),
    ("1.19967", STANH, False, ""),  # from below, what is cut off is a bound
    ("-0.0998", "-0.099839319", False, "down: -0.0999."),
]


@pytest.mark.parametrize(("said", "best", "above", "told"), ROUNDED)
def test_only_what_was_rounded_to_the_wrong_side_is_told_how_to_round(
    said: str, best: str, above: bool, told: str
) -> None:
    sentence = outcome(said, extreme(best), above=above).sentence
    assert (sentence.rpartition(" has to be rounded ")[2] if "rounded" in sentence else "") == told


SHOWN = [
    ("9", "1.25", "1.25"),
    ("9", "1.23456789", "1.23457"),
    ("1.23457", "1.23456789", "1.234568"),  # as many digits as tell it from what it stands beside
    ("1.234568", "1.23456789", "1.2345679"),
    ("1.23456", "1.23456789", "1.23457"),
    ("0.00000123457", "0.00000123456789", "0.000001234568"),
    ("-1.5", "-2", "-2"),
]


@pytest.mark.parametrize(("said", "best", "shown"), SHOWN)
def test_an_extreme_is_shown_in_six_digits_or_as_many_as_tell_it_from_the_bound(
    said: str, best: str, shown: str
) -> None:
    assert outcome(said, extreme(best)).sentence.split(". An")[0].rstrip(".").endswith(f" {shown}")


CHAINS = list(product(["<", "<=", "≤", r"\le"], ["<", "<=", "≤", r"\le"]))
BACKWARDS = {"<": ">", "<=": ">=", "≤": "≥", r"\le": r"\ge"}


@pytest.mark.parametrize(("first", "second"), CHAINS)
def test_a_chain_says_the_same_from_either_end(first: str, second: str) -> None:
    for left, right in (("-1", "2"), ("0.5", "1/3")):
        forwards = Inequality.of(f"{left} {first} |f'(z)| {second} {right}", SIZE)
        back = Inequality.of(f"{right} {BACKWARDS[second]} |f'(z)| {BACKWARDS[first]} {left}", SIZE)
        found = [
            [one and (one.written, one.strict, one.exact) for one in (chain.lower, chain.upper)]
            for chain in (forwards, back)
        ]
        assert found[0] == found[1]
        assert found[0] == [
            (left, first == "<", Fraction(left)), (right, second == "<", Fraction(right)),
        ]  # fmt: skip


@pytest.mark.parametrize(("first", "second"), CHAINS)
def test_one_side_alone_says_the_same_from_either_end(first: str, second: str) -> None:
    below = Inequality.of(f"1 {first} f'", SIZE), Inequality.of(f"f' {BACKWARDS[first]} 1", SIZE)
    above = Inequality.of(f"f' {second} 1", SIZE), Inequality.of(f"1 {BACKWARDS[second]} f'", SIZE)
    for one, other in (below, above):
        assert (one.lower is None, one.upper is None) == (other.lower is None, other.upper is None)
        assert (one.lower or one.upper or below).strict == (other.lower or other.upper or below).strict
    assert below[0].upper is None
    assert above[0].lower is None


CROOKED = [
    ("0 <= |f'| <= 1 <= 2", "One chain", 16),
    ("|f'| = 1", "equality sign", 1),
    ("0 <= |f'| = 1", "equality sign", 6),
    ("0 < |f'| > 1", "same way", 10),
    ("0 >= |f'| <= 1", "same way", 11),
    ("1 < 2", "What is bounded", 1),
    ("0 < 1 < 2", "What is bounded", 4),
    ("0 < < 2", "What is bounded", 4),
    ("|f'|", "A bound is expected", 1),
    ("|f'(z)| <= 1.2 for z > 0", "“for” seems to limit", 16),
    ("[1.2; 1]", "smaller end", 2),
    ("", "A bound is expected", 1),
]


@pytest.mark.parametrize(("answer", "words", "position"), CROOKED)
def test_a_chain_that_is_none_is_told_where(answer: str, words: str, position: int) -> None:
    with pytest.raises(Unreadable, match=words) as raised:
        Inequality.of(answer, SIZE)
    assert raised.value.position == position


@pytest.mark.parametrize("answer", ["1 + tahn(1)", {"lower": "1 + tahn(1)"}, "1 + tahn(1) < f' < 2"], ids=str)
def test_a_slip_in_a_number_is_told_where_it_stands(answer: Any) -> None:
    with pytest.raises(Unreadable, match="tanh") as raised:
        Inequality.of(answer, SIZE)
    assert raised.value.position == 5


@pytest.mark.parametrize(
    "answer", [{"over": 1}, {"upper": 1, "over": 2}, {"lower": 0, "upper": 1, "": 1}, {"upper": 1, "max": 1}], ids=str
)
def test_an_object_with_anything_but_two_bounds_is_refused(answer: Any) -> None:
    with pytest.raises(Unreadable, match="`lower` and `upper`"):
        Inequality.of(answer, SIZE)


@pytest.mark.parametrize("answer", [True, False, None, [1], 1.5j], ids=str)
def test_what_is_neither_text_nor_number_nor_object_is_told_what_would_be_right(answer: Any) -> None:
    with pytest.raises(Unreadable, match=r"such as 0 <= \|f'\(z\)\| <= 1.2"):
        Inequality.of(answer, SIZE)


BOTH_SIDES = [  # of f' in [-1.1996…, 1.1996…], what is said of its size
    ("stanh", "-1.19968 <= f'(z) <= 1.25", "valid_but_loose", 0.5),
    ("stanh", "-1.25 <= f'(z) <= 1.19968", "valid_but_loose", 0.5),
    ("stanh", "-1.19968 <= f'(z) <= 1.19968", "tight", 1.0),
    ("sin", "-1 <= f'(z) <= 1", "tight", 1.0),
    ("sin", "-1 < f'(z) <= 1", "attained", 0.5),
    ("a_relu", "0.05 <= f'(z) <= 1", "valid_but_loose", 0.75),
    ("a_relu", "0.1 <= f'(z) <= 1", "tight", 1.0),
    ("a_relu", "0 <= f'(z) <= 1", "valid_but_loose", 0.75),
    ("a_relu", "-0.5 <= f'(z) <= 1", "tight", 1.0),  # which leaves the lower end of the size open
]


@pytest.mark.parametrize(("activation", "answer", "code", "share"), BOTH_SIDES)
def test_bounds_of_the_derivative_are_worth_what_they_say_of_its_size(
    activation: str, answer: str, code: str, share: float
) -> None:
    check = judged({"kind": "bound", "activation": {"kind": activation}, "require": "tight"}, answer)
    assert (check.code, check.points) == (code, share)


def test_bounds_of_the_derivative_may_be_numbers_that_are_no_fractions() -> None:
    claim = {"kind": "bound", "activation": {"kind": "expression", "formula": "0.1 sin(z)"}}
    assert judged(claim, "-sqrt(2) <= f' <= sqrt(2)").code == "valid_but_loose"
    assert judged(claim, "-0.1 <= f' <= 0.1").code == "tight"


def test_a_derivative_bounded_from_below_alone_is_judged_from_below() -> None:
    claim = {"kind": "bound", "activation": {"kind": "a_relu"}, "side": "lower"}
    assert judged(claim, "f' >= 0.1").code == "tight"
    assert judged(claim, "f' >= -1").code == "valid_but_loose"
    assert judged(claim, "f' >= 0.2").code == "invalid_bound"


def test_a_bound_has_at_most_256_characters() -> None:
    claim = {"kind": "bound", "activation": {"kind": "sigmoid"}, "quantity": "derivative"}
    assert judged(claim, "1/4".rjust(256)).status == "correct"
    check = judged(claim, "1/4".rjust(257))
    assert (check.status, check.position) == ("invalid", 257)
    assert check.message == "A bound has at most 256 characters; this one has 257."
