"""Requests → jobs as they are accepted: what they are, how large, and how they are divided."""

from uuid import uuid4

from service.core.settings import Settings
from service.core.version import ENGINE_VERSION
from service.grading.batch import BatchRequest, BatchSpec
from service.grading.rubrics import checked_plans
from service.grading.spec import Rubric
from service.jobs.job import JobKind
from service.jobs.records import Accepted
from service.jobs.size import chunk_of, seconds_a_point, seconds_a_sheet
from service.simulation.estimate import Limits
from service.studies.sweep import Grid, SweepSpec


def accepted_sweep(spec: SweepSpec, settings: Settings) -> Accepted:
    """A sweep; MisplacedAxis where one of its corners is no network."""
    size = (spec.total, seconds_a_point(Grid(spec)))
    return _accepted(JobKind.SWEEP, spec.digest(), size, spec.model_dump_json().encode(), settings)


def accepted_gradings(rubric: Rubric, batch: BatchSpec, settings: Settings) -> Accepted:
    """The gradings of a class; FlawedRubric, or BudgetExceeded where the rubric simulates too much."""
    checked_plans(rubric, Limits(settings.sync_budget_flops, settings.memory_bytes_per_worker))
    request = BatchRequest(rubric=rubric, submissions=batch.submissions).encoded()
    size = (len(batch.submissions), seconds_a_sheet(rubric))
    return _accepted(JobKind.GRADINGS, BatchRequest.digest(request), size, request, settings)


def _accepted(kind: JobKind, digest: str, size: tuple[int, float], request: bytes, settings: Settings) -> Accepted:
    total, seconds_an_item = size
    return Accepted(
        id=uuid4().hex,
        kind=kind,
        digest=digest,
        engine_version=ENGINE_VERSION,
        total=total,
        chunk=chunk_of(total, seconds_an_item, settings.job_chunk_seconds),
        estimated_seconds=total * seconds_an_item / max(1, settings.job_workers),
        request=request,
    )
