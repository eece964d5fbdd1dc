"""What worker processes do for gradings: one answer sheet while its student waits, or those of a class."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from service.grading.batch import grade_batch
from service.grading.formats import FORMATS
from service.grading.grade import grade
from service.grading.rubrics import plans_by_spec
from service.grading.spec import GradingSpec, Rubric
from service.simulation.plan import Plan
from service.simulation.results import SimulationReport
from service.simulation.simulate import simulate_plan
from service.simulation.spec import SimulationSpec
from service.studies.evaluation import ChunkResult

_JOBS_AT_ONCE = 4


@dataclass(frozen=True)
class Graded:
    """A grading as a text, and the reports it is founded on as JSON, by their digests."""

    text: str
    reports: dict[str, bytes]


def grading_with_evidence(spec: GradingSpec, plans: Mapping[str, Plan], wanted: str, processes: int = 1) -> Graded:
    """The grading of `spec` in the format `wanted`, by the `plans` that `plans_by_spec` made of its rubric."""
    found: dict[str, SimulationReport] = {}

    def simulate(asked: SimulationSpec) -> SimulationReport:
        made = plans[asked.digest()]
        if made.digest not in found:
            found[made.digest] = simulate_plan(made, processes)
        return found[made.digest]

    text = FORMATS[wanted].write(grade(spec, simulate))
    return Graded(text, {digest: report.model_dump_json().encode() for digest, report in found.items()})


def gradings_of(rubric: bytes, evidence: bytes, items: range, submissions: Sequence[bytes]) -> ChunkResult:
    """The gradings of `submissions`, whose numbers are `items`, by `rubric`; `evidence` has every report it needs."""
    reports = _reports(rubric, evidence)

    def simulate(spec: SimulationSpec) -> SimulationReport:
        return reports[spec.digest()]

    return grade_batch(_rubric(rubric), zip(items, submissions, strict=True), simulate)


@lru_cache(_JOBS_AT_ONCE)
def _rubric(rubric: bytes) -> Rubric:
    return Rubric.model_validate_json(rubric)


@lru_cache(_JOBS_AT_ONCE)
def _reports(rubric: bytes, evidence: bytes) -> dict[str, SimulationReport]:
    """The evidence by the digests of the specifications as the claims have them."""
    found = {digest: SimulationReport.model_validate(report) for digest, report in json.loads(evidence).items()}
    return {spec: found[made.digest] for spec, made in plans_by_spec(_rubric(rubric)).items()}
