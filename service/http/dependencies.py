"""What endpoints are handed."""

from hashlib import sha256
from re import fullmatch
from typing import Annotated

from anyio import Event
from fastapi import Depends, Header, Path, Request
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from service.core.errors import JobNotFound
from service.http.metrics import Metrics
from service.jobs.job import ID, Job
from service.jobs.jobs import Jobs
from service.jobs.records import Asker
from service.processes.drawing import Drawing
from service.processes.pool import ProcessPool
from service.store.archive import Archive


def get_pool(request: Request) -> ProcessPool:
    """The worker processes of the application."""
    pool = request.app.state.pool
    if not isinstance(pool, ProcessPool):
        raise TypeError("the application has no worker processes")
    return pool


def get_archive(request: Request) -> Archive:
    """The archive of the application."""
    archive = request.app.state.archive
    if not isinstance(archive, Archive):
        raise TypeError("the application has no archive")
    return archive


def get_drawing(request: Request) -> Drawing:
    """The drawing process of the application."""
    drawing = request.app.state.drawing
    if not isinstance(drawing, Drawing):
        raise TypeError("the application draws nothing")
    return drawing


def get_jobs(request: Request) -> Jobs:
    """The jobs of the application."""
    jobs = request.app.state.jobs
    if not isinstance(jobs, Jobs):
        raise TypeError("the application has no jobs")
    return jobs


def get_metrics(request: Request) -> Metrics:
    """The metrics of the application."""
    metrics = request.app.state.metrics
    if not isinstance(metrics, Metrics):
        raise TypeError("the application has no metrics")
    return metrics


def get_stopping(request: Request) -> Event:
    """What is set when the service is being stopped."""
    stopping = request.app.state.stopping
    if not isinstance(stopping, Event):
        raise TypeError("the application never stops")
    return stopping


ThePool = Annotated[ProcessPool, Depends(get_pool)]
TheArchive = Annotated[Archive, Depends(get_archive)]
TheDrawing = Annotated[Drawing, Depends(get_drawing)]
TheJobs = Annotated[Jobs, Depends(get_jobs)]
TheMetrics = Annotated[Metrics, Depends(get_metrics)]
Stopping = Annotated[Event, Depends(get_stopping)]

Digest = Annotated[
    str, Path(description="The `digest` of the report.", json_schema_extra={"pattern": "^[0-9a-f]{64}$"})
]


async def get_report(digest: Digest, archive: TheArchive) -> bytes:
    """The report with that digest, as JSON."""
    return await archive.report(digest)


TheReport = Annotated[bytes, Depends(get_report)]

JobId = Annotated[str, Path(alias="id", description="The `id` of the job.", json_schema_extra={"pattern": ID})]


async def get_job_id(job: JobId) -> str:
    """An id that a job may have; JobNotFound where none has it."""
    if not fullmatch(ID, job):
        raise JobNotFound
    return job


TheJobId = Annotated[str, Depends(get_job_id)]


async def get_told_job(job: TheJobId, jobs: TheJobs) -> Job:
    """The job with that id, as it is now."""
    return await jobs.job(job)


TheJob = Annotated[Job, Depends(get_told_job)]

IdempotencyKey = Annotated[
    Annotated[str, Field(pattern="^[!-~]{1,255}$")] | SkipJsonSchema[None],
    Header(
        alias="Idempotency-Key",
        description="A name for this request, of your own making: asked again by the same name, the service answers "
        "with the same job instead of making another. It is yours alone, by the header Authorization.",
    ),
]


async def get_asker(request: Request, key: IdempotencyKey = None) -> Asker:
    """Who asks: known by what it authorises itself with, which is not kept."""
    authorization = request.headers.get("authorization")
    owner = "" if authorization is None else sha256(authorization.encode()).hexdigest()
    return Asker(owner, key or "")


TheAsker = Annotated[Asker, Depends(get_asker)]
