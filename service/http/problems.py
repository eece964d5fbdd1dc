"""Everything that fails, as `application/problem+json` (RFC 9457); statuses stand in this file and nowhere else."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPMethod, HTTPStatus
from typing import Annotated

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.routing import Match

from service.charts.renderer import ChartTooLarge
from service.core.context import request_context
from service.core.errors import (
    AssignmentConflict,
    AssignmentNotFound,
    BudgetExceeded,
    ChartNotAvailable,
    DeadlineExceeded,
    GradientsNotIncluded,
    IdempotencyConflict,
    JobNotFound,
    MalformedJson,
    NotReady,
    QueueFull,
    QuotaExceeded,
    Refusal,
    ReportNotFound,
    ReportOutdated,
    ResultNotFound,
    ResultsOutdated,
    SpecError,
    StoreFull,
    StoreUnavailable,
    WorkerFailed,
)
from service.core.kinds import Double, Int64, Model
from service.core.logs import fields
from service.core.payload import MOST_FAULTS, InvalidBody
from service.core.validation import CODE, FieldError, faults_of, parameter_faults
from service.grading.formats.lambda_feedback import UnknownCommand
from service.grading.formats.mu_ed import UnservedVersion
from service.grading.formats.mu_ed_submission import UnservedSubmission
from service.http.hosts import ForeignOrigin, UnknownHost
from service.http.negotiation import NotAcceptable
from service.http.queries import FaultyQuery
from service.http.rates import RateLimited
from service.http.reader import HeadersTooLarge, HeadersTooSlow, MalformedRequest
from service.http.requests import (
    BodyTooLarge,
    BodyTooSlow,
    ClientGone,
    Stopping,
    UnsupportedMediaType,
)
from service.http.responses import Answered
from service.http.room import NoRoom
from service.http.scopes import KeyNeeded, ScopeMissing
from service.http.tags import PreconditionFailed
from service.http.traffic import REQUEST_ID, request_id_of
from service.imports.base import InputNeeded, NotUnderstood

_log = logging.getLogger("service")

MEDIA_TYPE = "application/problem+json"
_CHALLENGES = ('Bearer realm="gradient-verdict"', 'Basic realm="gradient-verdict", charset="UTF-8"')

STATUSES: dict[type[Refusal], HTTPStatus] = {
    MalformedJson: HTTPStatus.BAD_REQUEST,
    MalformedRequest: HTTPStatus.BAD_REQUEST,
    UnknownCommand: HTTPStatus.BAD_REQUEST,
    ForeignOrigin: HTTPStatus.FORBIDDEN,
    UnservedVersion: HTTPStatus.NOT_ACCEPTABLE,
    NotAcceptable: HTTPStatus.NOT_ACCEPTABLE,
    PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
    KeyNeeded: HTTPStatus.UNAUTHORIZED,
    ScopeMissing: HTTPStatus.FORBIDDEN,
    BodyTooSlow: HTTPStatus.REQUEST_TIMEOUT,
    HeadersTooSlow: HTTPStatus.REQUEST_TIMEOUT,
    ClientGone: HTTPStatus.REQUEST_TIMEOUT,
    BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    UnknownHost: HTTPStatus.MISDIRECTED_REQUEST,
    HeadersTooLarge: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    SpecError: HTTPStatus.UNPROCESSABLE_ENTITY,
    InvalidBody: HTTPStatus.UNPROCESSABLE_ENTITY,
    BudgetExceeded: HTTPStatus.UNPROCESSABLE_ENTITY,
    ChartTooLarge: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotUnderstood: HTTPStatus.UNPROCESSABLE_ENTITY,
    FaultyQuery: HTTPStatus.UNPROCESSABLE_ENTITY,
    InputNeeded: HTTPStatus.UNPROCESSABLE_ENTITY,
    ReportNotFound: HTTPStatus.NOT_FOUND,
    GradientsNotIncluded: HTTPStatus.NOT_FOUND,
    JobNotFound: HTTPStatus.NOT_FOUND,
    ResultNotFound: HTTPStatus.NOT_FOUND,
    ChartNotAvailable: HTTPStatus.NOT_FOUND,
    AssignmentNotFound: HTTPStatus.NOT_FOUND,
    AssignmentConflict: HTTPStatus.CONFLICT,
    IdempotencyConflict: HTTPStatus.CONFLICT,
    ReportOutdated: HTTPStatus.GONE,
    ResultsOutdated: HTTPStatus.GONE,
    QueueFull: HTTPStatus.TOO_MANY_REQUESTS,
    QuotaExceeded: HTTPStatus.TOO_MANY_REQUESTS,
    RateLimited: HTTPStatus.TOO_MANY_REQUESTS,
    WorkerFailed: HTTPStatus.INTERNAL_SERVER_ERROR,
    UnservedSubmission: HTTPStatus.NOT_IMPLEMENTED,
    StoreUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    NotReady: HTTPStatus.SERVICE_UNAVAILABLE,
    Stopping: HTTPStatus.SERVICE_UNAVAILABLE,
    NoRoom: HTTPStatus.SERVICE_UNAVAILABLE,
    DeadlineExceeded: HTTPStatus.GATEWAY_TIMEOUT,
    StoreFull: HTTPStatus.INSUFFICIENT_STORAGE,
}
"""The status of every refusal; a subclass has that of its class unless it stands here itself."""

_TOLD = {"internal-error", "unserved-submission"}
"""Codes of the service's own statuses that have a line in the log already, or are no failure of its."""

