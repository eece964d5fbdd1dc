"""Folders for platforms: the programs of examples/ with another rubric in them, ready to be uploaded."""

import importlib.util
import json
import os
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from service.grading.packages import PackageFormat, package
from service.grading.spec import Rubric

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "https://grading.example.edu"
RUBRIC = Rubric.model_validate(
    {
        "id": "sheet_5",
        "title": "z·atan z <b>{{x}}</b>",
        "claims": [
            {"id": "d", "kind": "expression", "title": "φ' & more", "expected": "z"},
            {"id": "n", "kind": "number", "expected": 1, "relative_tolerance": 0.1},
            {"id": "r", "kind": "ranking", "expected": [["a"], ["b"]]},
        ],
    }
)


def unpacked(tmp_path: Path, wanted: PackageFormat, rubric: Rubric = RUBRIC, address: str = ADDRESS) -> Path:
    with ZipFile(BytesIO(package(rubric, wanted, address))) as archive:
        archive.extractall(tmp_path)
        assert all(one.external_attr >> 16 & 0o444 == 0o444 for one in archive.infolist())
    return tmp_path


def test_the_gradescope_folder_has_the_program_the_rubric_and_the_address(tmp_path: Path) -> None:
    folder = unpacked(tmp_path, PackageFormat.GRADESCOPE)
    for name in ("run_autograder", "setup.sh", "README.md"):
        assert (folder / name).read_bytes() == (ROOT / "examples" / "gradescope" / name).read_bytes()
    assert Rubric.model_validate_json((folder / "rubric.json").read_bytes()) == RUBRIC
    assert (folder / "service_url").read_text(encoding="utf-8").strip() == ADDRESS
    sheet = json.loads((folder / "for_students" / "answers.json").read_text(encoding="utf-8"))
    assert sheet == {"d": "", "n": "", "r": ""}


def test_programs_may_be_run_and_files_may_not() -> None:
    with ZipFile(BytesIO(package(RUBRIC, PackageFormat.GRADESCOPE, ADDRESS))) as archive:
        modes = {one.filename: one.external_attr >> 16 & 0o111 for one in archive.infolist()}
    assert {name for name, mode in modes.items() if mode} == {"run_autograder", "setup.sh"}


def test_the_same_rubric_is_packed_to_the_same_bytes() -> None:
    assert package(RUBRIC, PackageFormat.PRAIRIELEARN, ADDRESS) == package(RUBRIC, PackageFormat.PRAIRIELEARN, ADDRESS)


class Fields(HTMLParser):
    """The fields that a page of PrairieLearn has, by their names, and the text around them."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, dict[str, str | None]] = {}
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "pl-string-input":
            self.fields[str(given["answers-name"])] = given
        assert tag != "b"

    def handle_data(self, data: str) -> None:
        self.words += data


def test_the_prairielearn_question_asks_for_every_claim(tmp_path: Path) -> None:
    question = unpacked(tmp_path, PackageFormat.PRAIRIELEARN) / "sheet_5"
    text = (question / "question.html").read_text(encoding="utf-8")
    page = Fields()
    page.feed(text)
    assert list(page.fields) == ["d", "n", "r"]
    assert "φ' & more" in page.words
    assert "{{x}}" not in text
    info = json.loads((question / "info.json").read_text(encoding="utf-8"))
    assert (info["title"], info["type"]) == (RUBRIC.title, "v3")
    assert Rubric.model_validate_json((question / "rubric.json").read_bytes()) == RUBRIC


def program_of(question: Path) -> Any:
    """The program of a question, loaded as PrairieLearn does."""
    spec = importlib.util.spec_from_file_location("packed_question", question / "server.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_prairielearn_program_grades_by_the_rubric_beside_it(tmp_path: Path) -> None:
    question = unpacked(tmp_path, PackageFormat.PRAIRIELEARN) / "sheet_5"
    module = program_of(question)
    assert module.SERVICE == ADDRESS
    rubric = module._rubric({"question_path": str(question), "server_files_course_path": str(tmp_path)})
    assert [claim["id"] for claim in rubric["claims"]] == ["d", "n", "r"]
    assert module._answers({"d": "z", "n": "", "r": "a = b"}, rubric) == {"d": "z", "r": [["a", "b"]]}


GRADED = Rubric.model_validate(
    {
        "id": "sheet_6",
        "claims": [
            {"id": "d", "kind": "expression", "points": 3, "derivative_of": {"kind": "stanh"}},
            {"id": "r", "kind": "ranking", "points": 1, "expected": [["a"], ["b"]]},
        ],
    }
)


def test_the_packed_autograder_is_graded_by_the_service_that_it_names(tmp_path: Path, service_url: str) -> None:
    source = unpacked(tmp_path / "source", PackageFormat.GRADESCOPE, GRADED, service_url)
    (tmp_path / "submission").mkdir()
    answers = {"d": "tanh(z) + z*sech(z)^2", "r": ["b", "a"]}
    (tmp_path / "submission" / "answers.json").write_text(json.dumps(answers), encoding="utf-8")
    environment = {"PATH": os.environ["PATH"], "no_proxy": "*"}
    line = [sys.executable, "-I", str(source / "run_autograder"), str(tmp_path)]
    subprocess.run(line, env=environment, timeout=60, check=True)
    results = json.loads((tmp_path / "results" / "results.json").read_text(encoding="utf-8"))
    assert [test["score"] for test in results["tests"]] == [3.0, 0.0]


def test_the_packed_question_is_graded_by_the_service_that_it_names(
    tmp_path: Path, service_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    question = unpacked(tmp_path, PackageFormat.PRAIRIELEARN, GRADED, service_url) / "sheet_6"
    data = {
        "partial_scores": {},
        "format_errors": {},
        "feedback": {},
        "score": 0.0,
        "submitted_answers": {"d": "tanh(z) + z*sech(z)^2", "r": "b, a"},
        "options": {"question_path": str(question), "server_files_course_path": str(tmp_path)},
    }
    program_of(question).grade(data)
    assert (data["format_errors"], data["score"]) == ({}, 0.75)
    assert {name: one["score"] for name, one in data["partial_scores"].items()} == {"d": 1.0, "r": 0.0}


@pytest.mark.parametrize("wanted", PackageFormat)
def test_an_installed_service_has_the_programs(wanted: PackageFormat) -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    assert build["targets"]["wheel"]["force-include"][f"examples/{wanted}"] == f"service/grading/folders/{wanted}"
    docker = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert f"COPY examples/{wanted} ./service/grading/folders/{wanted}\n" in docker
    assert f"!examples/{wanted}\n" in (ROOT / ".dockerignore").read_text(encoding="utf-8")


@pytest.mark.parametrize("wanted", PackageFormat)
def test_packed_programs_are_valid_python(tmp_path: Path, wanted: PackageFormat) -> None:
    folder = unpacked(tmp_path, wanted)
    programs = [*folder.rglob("*.py"), *folder.rglob("run_autograder")]
    done = subprocess.run([sys.executable, "-m", "py_compile", *map(str, programs)], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
