"""What the README of the formulas shows is what happens."""

import doctest
from pathlib import Path

README = Path(__file__).resolve().parents[2] / "service" / "formulas" / "README.md"


def test_the_example_runs_and_prints_what_it_says() -> None:
    found = doctest.testfile(str(README), module_relative=False)
    assert found.attempted >= 20
    assert found.failed == 0


def test_every_module_has_its_place_in_the_tour() -> None:
    text = README.read_text(encoding="utf-8")
    modules = [file.stem for file in README.parent.rglob("*.py") if file.stem != "__init__"]
    assert [one for one in modules if f"`{one}`" not in text] == []
