"""What endpoints are handed; every dependency is a coroutine, since FastAPI runs a plain function in a thread."""

from dataclasses import dataclass
from hashlib import sha256
from re import fullmatch
from typing import Annotated

from fastapi import Depends, Header, Path, Request
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from service.charts.renderer import ChartRenderer
from service.core.errors import JobNotFound
from service.core.settings import Settings
from service.http.requests import Traffic
from service.jobs.job import ID, Job
from service.jobs.jobs import Jobs
from service.jobs.records import Asker
from service.processes.pool import ProcessPool
from service.store.archive import Archive


@dataclass(frozen=True)
class Services:
    """Everything that an application holds, as `app.state.services`."""

    settings: Settings
    pool: ProcessPool
    archive: Archive
    renderer: ChartRenderer
    jobs: Jobs
    traffic: Traffic


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(_services)]


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


async def _asker(
    request: Request,
    key: Annotated[
        Annotated[str, Field(pattern="^[!-~]{1,255}$")] | SkipJsonSchema[None],
        Header(
            alias="Idempotency-Key",
            description="A name for this request, of your own making: asked again by the same name, the service "
            "answers with the same job instead of making another. It is yours alone, by the header Authorization.",
        ),
    ] = None,
) -> Asker:
    authorization = request.headers.get("authorization")
    owner = "" if authorization is None else sha256(authorization.encode()).hexdigest()
    return Asker(owner, key or "")


AskerDep = Annotated[Asker, Depends(_asker)]
"""The client: known by a hash of what it authorises itself with, and by the name it gives its request."""
