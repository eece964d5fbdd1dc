"""otter-grader's own program gives the three sheets of the course the service's score."""

import json
import re
import shutil
from pathlib import Path

import pytest

from api_tests.consumers.platform_packages import answering, installed, notebook, ran
from api_tests.examples.course import COURSE, ROOT, SHEETS, graded

pytestmark = installed
EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="module", name="autograder")
def made_autograder(service_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive as the README has it made."""
    home = tmp_path_factory.mktemp("otter") / "otter"
    shutil.copytree(EXAMPLES / "otter", home)
    (home / "files").mkdir()
    shutil.copy(EXAMPLES / "gradient_verdict.py", home / "files")
    shutil.copy(COURSE / "rubric.json", home / "files")
    (home / "files" / "service_url").write_text(service_url, encoding="utf-8")
    (command,) = re.findall(r"python (-m zipfile .*)", (home / "README.md").read_text(encoding="utf-8"))
    ran(home, "python", *command.split())
    return home / "autograder.zip"


@pytest.mark.parametrize("sheet", SHEETS)
def test_otter_run_arrives_at_the_score_and_tells_why(autograder: Path, tmp_path: Path, sheet: str) -> None:
    (tmp_path / "notebook.ipynb").write_text(json.dumps(notebook(answering(sheet))), encoding="utf-8")
    ran(tmp_path, "otter", "run", "--no-logo", "-a", str(autograder), "-o", ".", "notebook.ipynb")
    tests = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["tests"]
    grading = graded()[sheet]
    assert sum(test.get("score", 0) for test in tests) == pytest.approx(grading.score)
    assert sum(test.get("max_score", 0) for test in tests) == pytest.approx(grading.max_score)
    told = tests[-1]["output"]
    assert all(check.message in told for check in grading.checks if check.status in ("partial", "incorrect"))


def test_a_notebook_without_answers_gets_no_points(autograder: Path, tmp_path: Path) -> None:
    (tmp_path / "notebook.ipynb").write_text(json.dumps(notebook("pass")), encoding="utf-8")
    ran(tmp_path, "otter", "run", "--no-logo", "-a", str(autograder), "-o", ".", "notebook.ipynb")
    tests = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["tests"]
    assert [(test["score"], test["max_score"]) for test in tests if "score" in test] == [(0, 38.0)]