_SENTENCES = {
    HTTPStatus.NOT_FOUND: "There is nothing at this path; /docs lists what there is.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This path does not know that method; the Allow header lists those it knows.",
}


class Problem(Model):
    """What went wrong (RFC 9457)."""

    type: Annotated[str, Field(pattern="^urn:gradient-verdict:problem:[a-z-]+$")]
    """A URN that names the kind of problem."""
    title: Annotated[str, Field(min_length=1)]
    """The kind of problem in words."""
    status: Annotated[Int64, Field(ge=400, le=599)]
    """The HTTP status."""
    detail: Annotated[str, Field(min_length=1)]
    """What happened this time, for people."""
    code: Annotated[str, Field(pattern=CODE)]
    """The kind of problem, for programs."""
    request_id: Annotated[str, Field(pattern="^[A-Za-z0-9._-]{1,64}$")]
    """The identifier of this request, also in the header X-Request-ID and in the log."""
    errors: Annotated[list[FieldError], Field(max_length=MOST_FAULTS)]
    """The faults in the body and the parameters; none where the request is not at fault."""
    facts: dict[str, Double]
    """The numbers behind `detail`: what was asked for, what the limit is."""


@dataclass(frozen=True)
class _Failure:
    """What a problem says besides the request it belongs to."""

    status: HTTPStatus
    code: str
    detail: str
    errors: Sequence[FieldError] = ()
    facts: Mapping[str, float] = field(default_factory=dict)


def install(app: FastAPI) -> None:
    """Answer every failure of `app` with a problem."""
    app.add_exception_handler(Refusal, _refusal)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _crash)
    app.add_exception_handler(Answered, _answered)


def problem_of(request: Request, error: Refusal | RequestValidationError) -> Problem:
    """What `error` says of `request`; also for those who word it as another platform reads it."""
    return _problem(request, _refused(error) if isinstance(error, Refusal) else _faulty(error))


def refusal(request: Request, error: Refusal) -> Response:
    """The answer to `request` that says `error`; for a middleware too, whose errors no handler sees."""
    response = _answer(problem_of(request, error))
    if isinstance(error, QueueFull | QuotaExceeded | RateLimited | NoRoom):
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, KeyNeeded):
        for challenge in _CHALLENGES:
            response.headers.append("WWW-Authenticate", challenge)
    return response


