"""What endpoints are handed."""

from typing import Annotated

from fastapi import Depends, Path, Request

from service.http.metrics import Metrics
from service.jobs.jobs import Jobs
from service.store.archive import Archive
from service.worker.drawing import Drawing
from service.worker.worker import Worker


def get_worker(request: Request) -> Worker:
    """The worker of the application."""
    worker = request.app.state.worker
    if not isinstance(worker, Worker):
        raise TypeError("the application has no worker")
    return worker


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


TheWorker = Annotated[Worker, Depends(get_worker)]
TheArchive = Annotated[Archive, Depends(get_archive)]
TheDrawing = Annotated[Drawing, Depends(get_drawing)]
TheJobs = Annotated[Jobs, Depends(get_jobs)]
TheMetrics = Annotated[Metrics, Depends(get_metrics)]

Digest = Annotated[
    str, Path(description="The `digest` of the report.", json_schema_extra={"pattern": "^[0-9a-f]{64}$"})
]


async def get_report(digest: Digest, archive: TheArchive) -> bytes:
    """The report with that digest, as JSON."""
    return await archive.report(digest)


TheReport = Annotated[bytes, Depends(get_report)]
