"""What worker processes do for jobs; requests are JSON, read once in each process."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache

from service.grading.sheets import graded
from service.grading.spec import Rubric
from service.simulation.estimate import Limits, check_budget
from service.simulation.plan import Plan, plan
from service.simulation.results import SimulationReport
from service.simulation.spec import SimulationSpec
from service.studies.evaluation import ChunkResult, evaluate
from service.studies.sweep import Grid, SweepSpec

_JOBS_AT_ONCE = 4


@lru_cache(_JOBS_AT_ONCE)
def _grid(request: bytes) -> Grid:
    return Grid(SweepSpec.model_validate_json(request))


def digests_of(request: bytes, items: range) -> list[str | None]:
    """The digests of the points `items` of the sweep `request`; None where a specification is not valid."""
    return [_grid(request).digest(index) for index in items]


def points_of(request: bytes, items: range, known: Mapping[str, bytes], limits: Limits) -> ChunkResult:
    """The results of the points `items` of the sweep `request`; those that are `known` are not simulated again."""
    from service.simulation.simulate import simulate_plan  # noqa: PLC0415 - loaded by `arm`

    def simulate(made: Plan) -> SimulationReport:
        check_budget(made, limits)
        return simulate_plan(made)

    return evaluate(_grid(request), items, known, simulate)


@lru_cache(_JOBS_AT_ONCE)
def _rubric(rubric: bytes) -> Rubric:
    return Rubric.model_validate_json(rubric)


@lru_cache(_JOBS_AT_ONCE)
def _reports(rubric: bytes, evidence: bytes) -> dict[str, SimulationReport]:
    """The evidence by the digests of the specifications as the claims have them."""
    found = {digest: SimulationReport.model_validate(report) for digest, report in json.loads(evidence).items()}
    specs = [spec for claim in _rubric(rubric).claims for spec in claim.specs().values()]
    return {spec.digest(): found[plan(spec).digest] for spec in specs}


def report_of(spec: bytes) -> bytes:
    """The report on a specification, both as JSON."""
    from service.simulation.simulate import simulate  # noqa: PLC0415 - loaded by `arm`

    return simulate(SimulationSpec.model_validate_json(spec)).model_dump_json().encode()


def gradings_of(rubric: bytes, evidence: bytes, items: range, submissions: Sequence[bytes]) -> ChunkResult:
    """The gradings of `submissions`, whose numbers are `items`, by `rubric`; `evidence` has every report it needs."""
    reports = _reports(rubric, evidence)

    def simulate(spec: SimulationSpec) -> SimulationReport:
        return reports[spec.digest()]

    return graded(_rubric(rubric), zip(items, submissions, strict=True), simulate)
