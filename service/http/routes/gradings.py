"""Gradings: a rubric and answers in, every claim judged out; and assignments, rubrics kept for a class."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query
from fastapi.openapi.models import Example
from fastapi.responses import Response

from service.grading.answers import Preview, PreviewSpec, preview
from service.grading.batch import Assignment, BatchSpec
from service.grading.claims.base import CLAIM_ID
from service.grading.formats import FormatName
from service.grading.results import Grading
from service.grading.rubrics import RubricReport, rubric_report
from service.grading.spec import GradingSpec, Rubric
from service.http.dependencies import RequesterDep
from service.http.examples import example, example_requests
from service.http.requests import ServicesDep, StrictRoute
from service.http.responses import ACCEPTED, GradingResponse, Responses, link, located
from service.jobs.job import Job
from service.jobs.work.gradings import GradingsWork

router = APIRouter(tags=["gradings"], route_class=StrictRoute)

_NATIVE = FormatName("native")
_ASSIGNMENT = "/v1/assignments/{id}"
_PUT: Responses = {200: {"links": {"gradings": link("create_gradings", "Grade the sheets of a class by it.")}}}
_RUBRICS = {
    name: Example(summary=one["summary"], value=one["value"]["rubric"]) for name, one in example("gradings").items()
}

_RubricBody = Annotated[Rubric, Body(openapi_examples=_RUBRICS)]
_AssignmentId = Annotated[
    str, Path(alias="id", pattern=CLAIM_ID, description="The name of the assignment, of your own making.")
]


@router.post("/v1/gradings", summary="Grade answers", response_model=Grading, responses=GradingResponse.documented)
async def create_grading(
    spec: Annotated[GradingSpec, Body(openapi_examples=example_requests("gradings"))],
    services: ServicesDep,
    wanted: Annotated[FormatName, Query(alias="format", description="The format of the answer.")] = _NATIVE,
) -> Response:
    """Judge every claim of a rubric: correct, partial, incorrect, invalid, undecided or missing, with the reason.

    Formulas are compared exactly where their class allows it, bounds with certified suprema, verdicts and rankings with
    simulations, whose reports are kept for good as evidence. What cannot be decided goes to a person, never to wrong.
    With `format`, the answer is what Gradescope, PrairieLearn and other platforms read.
    """
    return GradingResponse(await services.archive.grade(spec, wanted), wanted)


@router.post("/v1/rubrics/validate", summary="Validate a rubric")
def validate_rubric(rubric: _RubricBody) -> RubricReport:  # in a thread
    """Name every claim that contradicts itself or that no answer could meet, before students do."""
    return rubric_report(rubric)


@router.post("/v1/previews", summary="Preview an answer")
async def create_preview(spec: Annotated[PreviewSpec, Body(openapi_examples=example_requests("previews"))]) -> Preview:
    """How a formula is understood, as LaTeX, before it is handed in; or where it cannot be read, and why."""
    return preview(spec)


@router.put(_ASSIGNMENT, summary="Put an assignment", responses=_PUT)
async def put_assignment(name: _AssignmentId, rubric: _RubricBody, services: ServicesDep) -> Assignment:
    """Keep a rubric under a name, in place of the one that was there; it is checked before.

    Jobs that were accepted before go on with the rubric they were accepted with.
    """
    return await services.jobs.assignments.put(name, rubric)


@router.get(_ASSIGNMENT, summary="Get an assignment")
async def get_assignment(name: _AssignmentId, services: ServicesDep) -> Assignment:
    """The rubric that is kept under this name."""
    return await services.jobs.assignments.get(name)


@router.delete(_ASSIGNMENT, summary="Delete an assignment", status_code=204)
async def delete_assignment(name: _AssignmentId, services: ServicesDep) -> None:
    """Forget the rubric; jobs that were accepted with it, and their results, stay."""
    await services.jobs.assignments.drop(name)


@router.post(
    _ASSIGNMENT + "/gradings", summary="Grade the answer sheets of a class", status_code=202, responses=ACCEPTED
)
async def create_gradings(
    name: _AssignmentId,
    batch: Annotated[BatchSpec, Body(openapi_examples=example_requests("batches"))],
    services: ServicesDep,
    requester: RequesterDep,
    response: Response,
) -> Job:
    """Grade up to 10,000 answer sheets by the rubric of an assignment, in the background.

    What the rubric simulates is simulated once for all of them. Each sheet is graded as `POST /v1/gradings` grades it;
    the results come as JSON, as a table, or as files in the format that a platform reads.
    """
    return located(await services.jobs.accept(GradingsWork.kind, batch, requester, name), response)
