"""Jobs: how far they are, as they go on, and their ends."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from service.http.dependencies import Stopping, TheJob, TheJobId, TheJobs
from service.http.limits import StrictRoute
from service.http.media import Responses
from service.jobs.job import OPEN, Job, JobPage, JobStatus
from service.store.listing import CURSOR, Cursor

HERE = "/v1/jobs"

router = APIRouter(prefix=HERE, tags=["jobs"], route_class=StrictRoute)
streams = APIRouter(prefix=HERE, tags=["jobs"])  # which go on while somebody listens, and have no body to be read

PageSize = Annotated[
    int, Query(ge=1, le=200, description="How many jobs are on a page.", json_schema_extra={"format": "int64"})
]
After = Annotated[
    Annotated[str, Field(pattern=CURSOR)] | SkipJsonSchema[None],
    Query(description="The `next_cursor` of the page before; none for the first page."),
]
OfStatus = Annotated[JobStatus | SkipJsonSchema[None], Query(description="Only jobs that are so far.")]


@router.get("", summary="List jobs")
async def list_jobs(jobs: TheJobs, limit: PageSize = 50, cursor: After = None, status: OfStatus = None) -> JobPage:
    """The jobs that are kept, the newest first.

    Pages follow one another by `next_cursor`, without gaps and doubles, whatever is accepted meanwhile.
    """
    return await jobs.page(limit, None if cursor is None else Cursor.read(cursor), status)


@router.get("/{id}", summary="Get a job")
async def get_job(job: TheJob) -> Job:
    """How far a job is: its status, its progress, how long it will still take, and the first items that failed.

    It is kept for `JOB_RETENTION_DAYS` after its end, with all its results.
    """
    return job


@router.delete("/{id}", summary="Cancel a job")
async def cancel_job(job: TheJobId, jobs: TheJobs) -> Job:
    """End a job: its processors are free within two seconds, and the results that it has are kept.

    Nothing happens to one that has ended.
    """
    return await jobs.cancel(job)


LastSeen = Annotated[
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
        "id": {"type": "string", "description": "How many items are done."},
    },
}
STREAM: Responses = {200: {"content": {"text/event-stream": {"itemSchema": _EVENT}}}}


@streams.get("/{id}/events", summary="Watch a job", response_class=EventSourceResponse, responses=STREAM)
async def watch_job(
    job: TheJob, jobs: TheJobs, stopping: Stopping, seen: LastSeen = None
) -> AsyncIterator[ServerSentEvent]:
    """The job as server-sent events: one whenever it has come further, the last one called `end`.

    What happened between two looks at it is one event. Whoever comes back with `Last-Event-ID`, as browsers do by
    themselves, is told what is new since then. Comments keep the connection alive while nothing happens.
    """
    async for told in jobs.watch(job.id, -1 if seen is None else seen, stopping):
        name = "progress" if told.status in OPEN else "end"
        yield ServerSentEvent(event=name, id=str(told.progress.done), data=told)
