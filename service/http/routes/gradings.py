"""Gradings: a rubric and answers in, every claim judged out; and assignments, rubrics kept for a class."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Request
from fastapi.openapi.models import Example
from fastapi.responses import Response
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from service.core.context import request_context
from service.core.payload import Payload
from service.formulas.language.tokens import LONGEST_TEXT
from service.grading.answers import Preview, PreviewSpec
from service.grading.batch import Assignment, BatchSpec
from service.grading.claims.base import CLAIM_ID
from service.grading.formats import FormatName
from service.grading.packages import PackageFormat
from service.grading.proposals import Proposals
from service.grading.results import Grading
from service.grading.rubrics import RubricReport
from service.grading.spec import GradingSpec, RubricSpec
from service.grading.tasks import checked_rubric, packed, previewed, proposed
from service.http.dependencies import RequesterDep
from service.http.examples import example, example_requests
from service.http.negotiation import NATIVE, format_for
from service.http.requests import ServicesDep, StrictRoute
from service.http.responses import ACCEPTED, GradingResponse, Json, Responses, Zip, attachment, link, located, text
from service.http.scopes import GRADE, TEACH
from service.http.tags import ConditionDep
from service.jobs.job import Job
from service.jobs.work.gradings import GradingsWork

router = APIRouter(tags=["gradings"], route_class=StrictRoute)

_ASSIGNMENT = "/v1/assignments/{id}"
_PUT: Responses = {200: {"links": {"gradings": link("create_gradings", "Grade the sheets of a class by it.")}}}
_GOT: Responses = {200: {"headers": {"ETag": text("What to send as `If-Match` to change this and nothing newer.")}}}
_RUBRICS = {
    name: Example(summary=one["summary"], value={"rubric": one["value"]["rubric"]})
    for name, one in example("gradings").items()
}

_RubricBody = Annotated[Payload[RubricSpec], Body(openapi_examples=_RUBRICS)]
_AssignmentId = Annotated[
    str, Path(alias="id", pattern=CLAIM_ID, description="The name of the assignment, of your own making.")
]


@router.post(
    "/v1/gradings",
    summary="Grade answers",
    response_model=Grading,
    responses=GradingResponse.documented,
    dependencies=GRADE,
)
async def create_grading(
    request: Request,
    payload: Annotated[Payload[GradingSpec], Body(openapi_examples=example_requests("gradings"))],
    services: ServicesDep,
    wanted: Annotated[FormatName, Query(alias="format", description="The format of the answer.")] = NATIVE,
) -> Response:
    """Judge every claim of a rubric: correct, partial, incorrect, invalid, undecided or missing, with the reason.

    Formulas are compared exactly where their class allows it, bounds with certified suprema, verdicts and rankings with
    simulations, whose reports are kept for good as evidence. What cannot be decided goes to a person, never to wrong.
    With `format`, the answer is what Gradescope, PrairieLearn and other platforms read; without it, the header Accept
    may say so by a media type.
    """
    written_as = format_for(request, wanted)
    return GradingResponse(await services.archive.grade(payload, written_as), written_as)


@router.post("/v1/rubrics/validate", summary="Validate a rubric", response_model=RubricReport, dependencies=TEACH)
async def validate_rubric(payload: _RubricBody, services: ServicesDep) -> Response:
    """Name every claim that contradicts itself or that no answer could meet, before students do."""
    return Response(
        await services.archive.opened(payload, partial(checked_rubric, payload)), media_type="application/json"
    )


_ByName = Query(
    min_length=1,
    max_length=LONGEST_TEXT,
    description="A kind of the catalog, such as `stanh`, or a formula of z, such as `z*atan(z)`.",
)
_WithParameters = Query(
    max_length=LONGEST_TEXT, description="The parameters of the kind or the formula, written `b = 1.7, c = 2`."
)


@router.get("/v1/rubrics/proposals", summary="Propose a rubric", response_model=Proposals, dependencies=TEACH)
async def get_proposals(
    activation: Annotated[str, _ByName], services: ServicesDep, parameters: Annotated[str, _WithParameters] = ""
) -> Response:
    """Claims about an activation with points and titles, ready to be edited, and an answer to each that is right.

    The derivative, bounds of it, what happens to the gradient of a network of two hidden layers and of a deep one, what
    a linear output changes, and a ranking against sigmoid and relu; these networks are simulated. What the service
    itself does not know for certain is left out. Only what is no default is written.
    """
    found = await services.pool.run(partial(proposed, activation, parameters))
    return Response(found, media_type="application/json")


_For = Annotated[PackageFormat, Query(alias="format", description="The platform.")]
_Address = Annotated[str, Field(pattern="^(https?://[A-Za-z0-9._:/\\[\\]-]{1,200})?$")]
_WHERE = "Where the platform finds this service; that of this request where it is left out or empty."


@router.post(
    "/v1/rubrics/package",
    summary="Pack a rubric for a platform",
    response_class=Zip,
    responses=Zip.documented,
    dependencies=TEACH,
)
async def create_package(
    payload: _RubricBody,
    request: Request,
    services: ServicesDep,
    wanted: _For,
    service_url: Annotated[_Address | SkipJsonSchema[None], Query(description=_WHERE)] = None,
) -> Response:
    """The autograder for Gradescope, or the question for PrairieLearn, with this rubric in it, ready to be uploaded."""
    address = (service_url or str(request.base_url)).rstrip("/")
    name, content = await services.archive.opened(payload, partial(packed, payload, wanted, address))
    return Zip(content, headers=attachment(f"{name}_{wanted}.zip"))


@router.post("/v1/previews", summary="Preview an answer", dependencies=GRADE)
async def create_preview(
    payload: Annotated[Payload[PreviewSpec], Body(openapi_examples=example_requests("previews"))], services: ServicesDep
) -> Preview:
    """How a formula is understood, as LaTeX, before it is handed in; or where it cannot be read, and why."""
    task = partial(previewed, payload)
    return task() if payload.small else await services.archive.opened(payload, task)


@router.put(_ASSIGNMENT, summary="Put an assignment", response_model=Assignment, responses=_PUT, dependencies=TEACH)
async def put_assignment(
    name: _AssignmentId, payload: _RubricBody, services: ServicesDep, check: ConditionDep
) -> Response:
    """Keep a rubric under a name, in place of the one that was there; it is checked before.

    Jobs that were accepted before go on with the rubric they were accepted with. Two who edit one rubric do not
    overwrite each other who send the `ETag` of the one they have read as `If-Match`.
    """
    caller = request_context().caller
    of_all = caller.sees is None
    found = await services.jobs.assignments.put(name, payload, caller.owner, of_all=of_all, check=check)
    return Response(found, media_type="application/json")


@router.get(_ASSIGNMENT, summary="Get an assignment", response_model=Assignment, dependencies=TEACH, responses=_GOT)
async def get_assignment(name: _AssignmentId, services: ServicesDep) -> Response:
    """The rubric that you keep under this name."""
    found, version = await services.jobs.assignments.get(name, request_context().caller.sees)
    return Json(found, headers={"ETag": f'"{version}"'})


@router.delete(_ASSIGNMENT, summary="Delete an assignment", status_code=204, dependencies=TEACH)
async def delete_assignment(name: _AssignmentId, services: ServicesDep, check: ConditionDep) -> None:
    """Forget the rubric; jobs that were accepted with it, and their results, stay."""
    await services.jobs.assignments.drop(name, request_context().caller.sees, check)


@router.post(
    _ASSIGNMENT + "/gradings",
    summary="Grade the answer sheets of a class",
    status_code=202,
    responses=ACCEPTED,
    dependencies=GRADE,
)
async def create_gradings(
    name: _AssignmentId,
    payload: Annotated[Payload[BatchSpec], Body(openapi_examples=example_requests("batches"))],
    services: ServicesDep,
    requester: RequesterDep,
    response: Response,
) -> Job:
    """Grade up to 10,000 answer sheets by the rubric of an assignment, in the background.

    What the rubric simulates is simulated once for all of them. Each sheet is graded as `POST /v1/gradings` grades it;
    the results come as JSON, as a table, or as files in the format that a platform reads. With a key that may not see
    the assignment (a student's), hidden claims are left out, and of the others the points are told, and no reasons.
    """
    return located(await services.jobs.accept(GradingsWork.kind, payload, requester, name), response)
