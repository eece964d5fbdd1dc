"""The test that people are shown for their own model: the page has it as it is, and it passes and fails as said."""

import subprocess
import sys
from pathlib import Path

import pytest

from api_tests.docs.pages import blocks
from api_tests.examples.course import ROOT

EXAMPLE = ROOT / "examples" / "notebook" / "test_model.py"
PAGE = ROOT / "docs" / "notebook.md"


def told(folder: Path, test: str) -> tuple[int, str]:
    """The exit status of pytest on a test, and what it prints."""
    (folder / "test_model.py").write_text(test, "utf-8")
    line = [sys.executable, "-m", "pytest", "-q", "--color=no", "-p", "no:cacheprovider"]
    environment = {"PYTHONPATH": str(ROOT), "HOME": str(folder), "PATH": ""}
    done = subprocess.run(
        [*line, "test_model.py"], cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    return done.returncode, done.stdout


def test_the_page_shows_the_example_as_it_is() -> None:
    example = EXAMPLE.read_text("utf-8")
    assert any(example in block.text for block in blocks(PAGE))


def test_the_example_passes_and_with_sigmoids_fails_with_the_verdict_alone(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    example = EXAMPLE.read_text("utf-8")
    status, out = told(tmp_path, example)
    assert status == 0, out
    status, out = told(tmp_path, example.replace("ReLU", "Sigmoid"))
    assert status == 1, out
    assert (
        '>       checked.raise_for("vanishing", "exploding", risk=0.5)\nE       service.imports.check.GradientVerdict:'
        in out
    )
    assert "E         The gradient vanishes" in out
    assert "torch.__trace" not in out
