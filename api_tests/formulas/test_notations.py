"""Formulas as people write them are read as they are meant, or refused with what to type instead."""

import gc
import sys
import unicodedata
from contextlib import suppress
from random import Random
from time import thread_time

import pytest

from api_tests.cases import case
from api_tests.formulas.notations import OTHER_READINGS, READ, REFUSED
from api_tests.formulas.printers import STYLES, random_formula
from api_tests.formulas.test_printers import equal
from service.formulas.language.characters import spelled
from service.formulas.language.equations import equation_sides
from service.formulas.language.grammar import other_readings, parse
from service.formulas.language.tokens import LONGEST_TEXT, FormulaError

SECONDS = 0.02  # of the processor for any text; 5 ms on a machine that does nothing else
OLD_WORDS = ("expected", "unknown name", "There is", "token", "primary")


@pytest.mark.parametrize("kind", READ)
def test_a_notation_is_read_as_it_is_meant(kind: str) -> None:
    for student, means in READ[kind]:
        with case(student):
            assert equal(parse(student), parse(means))


@pytest.mark.parametrize("kind", REFUSED)
def test_a_refusal_names_the_place_and_what_to_type(kind: str) -> None:
    for student, position, words in REFUSED[kind]:
        with case(student), pytest.raises(FormulaError) as refusal:
            parse(student)
        with case(student):
            assert words in refusal.value.sentence
            assert refusal.value.position == position
            assert not [word for word in OLD_WORDS if word in refusal.value.sentence]


@pytest.mark.parametrize(("text", "other"), OTHER_READINGS)
def test_another_usual_reading_is_known(text: str, other: str) -> None:
    assert any(equal(reading, parse(other)) for reading in other_readings(text))


def test_a_parameter_goes_on_in_exponents() -> None:
    for text, other in (
        ("3z^n-1", "3*z^(n-1)"),
        ("e^n z", "exp(n*z)"),
        ("e^nz", "exp(n*z)"),
        ("z^3(n-1)", "z^(3*(n-1))"),
        ("e^-z/2n", "exp(-z/(2*n))"),
        ("e^-z²/(3n²)", "exp(-z^2/(3*n^2))"),
        ("e^-n(z-1)", "exp(-n*(z-1))"),
    ):
        with case(text):
            assert parse(other, parameters="n") in other_readings(text, parameters="n")


def test_many_conventions_in_one_formula_are_looked_for_in_no_time() -> None:
    texts = ("1/2z^1/2 tanh 1/2z e^2z √2z " * 6, "√2z" * 60, "e^2z" * 60, "tanh 1/" * 39 + "z", "1/2z^1/2" * 20)

    def seconds(text: str) -> float:
        start = thread_time()
        other_readings(text)
        return thread_time() - start

    for text in texts:
        with case(text):
            assert min(seconds(text) for _ in range(3)) < SECONDS * 5


@pytest.mark.parametrize(
    "text",
    [
        "2*z*tanh(z)",
        "z^2/2",
        "exp(-z^2/2)",
        "tanh(z)/2",
        "0.16666666z",
        "0.12500000000000000z",
        "1.41421356237z",
        "1/(2z)",
        "z +",
        "(z)/(z+1)",
    ],
)
def test_what_is_written_out_has_no_other_reading(text: str) -> None:
    assert other_readings(text) == ()


def test_parameters_keep_the_names_that_they_had() -> None:
    for name in ("th", "sh", "lg", "sig", "In", "x", "t", "d", "f", "phi", "H", "np", "log_b", "E"):
        with case(name):
            assert parse(f"{name}*z", parameters=[name]).depends_on(name)


def test_blanks_between_signs_and_brackets_change_nothing() -> None:
    for seed in range(200):
        text = STYLES["plain"](random_formula(Random(seed), 3))
        spaced = "".join(f" {sign} " if sign in "+-*/^()" else sign for sign in text)
        with case(spaced):
            assert parse(spaced) == parse(text)


def test_every_position_is_that_of_the_character_in_what_was_typed() -> None:
    for before in ("½", "π²", "z\u200b", "σ(𝑧)", "√(2)⋅", "（ｚ）", "∛z"):
        with case(before), pytest.raises(FormulaError) as refusal:
            parse(f"{before} + ☃")
        assert refusal.value.position == len(before) + 4
        with case(before), pytest.raises(FormulaError) as refusal:
            parse(f"{before} + tahn(z)")
        assert refusal.value.position == len(before) + 4


