"""Routes of grading platforms: their requests in, their answers out."""

from typing import Annotated

from fastapi import APIRouter, Body, Header
from fastapi.responses import Response

from service.grading.formats.lambda_feedback import LambdaAnswer, LambdaCommand, LambdaRequest
from service.grading.formats.mu_ed import EvaluateHealth, EvaluateRequest, Feedback
from service.http.examples import example_requests
from service.http.requests import ServicesDep, StrictRoute

router = APIRouter(tags=["gradings"], route_class=StrictRoute)

_JSON = "application/json"


@router.post("/evaluate", summary="Evaluate a submission (µEd)", response_model=list[Feedback])
async def evaluate_submission(
    request: Annotated[EvaluateRequest, Body(openapi_examples=example_requests("evaluations"))], services: ServicesDep
) -> Response:
    """The µEd API 0.1.0: `configuration.params` has a `claim` or a `rubric`, or the task a reference expression."""
    return Response(await services.archive.grade(request.grading_spec(), "mu_ed"), media_type=_JSON)


@router.get("/evaluate/health", summary="Tell what is evaluated (µEd)")
async def get_evaluate_health(services: ServicesDep) -> EvaluateHealth:
    """The µEd API 0.1.0: whether evaluations are answered, and which kinds of feedback there are."""
    services.pool.check_ready()
    return EvaluateHealth()


@router.post("/v1/adapters/lambda-feedback", summary="Run a command of Lambda Feedback", response_model=LambdaAnswer)
async def run_lambda_feedback(
    request: Annotated[LambdaRequest, Body(openapi_examples=example_requests("lambdas"))],
    services: ServicesDep,
    command: Annotated[LambdaCommand, Header(description="What is to be done.")] = "eval",
) -> Response:
    """Lambda Feedback, legacy: `eval` grades, `preview` shows how a response is understood, `healthcheck` answers."""
    if command == "eval":
        return Response(await services.archive.grade(request.grading_spec(), "lambda_feedback"), media_type=_JSON)
    answer = LambdaAnswer.preview_of(request) if command == "preview" else LambdaAnswer.healthy()
    return Response(answer.model_dump_json(), media_type=_JSON)