def mu_ed_failure(status: int, of_health: bool) -> tuple[int, str, str]:
    """The status, code and title that the µEd API has for a problem of that status, of its health or an evaluation."""
    if status == HTTPStatus.NOT_ACCEPTABLE:
        return status, "VERSION_NOT_SUPPORTED", "API version not supported"
    if status == HTTPStatus.FORBIDDEN:
        return status, "FORBIDDEN", "Forbidden"
    if status == HTTPStatus.NOT_IMPLEMENTED:
        return status, "NOT_IMPLEMENTED", "Not implemented"
    if of_health:
        return HTTPStatus.SERVICE_UNAVAILABLE, "SERVICE_UNAVAILABLE", "Service unavailable"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        return HTTPStatus.INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", "Internal server error"
    return HTTPStatus.BAD_REQUEST, "VALIDATION_ERROR", "Invalid request"


def _refused(error: Refusal) -> _Failure:
    status = next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)
    facts = {name: float(value) for name, value in error.facts.items() if isinstance(value, int | float)}
    return _Failure(status, error.code, error.sentence, _faults(error)[:MOST_FAULTS], facts)


def _faults(error: Refusal) -> Sequence[FieldError]:
    """Where the request is at fault, and why."""
    if isinstance(error, InvalidBody | FaultyQuery):
        return error.faults
    if isinstance(error, NotUnderstood) and error.faults:
        places = [(fault.pointer, fault.sentence) for fault in error.faults]
    else:
        places = [] if error.pointer is None else [(error.pointer, error.sentence)]
    return [FieldError(pointer=at, code=error.code, detail=sentence) for at, sentence in places]


async def _refusal(request: Request, error: Exception) -> Response:
    if not isinstance(error, Refusal):
        raise error
    return refusal(request, error)


async def _invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    return _answer(problem_of(request, error))


def _faulty(error: RequestValidationError) -> _Failure:
    inside = [item for item in error.errors() if item["loc"][0] == "body"]
    beside = parameter_faults([item for item in error.errors() if item["loc"][0] != "body"])
    faults = [*beside, *faults_of(inside[: MOST_FAULTS - len(beside)], error.body)]
    return _refused(InvalidBody(faults, len(beside) + len(inside)))


async def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    code = status.phrase.lower().replace(" ", "-")
    response = _answer(_problem(request, _Failure(status, code, _SENTENCES.get(status, f"{status.phrase}."))))
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        response.headers["Allow"] = ", ".join(sorted(_methods(request)))
    return response


async def _answered(_: Request, error: Exception) -> Response:
    if not isinstance(error, Answered):
        raise error
    return error.response


async def _crash(request: Request, error: Exception) -> Response:
    _log.error("a defect met request %s", request_id_of(request.scope), exc_info=error)
    sentence = "The service has a defect; the log has the details under this request's identifier."
    return _answer(_problem(request, _Failure(HTTPStatus.INTERNAL_SERVER_ERROR, "internal-error", sentence)))


def _problem(request: Request, failure: _Failure) -> Problem:
    request_context().code = failure.code
    if failure.status >= HTTPStatus.INTERNAL_SERVER_ERROR and failure.code not in _TOLD:
        _log.warning("%s: %s", failure.code, failure.detail, extra=fields(failure.facts))
    return Problem(
        type=f"urn:gradient-verdict:problem:{failure.code}",
        title=failure.code.replace("-", " ").capitalize(),
        status=failure.status,
        detail=failure.detail,
        code=failure.code,
        request_id=request_id_of(request.scope),
        errors=list(failure.errors),
        facts=dict(failure.facts),
    )


def _answer(problem: Problem) -> Response:
    # Escaped to ASCII: a pointer may hold what no encoding can, half of a surrogate pair.
    content = json.dumps(problem.model_dump(), ensure_ascii=True).encode()
    headers = {REQUEST_ID: problem.request_id}
    return Response(content, status_code=problem.status, media_type=MEDIA_TYPE, headers=headers)


def _methods(request: Request) -> set[str]:
    """All methods that some route answers at the path of `request`: Starlette names only those of the first."""
    scopes = [{**request.scope, "method": method} for method in HTTPMethod]
    found = {
        scope["method"].value
        for scope in scopes
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)
    }
    found |= {HTTPMethod.HEAD.value} if HTTPMethod.GET.value in found else set()
    return found or {"GET", "HEAD"}  # inside the mount of the documentation's files, which are only read
