"""What the tests of grading share: claims and answers in one line each, and a simulation that is not to be run."""

from collections.abc import Callable
from typing import Any

from service.grading.grade import grade
from service.grading.results import Check, Grading
from service.grading.rubrics import rubric_report
from service.grading.spec import GradingSpec, Rubric
from service.simulation.results import SimulationReport
from service.simulation.spec import SimulationSpec

Json = dict[str, Any]
Simulate = Callable[[SimulationSpec], SimulationReport]


def never(spec: SimulationSpec) -> SimulationReport:
    """A simulation that nobody asked for."""
    raise AssertionError(f"{spec.digest()} was simulated")


def graded(claims: list[Json], answers: Json, simulate: Simulate = never, **rubric: Any) -> Grading:
    """The grading of `answers` by `claims`, and by what else the rubric says."""
    asked = {"rubric": {"id": "rubric", "claims": claims, **rubric}, "answers": answers}
    return grade(GradingSpec.model_validate(asked), simulate)


def judged(claim: Json, answer: Any, simulate: Simulate = never) -> Check:
    """The check of one claim."""
    return graded([{"id": "a", **claim}], {"a": answer}, simulate).checks[0]


def flaws(*claims: Json) -> list[tuple[str, str]]:
    """The flaws of the last of some claims, which are called a, b, …"""
    named = [{"id": chr(ord("a") + number), **claim} for number, claim in enumerate(claims)]
    rubric = Rubric.model_validate({"id": "rubric", "claims": named})
    last = f"/rubric/claims/{len(claims) - 1}"
    found = [flaw for flaw in rubric_report(rubric).flaws if flaw.pointer.startswith(last)]
    return [(flaw.pointer.removeprefix(last), flaw.detail) for flaw in found]


def answering(*reports: SimulationReport) -> Simulate:
    """A simulation that answers with these reports in their turn."""
    waiting = list(reports)
    return lambda _spec: waiting.pop(0)
