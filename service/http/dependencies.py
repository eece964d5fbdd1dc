"""What endpoints are handed; every dependency is a coroutine, since FastAPI runs a plain function in a thread."""

import re
from typing import Annotated, Any

from fastapi import Depends, Header, Path, Query
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from service.core.context import request_context
from service.core.errors import JobNotFound, ReportOutdated, ResultsOutdated
from service.core.version import ENGINE_VERSION
from service.http.requests import ServicesDep
from service.jobs.job import ID, Job
from service.jobs.records import Requester
from service.store.listing import Cursor

_MADE_BY = re.compile(rb'"engine_version": ?"([^"]*)"')  # no string of a report holds this: its quotes are escaped

Digest = Annotated[
    str, Path(description="The `digest` of the report.", json_schema_extra={"pattern": "^[0-9a-f]{64}$"})
]


async def _report(digest: Digest, services: ServicesDep) -> bytes:
    return await services.archive.report(digest)


ReportBytes = Annotated[bytes, Depends(_report)]
"""The report with the digest in the path, as JSON, whatever engine made it; ReportNotFound without one."""


async def current_report(digest: Digest, services: ServicesDep) -> bytes:
    """The report with that digest as JSON, of a shape that this service reads; ReportNotFound, or ReportOutdated."""
    report = await services.archive.report(digest)
    made_by = _MADE_BY.search(report, max(0, report.rfind(b'"engine_version"')))  # it is at the end of megabytes
    if made_by is not None and made_by[1] != ENGINE_VERSION.encode():
        raise ReportOutdated(made_by[1].decode(), ENGINE_VERSION)
    return report


CurrentReport = Annotated[bytes, Depends(current_report)]
"""The report with the digest in the path, for all that is made of it; ReportNotFound, or ReportOutdated."""


async def _job_id(
    job: Annotated[str, Path(alias="id", description="The `id` of the job.", json_schema_extra={"pattern": ID})],
) -> str:
    if not re.fullmatch(ID, job):
        raise JobNotFound
    return job


JobId = Annotated[str, Depends(_job_id)]
"""An id that a job may have; JobNotFound where none has it."""


async def _own_job_id(job: JobId, services: ServicesDep) -> str:
    owner = request_context().caller.sees
    if owner is not None:
        await services.jobs.job(job, owner)
    return job


OwnJobId = Annotated[str, Depends(_own_job_id)]
"""The id of a job that the caller may see, where it is one; JobNotFound for those of others."""


async def _job(job: JobId, services: ServicesDep) -> Job:
    return await services.jobs.job(job, request_context().caller.sees)


JobDep = Annotated[Job, Depends(_job)]
"""The job with the id in the path, as it is now; JobNotFound, as for those of others."""


async def current_job(job: JobDep) -> Job:
    """The job itself, where this engine made its results; ResultsOutdated."""
    if job.engine_version != ENGINE_VERSION:
        raise ResultsOutdated(job.engine_version, ENGINE_VERSION)
    return job


CurrentJob = Annotated[Job, Depends(current_job)]
"""The same, for all that is made of its results; ResultsOutdated where another engine made them."""


async def _requester(
    key: Annotated[
        Annotated[str, Field(pattern="^[!-~]{1,255}$")] | SkipJsonSchema[None],
        Header(
            alias="Idempotency-Key",
            description="A name for this request, of your own making: asked again by the same name, the service "
            "answers with the same job instead of making another. It is yours alone: others may use it for theirs.",
        ),
    ] = None,
) -> Requester:
    return Requester(request_context().caller.owner, key or "")


RequesterDep = Annotated[Requester, Depends(_requester)]
"""Who asks, and the name that was given to the request."""


def page_size(items: str, most: int = 200) -> Any:
    """The query parameter that says how many `items` are on a page, `most` of them at most."""
    description = f"How many {items} are on a page."
    return Query(ge=1, le=most, description=description, json_schema_extra={"format": "int64"})


PageCursor = Annotated[
    Annotated[str, Field(pattern=Cursor.PATTERN)] | SkipJsonSchema[None],
    Query(description="The `next_cursor` of the page before; none for the first page."),
]
"""The query parameter that says where a page of a list begins, for `Cursor.read`."""
