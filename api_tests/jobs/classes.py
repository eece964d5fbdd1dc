"""A class of five for tests, with a claim that is judged by a simulation; and a pool of processes that is none."""

from collections.abc import Callable
from typing import Any, TypeVar

from api_tests.networks import Json, stack
from service.grading.batch import BatchRequest, BatchSpec, grade_batch
from service.grading.rubrics import plans_of
from service.grading.spec import Rubric
from service.simulation.plan import plan
from service.simulation.simulate import simulate
from service.simulation.spec import SimulationSpec
from service.studies.evaluation import ChunkResult

T = TypeVar("T")

NETWORK: Json = {"network": stack(3, 4, "sigmoid"), "trials": 4, "data": {"samples": 8}}
SPELLED_OUT: Json = {**NETWORK, "seed": 0, "precision": "float64"}
DEEPER: Json = {**NETWORK, "network": stack(6, 4, "sigmoid")}
RUBRIC: Json = {
    "id": "course",
    "claims": [
        {"id": "d", "kind": "expression", "derivative_of": {"kind": "stanh"}, "points": 2},
        {"id": "v", "kind": "verdict", "simulation": NETWORK},
        {"id": "w", "kind": "verdict", "simulation": SPELLED_OUT, "judge_by": "tendency"},
        {"id": "r", "kind": "ranking", "of": {"a": NETWORK, "b": DEEPER}, "by": "vanishing"},
    ],
}
SHEETS: Json = {
    "ada": {"d": "tanh(z) + z*sech(z)^2", "v": "vanishing", "w": "vanishing", "r": ["b", "a"]},
    "Zoë/../\\: *?\n木": {"d": "tanh(z)", "v": "stable"},
    "=cmd|' /C calc'!A1": {"d": "z+\ud800", "r": ["a", "b"]},
    "..": {},
    "x" * 200: {"w": "stable"},
}


def a_class(sheets: Json = SHEETS) -> BatchRequest:
    """Their sheets, with the rubric."""
    submissions = [{"id": name, "answers": answers} for name, answers in sheets.items()]
    spec = BatchSpec.model_validate({"submissions": submissions})
    return BatchRequest(rubric=Rubric.model_validate(RUBRIC), submissions=spec.submissions)


def lines_of(request: BatchRequest) -> ChunkResult:
    """Their gradings, made in this process."""
    reports = {made.digest: simulate(made.spec) for made in plans_of(request.rubric)}
    sheets = [
        (number, one.model_dump_json().encode())
        for number, one in enumerate(BatchRequest.model_validate_json(request.encoded()).submissions)
    ]

    def known(spec: SimulationSpec) -> Any:
        return reports[plan(spec).digest]

    return grade_batch(request.rubric, sheets, known)


class Here:
    """Does in this process what a pool of processes is asked for, and notes which tasks those were."""

    def __init__(self) -> None:
        self.tasks: list[str] = []

    async def work(self, task: Callable[[], T], seconds: float) -> T:
        self.tasks.append(task.func.__name__)  # type: ignore[attr-defined]
        return task()


class Kept:
    """Reports that are kept for good, in a dictionary."""

    def __init__(self) -> None:
        self.reports: dict[str, bytes] = {}

    async def report(self, digest: str) -> bytes | None:
        return self.reports.get(digest)

    async def pin(self, digest: str, report: bytes, owner: str = "") -> None:
        self.reports[digest] = report
