"""Routes of grading platforms: their requests in, their answers and failures out."""

from abc import abstractmethod
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Body, Header
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import JsonValue
from starlette.requests import Request

from service.core.errors import Refusal
from service.core.payload import Payload
from service.grading.formats.lambda_feedback import (
    LAMBDA_DOCS,
    LambdaAnswer,
    LambdaFailure,
    LambdaReason,
    LambdaRequest,
    lambda_command,
)
from service.grading.formats.mu_ed import VERSION, EvaluateFailure, EvaluateHealth, Feedback, UnservedVersion
from service.grading.formats.mu_ed_submission import EvaluateRequest
from service.grading.tasks import commanded, evaluated
from service.http.examples import example_requests
from service.http.problems import Problem, mu_ed_failure, problem_of
from service.http.requests import ServicesDep, StrictRoute
from service.http.responses import Responses
from service.http.scopes import GRADE, KeyNeeded

_JSON = "application/json"
_VERSION_HEADER = "X-Api-Version"


class _PlatformRoute(StrictRoute):
    """A route whose failures are worded as its platform reads them."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler of a strict route; what it refuses is worded by `failed`."""
        handle = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return self.answer(request, await handle(request))
            except KeyNeeded:
                raise  # 401 belongs to HTTP
            except (Refusal, RequestValidationError) as error:
                return self.answer(request, self.failed(request, problem_of(request, error)))

        return answered

    def answer(self, request: Request, response: Response) -> Response:
        """`response` with what the platform wants in its header."""
        return response

    @abstractmethod
    def failed(self, request: Request, problem: Problem) -> Response:
        """`problem` as the platform reads it."""


class _MuEdRoute(_PlatformRoute):
    """A route of the µEd API, which has statuses of its own, and tells its version in every answer."""

    def answer(self, request: Request, response: Response) -> Response:
        """`response` with the version that was served."""
        response.headers[_VERSION_HEADER] = VERSION
        return response

    def failed(self, request: Request, problem: Problem) -> Response:
        """An ErrorResponse, with one of the statuses that µEd has for this path."""
        status, code, title = mu_ed_failure(problem.status, request.url.path.endswith("/health"))
        details = _details(problem)
        if code == "VERSION_NOT_SUPPORTED":
            asked = request.headers.get(_VERSION_HEADER)
            details |= {"requestedVersion": asked, "supportedVersions": [VERSION]}
        told = EvaluateFailure(title=title, message=problem.detail, code=code, details=details)
        return Response(told.model_dump_json(), status_code=status, media_type=_JSON)


class _LambdaRoute(_PlatformRoute):
    """The route of Lambda Feedback's commands."""

    def failed(self, request: Request, problem: Problem) -> Response:
        """`{"error": {"message": …, "error_thrown": …}}`, with the problem's status."""
        told = LambdaFailure(error=LambdaReason(message=problem.detail, error_thrown=_details(problem)))
        return Response(told.model_dump_json(), status_code=problem.status, media_type=_JSON)


def _details(problem: Problem) -> dict[str, JsonValue]:
    """This service's own code, and the field that is at fault, as µEd writes it: `submission.content`."""
    fields = [error.pointer.strip("/").replace("/", ".") for error in problem.errors]
    field = next((field for field in fields if field), None)
    known: dict[str, JsonValue] = {"code": problem.code, "field": field, "request_id": problem.request_id}
    return {name: value for name, value in known.items() if value is not None}


def _failures(model: type[EvaluateFailure] | type[LambdaFailure]) -> Responses:
    return {"default": {"model": model, "description": "The message says what is at fault."}}


_MU_ED = APIRouter(tags=["gradings"], route_class=_MuEdRoute, responses=_failures(EvaluateFailure))
_LAMBDA = APIRouter(tags=["gradings"], route_class=_LambdaRoute, responses=_failures(LambdaFailure))

_Version = Annotated[
    str | None, Header(alias=_VERSION_HEADER, description=f"The version of the µEd API that is spoken: {VERSION}.")
]


@_MU_ED.post(
    "/evaluate",
    dependencies=GRADE,
    summary="Evaluate a submission (µEd)",
    response_model=list[Feedback],
    response_model_exclude_none=True,
)
async def evaluate_submission(
    payload: Annotated[Payload[EvaluateRequest], Body(openapi_examples=example_requests("evaluations"))],
    services: ServicesDep,
    version: _Version = None,
) -> Response:
    """The µEd API 0.1.0: `configuration.params` has a `claim` or a `rubric`, or the task a reference expression.

    With `preSubmissionFeedback.enabled` nothing is graded; every formula is told as it is read.
    """
    _check_version(version)
    return Response(await services.archive.grade(payload, "mu_ed", evaluated), media_type=_JSON)


@_MU_ED.get("/evaluate/health", summary="Tell what is evaluated (µEd)")
async def get_evaluate_health(services: ServicesDep, version: _Version = None) -> EvaluateHealth:
    """The µEd API 0.1.0: whether evaluations are answered, and which kinds of feedback there are."""
    _check_version(version)
    services.pool.check_ready()
    return EvaluateHealth()


@_LAMBDA.post(
    "/v1/adapters/lambda-feedback",
    summary="Run a command of Lambda Feedback",
    response_model=LambdaAnswer,
    dependencies=GRADE,
)
async def run_lambda_feedback(
    payload: Annotated[Payload[LambdaRequest], Body(openapi_examples=example_requests("lambdas"))],
    services: ServicesDep,
    command: Annotated[str, Header(description="What is to be done: eval, preview, healthcheck or docs.")] = "eval",
) -> Response:
    """Lambda Feedback, legacy: `eval` grades, `preview` shows how a response is understood, `healthcheck` answers.

    A response that is not correct is compared with the `cases` in `params`, as Lambda Feedback's own layer does.
    """
    wanted = lambda_command(command)
    found = await services.archive.grade(payload, wanted, commanded)
    if wanted == "docs":
        return Response(LAMBDA_DOCS, media_type="application/octet-stream")
    return Response(found, media_type=_JSON)


def _check_version(asked: str | None) -> None:
    if asked not in (None, "", VERSION):
        raise UnservedVersion(asked)


router = APIRouter()
router.include_router(_MU_ED)
router.include_router(_LAMBDA)
