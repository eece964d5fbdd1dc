"""Jobs: how far they are, as they go on, and their ends; they are accepted by the routes of their kinds."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from service.core.context import request_context
from service.http.dependencies import JobDep, JobId, PageCursor, page_size
from service.http.queries import PageLinks
from service.http.requests import ServicesDep, StrictRoute
from service.http.responses import LISTED, Answered, Responses
from service.http.scopes import READ
from service.jobs.job import OPEN, Job, JobPage, JobStatus
from service.store.listing import Cursor

router = APIRouter(tags=["jobs"], route_class=StrictRoute, dependencies=READ)
_streams = APIRouter()  # without StrictRoute: they last while a client listens, and have no body to be read


_PageSize = Annotated[int, page_size("jobs")]
_Purge = Annotated[bool, Query(description="Whether the job is deleted with all its results, whatever its status.")]
_OfStatus = Annotated[JobStatus | SkipJsonSchema[None], Query(description="Only jobs that are so far.")]


@router.get("/v1/jobs", summary="List jobs", responses=LISTED)
async def list_jobs(
    services: ServicesDep,
    link_pages: PageLinks,
    limit: _PageSize = 50,
    cursor: PageCursor = None,
    status: _OfStatus = None,
) -> JobPage:
    """Your jobs that are kept, the newest first.

    Pages follow one another by `next_cursor`, without gaps and doubles, whatever is accepted meanwhile.
    """
    page = await services.jobs.page(limit, Cursor.read(cursor), status, request_context().caller.sees)
    link_pages(page.next_cursor)
    return page


@router.get("/v1/jobs/{id}", summary="Get a job")
async def get_job(job: JobDep) -> Job:
    """How far a job is: its status, its progress, how long it will still take, and the first items that failed.

    It is kept for `JOB_RETENTION_DAYS` after its end, with all its results.
    """
    return job


@router.delete("/v1/jobs/{id}", summary="Cancel a job")
async def cancel_job(job: JobId, services: ServicesDep, purge: _Purge = False) -> Job:
    """End a job: its processors are free within two seconds, and the results that it has are kept.

    Nothing happens to one that has ended. With `purge=true` the job is deleted, too, with all its results: it is
    answered once more, and not found after that.
    """
    cancelled = services.jobs.purge if purge else services.jobs.cancel
    return await cancelled(job, request_context().caller.sees)


_RETURN_MILLISECONDS = 3000  # after which a browser asks again that has lost its connection
_LastSeen = Annotated[
    Annotated[int, Field(ge=0, le=2**53 - 1, json_schema_extra={"format": "int64"})] | SkipJsonSchema[None],
    Header(alias="Last-Event-ID", description="The `id` of the last event that was seen; browsers send it themselves."),
]
_DATA = {
    "type": "string",
    "contentMediaType": "application/json",
    "contentSchema": {"$ref": "#/components/schemas/Job"},
}
_EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["event", "data", "id"],
    "properties": {
        "event": {"enum": ["progress", "end"], "description": "`end` is the last."},
        "data": {**_DATA, "description": "The job, as JSON."},
        "id": {"type": "string", "description": "Its number, which rises."},
        "retry": {"type": "integer", "description": "Milliseconds after which to return to a stream that broke off."},
    },
}
_STREAM: Responses = {
    200: {"content": {"text/event-stream": {"itemSchema": _EVENT}}},
    204: {"description": "The last event that was seen was the end: there is nothing more; do not return."},
}


async def _seen(request: Request, job: JobDep, last: _LastSeen = None) -> int:
    """The event of the job that the client saw last, or -1; its answer at once where no stream is to begin."""
    if request.state.is_head:
        raise Answered(EventSourceResponse(iter(()), headers={"Cache-Control": "no-cache"}))
    seen = -1 if last is None else last
    if seen >= job.event and job.status not in OPEN:
        raise Answered(Response(status_code=204))
    return seen


_Seen = Annotated[int, Depends(_seen)]


@_streams.get("/v1/jobs/{id}/events", summary="Watch a job", response_class=EventSourceResponse, responses=_STREAM)
async def watch_job(
    job: JobDep, services: ServicesDep, seen: Annotated[int, Depends(_seen)]
) -> AsyncIterator[ServerSentEvent]:
    """The job as server-sent events: one whenever it has come further, the last one called `end`.

    What happened between two looks at it is one event. A client that returns with `Last-Event-ID`, as browsers do by
    themselves, is told what is new since then, and nothing (204) after the end. Comments keep the connection alive
    while nothing happens.
    """
    async for job_now in services.jobs.watch(job.id, seen, services.traffic.stopping):
        name = "progress" if job_now.status in OPEN else "end"
        yield ServerSentEvent(event=name, id=str(job_now.event), data=job_now, retry=_RETURN_MILLISECONDS)


router.include_router(_streams)
