"""What holds for every format, whatever a grading says."""

import json
import re
from collections.abc import Collection

import pytest
from hypothesis import given

from api_tests.grading.formats.gradings import (
    HOSTILE,
    SECRET,
    check,
    graded,
    gradings,
    strict_json,
    strings_in,
    with_secrets,
)
from service.grading.formats import FORMATS, Format
from service.grading.formats.base import points_summary
from service.grading.formats.markup import escaped, json_text, line
from service.grading.results import CheckStatus, Grading

PLATFORMS = {
    "ags",
    "artemis",
    "autolab",
    "coderunner",
    "gradescope",
    "lambda_feedback",
    "mu_ed",
    "native",
    "nbgrader",
    "otter",
    "prairielearn",
    "prairielearn_server",
    "submitty",
    "xqueue",
}
TELL_TEACHERS = {"native", "gradescope", "coderunner"}  # their platforms keep hidden checks from the student
SILENT = {"nbgrader"}
FORBIDDEN = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u2028\u2029\u202e]")
every_format = pytest.mark.parametrize("written", FORMATS.values(), ids=FORMATS)


def texts_of(grading: Grading, but: Collection[str] = ()) -> dict[str, str]:
    return {name: written.write(grading) for name, written in FORMATS.items() if name not in but}


def test_the_folder_holds_every_platform_in_the_order_of_the_names() -> None:
    assert list(FORMATS) == sorted(PLATFORMS)


@every_format
def test_a_format_says_what_it_is(written: Format) -> None:
    assert written.what.endswith(".")
    assert re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", written.media_type)


@given(gradings())
def test_the_same_grading_gives_the_same_text(grading: Grading) -> None:
    again = Grading.model_validate(grading.model_dump())
    for name, written in FORMATS.items():
        assert type(written)().write(again) == written.write(grading), name


@given(gradings())
def test_every_line_is_strict_json_that_utf_8_can_carry(grading: Grading) -> None:
    for name, text in texts_of(grading).items():
        for one in text.split("\n"):
            assert json.dumps(strict_json(one), ensure_ascii=False, allow_nan=False).encode(), name


@given(gradings())
def test_a_log_shows_ascii_and_no_line_that_a_student_began(grading: Grading) -> None:
    for name, text in texts_of(grading, {"native"}).items():
        assert text.isascii(), name
        assert len(text.splitlines()) == (2 if name == "autolab" else 1)
        assert all(one.isprintable() for one in text.splitlines()), name


@given(gradings())
def test_no_string_holds_a_control_character_or_what_xml_forbids(grading: Grading) -> None:
    for name, text in texts_of(grading, {"native"}).items():
        told = "".join(one for part in text.split("\n") for one in strings_in(strict_json(part)))
        assert not FORBIDDEN.search(told), name


@given(gradings())
def test_what_a_hidden_check_says_is_not_told(grading: Grading) -> None:
    for name, text in texts_of(with_secrets(grading), TELL_TEACHERS).items():
        assert SECRET not in text, name


@pytest.mark.parametrize("name", sorted(PLATFORMS - SILENT - {"native"}))
def test_where_a_person_must_look_the_text_says_so(name: str) -> None:
    text = FORMATS[name].write(graded([check(), check(CheckStatus.UNDECIDED, id="d2")]))
    assert "A person must look at this." in text


@pytest.mark.parametrize("name", sorted(PLATFORMS - SILENT - {"native"}))
def test_where_nobody_must_look_the_text_does_not_say_so(name: str) -> None:
    assert "person" not in FORMATS[name].write(graded([check(), check(CheckStatus.INCORRECT, id="d2")]))


@pytest.mark.parametrize("name", sorted(PLATFORMS - SILENT - {"native", "autolab", "prairielearn_server"}))
def test_where_a_person_must_look_at_a_hidden_check_the_text_says_so(name: str) -> None:
    text = FORMATS[name].write(graded([check(), check(CheckStatus.UNDECIDED, id="d2", hidden=True)]))
    assert "A person must look at this." in text


@pytest.mark.parametrize(("points", "told"), [(1e6, "1000000"), (0.1 + 0.2, "0.3"), (0.0, "0"), (2.5, "2.5")])
def test_points_are_told_as_people_write_them(points: float, told: str) -> None:
    assert points_summary(graded([check(points=points, max_points=1e6)])) == f"{told} of 1000000 points."


def test_one_point_is_no_points() -> None:
    assert points_summary(graded([check(points=0.5, max_points=1.0)])) == "0.5 of 1 point."


@every_format
def test_a_rubric_of_many_claims_is_written(written: Format) -> None:
    found = [check(id=f"d{number}", title=HOSTILE[number % len(HOSTILE)]) for number in range(64)]
    assert written.write(graded(found))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a\nb\r\n c\td", "a b c d"),
        ("a\x00b\x1b[0m", "ab[0m"),
        ("\ud83d x \ude00", "x"),
        ("\N{GRINNING FACE} φ′(z) ≤ ½", "\N{GRINNING FACE} φ′(z) ≤ ½"),
        ("a\u2028b\x85c\xa0d", "a b c d"),
        ("\ufffe\uffff\x00", ""),
    ],
)
def test_a_line_keeps_what_can_be_printed(text: str, kept: str) -> None:
    assert line(text) == kept


def test_escaped_text_ends_no_element_and_no_attribute() -> None:
    assert not set(escaped("".join(HOSTILE))) & set("<>\"'\n")


def test_json_refuses_what_is_not_a_number() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text({"score": float("nan")})
