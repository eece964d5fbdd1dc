"""`python -m service grade`: a table for people, a row for each of several sheets, and the bytes of a platform."""

import json
from pathlib import Path
from typing import Any

import pytest

from service.__main__ import main
from service.grading.formats import FORMATS
from service.grading.grade import grade
from service.grading.spec import GradingSpec
from service.simulation.simulate import simulate

RUBRIC: Any = {
    "id": "r",
    "title": "A sheet about z·tanh z",
    "claims": [
        {"id": "d", "kind": "expression", "title": "Its derivative", "points": 2, "derivative_of": {"kind": "stanh"}},
        {"id": "n", "kind": "number", "title": "A number", "points": 1, "expected": 1, "relative_tolerance": 0.01},
    ],
}
RIGHT, HALF, UNREADABLE = {"d": "tanh(z) + z*sech(z)^2", "n": 1}, {"d": "z", "n": 1}, {"d": "z + (", "n": 1}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, value in (("rubric", RUBRIC), ("ada", RIGHT), ("ben", HALF), ("cleo", UNREADABLE)):
        (tmp_path / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    return tmp_path


def run(folder: Path, *arguments: str) -> int:
    """`grade` in that folder, of which files are named."""
    words = [str(folder / word) if word.endswith(".json") else word for word in arguments]
    return main(["grade", str(folder / "rubric.json"), *words])


def test_a_sheet_is_a_table_with_the_first_reason_and_the_points(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, "ben.json") == 0
    printed = capsys.readouterr().out
    for words in ("A sheet about z·tanh z", "Its derivative", "0 of 2", "incorrect", "A number", "1 of 1", "correct"):
        assert words in printed
    assert printed.endswith("\n1 of 3 points\n")


def test_what_a_person_has_to_look_at_is_named_and_is_no_failure(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, "cleo.json") == 0
    assert capsys.readouterr().out.endswith("\n1 of 3 points; a person has to look at d\n")


def test_several_sheets_are_a_row_each(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "ada.json", "ben.json", "cleo.json") == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in lines if line.startswith("│")]
    assert rows == [
        ["ada", "3 of 3", "–", "–"],
        ["ben", "1 of 3", "–", "d 0 of 2"],
        ["cleo", "1 of 3", "d", "d 0 of 2"],
    ]


def grading_of(answers: Any, wanted: str) -> str:
    return FORMATS[wanted].write(grade(GradingSpec(rubric=RUBRIC, answers=answers), simulate))


def test_json_is_what_the_service_answers_and_a_line_for_each_sheet(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, "ada.json", "ben.json", "--json") == 0
    assert capsys.readouterr().out == "".join(f"{grading_of(one, 'native')}\n" for one in (RIGHT, HALF))


def test_a_format_is_of_one_sheet(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "ada.json", "--format", "gradescope") == 0
    assert json.loads(capsys.readouterr().out) == json.loads(grading_of(RIGHT, "gradescope"))
    assert run(folder, "ada.json", "ben.json", "--format", "gradescope") == 2
    assert "one answer sheet" in capsys.readouterr().err


def test_a_rubric_may_be_wrapped_as_it_is_sent(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "rubric.json").write_text(json.dumps({"rubric": RUBRIC}), encoding="utf-8")
    assert run(folder, "ada.json") == 0
    assert capsys.readouterr().out.endswith("3 of 3 points\n")


def test_a_rubric_with_a_flaw_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flawed = {"id": "r", "claims": [{"id": "a", "kind": "number", "expected": 1}]}
    (folder / "rubric.json").write_text(json.dumps(flawed), encoding="utf-8")
    assert run(folder, "ada.json") == 2
    captured = capsys.readouterr()
    assert (captured.out, "/rubric/claims/0" in captured.err) == ("", True)
