"""What endpoints are handed; every dependency is a coroutine, since FastAPI runs a plain function in a thread."""

from hashlib import sha256
from re import fullmatch
from typing import Annotated, Any

from fastapi import Depends, Header, Path, Query, Request
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from service.core.errors import JobNotFound
from service.http.requests import ServicesDep
from service.jobs.job import ID, Job
from service.jobs.records import Requester
from service.store.listing import Cursor


async def _report(
    digest: Annotated[
        str, Path(description="The `digest` of the report.", json_schema_extra={"pattern": "^[0-9a-f]{64}$"})
    ],
    services: ServicesDep,
) -> bytes:
    return await services.archive.report(digest)


ReportBytes = Annotated[bytes, Depends(_report)]
"""The report with the digest in the path, as JSON; ReportNotFound without one."""


async def _job_id(
    job: Annotated[str, Path(alias="id", description="The `id` of the job.", json_schema_extra={"pattern": ID})],
) -> str:
    if not fullmatch(ID, job):
        raise JobNotFound
    return job


JobId = Annotated[str, Depends(_job_id)]
"""An id that a job may have; JobNotFound where none has it."""


async def _job(job: JobId, services: ServicesDep) -> Job:
    return await services.jobs.job(job)


JobDep = Annotated[Job, Depends(_job)]
"""The job with the id in the path, as it is now."""


async def _requester(
    request: Request,
    key: Annotated[
        Annotated[str, Field(pattern="^[!-~]{1,255}$")] | SkipJsonSchema[None],
        Header(
            alias="Idempotency-Key",
            description="A name for this request, of your own making: asked again by the same name, the service "
            "answers with the same job instead of making another. It is yours alone, by the header Authorization.",
        ),
    ] = None,
) -> Requester:
    authorization = request.headers.get("authorization")
    owner = "" if authorization is None else sha256(authorization.encode()).hexdigest()
    return Requester(owner, key or "")


RequesterDep = Annotated[Requester, Depends(_requester)]
"""The client: known by a hash of what it authorises itself with, and by the name it gives its request."""


def page_size(items: str, most: int = 200) -> Any:
    """The query parameter that says how many `items` are on a page, `most` of them at most."""
    description = f"How many {items} are on a page."
    return Query(ge=1, le=most, description=description, json_schema_extra={"format": "int64"})


PageCursor = Annotated[
    Annotated[str, Field(pattern=Cursor.PATTERN)] | SkipJsonSchema[None],
    Query(description="The `next_cursor` of the page before; none for the first page."),
]
"""The query parameter that says where a page of a list begins, for `Cursor.read`."""
