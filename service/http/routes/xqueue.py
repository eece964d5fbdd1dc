"""The route of XQueue, whose bodies may be of any media type."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from service.core.kinds import Double, Model
from service.core.payload import Payload
from service.grading.formats.xqueue import XQueue
from service.http.examples import example
from service.http.requests import ServicesDep, StrictRequest
from service.http.scopes import GRADE

router = APIRouter(tags=["gradings"], dependencies=GRADE)

_ANY_BODY = {
    "required": True,
    "content": {"text/plain": {"schema": {"type": "string", "description": "JSON"}, "example": example("queued")}},
}


class XQueueReply(Model):
    """What XQueue takes from a grader."""

    correct: bool
    """Whether all is right."""
    score: Double
    """The share of the points."""
    msg: str
    """Why, as one XML element."""


@router.post(
    "/v1/adapters/xqueue",
    summary="Grade a submission of XQueue",
    response_model=XQueueReply,
    openapi_extra={"requestBody": _ANY_BODY},
)
async def grade_queued_submission(request: Request, services: ServicesDep) -> Response:
    """Open edX, push: a body of any media type with `xqueue_body`; `grader_payload` has a `claim` or a `rubric`."""
    with services.bodies.hold() as hold:
        payload = Payload(await StrictRequest(request.scope, request.receive, hold).body(), XQueue.read)
        return Response(await services.archive.grade(payload, "xqueue"), media_type="application/json")
