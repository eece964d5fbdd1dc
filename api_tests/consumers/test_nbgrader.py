"""nbgrader's own program gives the three sheets of the course the service's score, partial points included."""

import csv
import json
import shutil
from pathlib import Path

import pytest

from api_tests.consumers.platform_packages import answering, installed, ran
from api_tests.examples.course import COURSE, ROOT, SHEETS, graded

pytestmark = installed
EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="module", name="course")
def graded_course(service_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The course as the README has it made, with the three sheets handed in and graded."""
    home = tmp_path_factory.mktemp("nbgrader") / "course"
    shutil.copytree(EXAMPLES / "nbgrader", home)
    shutil.copy(EXAMPLES / "gradient_verdict.py", home / "source" / "gradients")
    shutil.copy(COURSE / "rubric.json", home)
    (home / "service_url").write_text(service_url, encoding="utf-8")
    ran(home, "nbgrader", "generate_assignment", "gradients")
    released = json.loads((home / "release" / "gradients" / "gradients.ipynb").read_text(encoding="utf-8"))
    for sheet in SHEETS:
        folder = home / "submitted" / sheet / "gradients"
        folder.mkdir(parents=True)
        cells = [
            {**cell, "source": answering(sheet)} if cell["id"] == "answers" else cell for cell in released["cells"]
        ]
        (folder / "gradients.ipynb").write_text(json.dumps({**released, "cells": cells}), encoding="utf-8")
    ran(home, "nbgrader", "autograde", "gradients")
    ran(home, "nbgrader", "export")
    return home


def test_nothing_that_is_handed_out_says_what_is_right(course: Path) -> None:
    files = [path.name for path in (course / "release" / "gradients").iterdir()]
    assert sorted(files) == ["gradient_verdict.py", "gradients.ipynb"]
    assert "sech" not in (course / "release" / "gradients" / "gradients.ipynb").read_text(encoding="utf-8")


def test_the_marks_are_the_scores(course: Path) -> None:
    with (course / "grades.csv").open(encoding="utf-8", newline="") as file:
        marks = {row["student_id"]: (float(row["score"]), float(row["max_score"])) for row in csv.DictReader(file)}
    assert marks == {sheet: (graded()[sheet].score, graded()[sheet].max_score) for sheet in SHEETS}


def test_the_cell_prints_why(course: Path) -> None:
    made = course / "autograded" / "with_slips" / "gradients" / "gradients.ipynb"
    (cell,) = [cell for cell in json.loads(made.read_text(encoding="utf-8"))["cells"] if cell["id"] == "grading"]
    told = "".join("".join(output.get("text", [])) for output in cell["outputs"])
    wrong = [check for check in graded()["with_slips"].checks if check.status == "incorrect"]
    assert wrong
    assert all(check.message in told for check in wrong)
