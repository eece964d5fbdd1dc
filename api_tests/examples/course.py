"""The course's rubric and its three answer sheets, graded once for all tests."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from service.grading.grade import grade
from service.grading.results import Check, Grading
from service.grading.spec import GradingSpec
from service.simulation.simulate import simulate
from service.simulation.spec import SimulationSpec

ROOT = Path(__file__).resolve().parent.parent.parent
COURSE = ROOT / "examples" / "course"
SHEETS = ("right", "from_bounds", "with_slips")
Json = dict[str, Any]
Checks = dict[str, Check]


def read(name: str) -> Json:
    """A file of the course."""
    return json.loads((COURSE / f"{name}.json").read_text(encoding="utf-8"))


def spec_of(sheet: str) -> GradingSpec:
    """The rubric with the answers of a sheet."""
    return GradingSpec.model_validate({"rubric": read("rubric"), "answers": read(f"answers_{sheet}")})


@cache
def graded() -> dict[str, Grading]:
    """All three sheets, graded; what they share is simulated once."""
    known: dict[str, Any] = {}

    def once(spec: SimulationSpec) -> Any:
        if spec.digest() not in known:
            known[spec.digest()] = simulate(spec)
        return known[spec.digest()]

    return {sheet: grade(spec_of(sheet), once) for sheet in SHEETS}


def checks_of(grading: Grading) -> Checks:
    """Its checks by their ids."""
    return {one.id: one for one in grading.checks}
