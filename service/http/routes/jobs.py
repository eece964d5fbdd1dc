"""Jobs: how far they are, as they go on, and their ends; they are accepted by the routes of their kinds."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from service.core.context import request_context
from service.http.dependencies import JobDep, JobId, PageCursor, page_size
from service.http.requests import ServicesDep, StrictRoute
from service.http.responses import Responses
from service.http.scopes import READ
from service.jobs.job import OPEN, Job, JobPage, JobStatus
from service.store.listing import Cursor

router = APIRouter(tags=["jobs"], route_class=StrictRoute, dependencies=READ)
_streams = APIRouter()  # without StrictRoute: they last while a client listens, and have no body to be read


_PageSize = Annotated[int, page_size("jobs")]
_Purge = Annotated[bool, Query(description="Whether the job is deleted with all its results, whatever its status.")]
_OfStatus = Annotated[JobStatus | SkipJsonSchema[None], Query(description="Only jobs that are so far.")]


@router.get("/v1/jobs", summary="List jobs")
async def list_jobs(
    services: ServicesDep, limit: _PageSize = 50, cursor: PageCursor = None, status: _OfStatus = None
) -> JobPage:
    """Your jobs that are kept, the newest first.

    Pages follow one another by `next_cursor`, without gaps and doubles, whatever is accepted meanwhile.
    """
    return await services.jobs.page(limit, Cursor.read(cursor), status, request_context().caller.sees)


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


_LastSeen = Annotated[
    Annotated[int, Field(ge=0, le=2**53, json_schema_extra={"format": "int64"})] | SkipJsonSchema[None],
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
    },
}
_STREAM: Responses = {200: {"content": {"text/event-stream": {"itemSchema": _EVENT}}}}


@_streams.get("/v1/jobs/{id}/events", summary="Watch a job", response_class=EventSourceResponse, responses=_STREAM)
async def watch_job(job: JobDep, services: ServicesDep, seen: _LastSeen = None) -> AsyncIterator[ServerSentEvent]:
    """The job as server-sent events: one whenever it has come further, the last one called `end`.

    What happened between two looks at it is one event. A client that returns with `Last-Event-ID`, as browsers do by
    themselves, is told what is new since then. Comments keep the connection alive while nothing happens.
    """
    async for job_now in services.jobs.watch(job.id, -1 if seen is None else seen, services.traffic.stopping):
        name = "progress" if job_now.status in OPEN else "end"
        yield ServerSentEvent(event=name, id=str(job_now.event), data=job_now)


router.include_router(_streams)