def meaning(character: str) -> tuple[str, list[int]] | FormulaError:
    """Its spelling, or its refusal."""
    try:
        return spelled(character)
    except FormulaError as refusal:
        return refusal


def test_every_character_is_spelled_in_ascii_or_refused_by_itself() -> None:
    for code in (
        *range(0x3400),
        *range(0xD700, 0x10100),
        *range(0x1D000, 0x20000),
        *range(0x20000, sys.maxunicode, 97),
    ):
        match meaning(chr(code)):
            case FormulaError() as refusal:
                assert (refusal.position, len(refusal.sentence) < 120) == (1, True)
            case written, origins:
                assert (written.isascii(), len(origins)) == (True, len(written) + 1)


def test_a_character_never_changes_its_meaning_silently() -> None:
    for character in "ﬁ㎡Ⅳ①ℝℕ㏑℃ǆ⒈ℙⅠ％٣४":
        with case(unicodedata.name(character)), pytest.raises(FormulaError):
            parse(f"z + {character}")


def test_random_characters_are_read_or_refused_in_no_time() -> None:
    random = Random(18)
    characters = [chr(code) for code in range(0x20, 0x2FFF) if chr(code).isprintable()]
    pieces = [text for rows in READ.values() for text, _ in rows] + list("()[]{}|^_',;=&\\$ ½²π√")
    slowest = 0.0
    gc.freeze()  # so that no collection of what other tests left falls into a measurement
    for _ in range(1500):
        drawn = random.choice((characters, pieces, pieces))
        text = "".join(random.choice(drawn) for _ in range(random.randrange(1, 60)))[:LONGEST_TEXT]
        start = thread_time()
        with suppress(FormulaError):
            parse(text)
        slowest = max(slowest, thread_time() - start)
    assert slowest < SECONDS * 5


DOUBLING = [
    r"\sqrt[3]{" * 39 + "z" + "}" * 39,
    "cbrt(" * 39 + "z" + ")" * 39,
    r"2\frac{" * 39 + "1" + "}{2}" * 39,
    "½" * 512,
    "z=" * 255 + "z",
    "." * 511 + "z",
    " " * 511 + "z",
    "tanh " * 100 + "z",
    "f" + "'" * 500 + "=",
]


@pytest.mark.parametrize("text", DOUBLING, ids=lambda text: text[:12])
def test_no_notation_multiplies_the_work(text: str) -> None:
    def seconds() -> float:
        start = thread_time()
        with suppress(FormulaError):
            parse(text)
        return thread_time() - start

    assert min(seconds() for _ in range(3)) < SECONDS


def test_the_sides_of_an_equation_keep_their_places() -> None:
    assert equation_sides("f'(z) = 2z") == ["        2z"]
    assert equation_sides("f'(z) = 2z = z + z.") == ["        2z", "             z + z"]
    assert equation_sides("1 if z = 0 else z") == ["1 if z = 0 else z"]
    assert [parse(side) for side in equation_sides("z = x")] == [parse("z"), parse("z")]


def test_only_what_is_a_label_is_taken_off() -> None:
    for text, means in (("x : 3", "z/3"), ("z : 2", "z/2"), ("z>0: 2, z<=0: 3", "where(z>0, 2, 3)")):
        with case(text):
            assert equal(parse(text), parse(means))
    for text in (
        "f''(z): 2z",
        "f' is not 2z",
        "not the power rule",
        "2z (not by the power rule)",
        "2z\n(not using this rule)",
        "second derivative is 2z",
        "F: z^2",
    ):
        with case(text), pytest.raises(FormulaError):
            parse(text)


@pytest.mark.parametrize("symbol", ["π", "½", "²", "α", "𝜋", "φ", "∞"])
def test_a_symbol_at_the_end_of_an_answer_belongs_to_it(symbol: str) -> None:
    for text in (f"2{symbol}", f"z + {symbol}", symbol, f"1 + {symbol} z + {symbol}"):
        assert equation_sides(text) == [text]
        assert equation_sides(f"f(z) = {text} .")[0].strip() == text
    assert equation_sides(f"z{symbol} = {symbol}z") == [f"z{symbol}", f"{' ' * (len(symbol) + 4)}{symbol}z"]
