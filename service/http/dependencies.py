"""What endpoints are handed."""

from typing import Annotated

from fastapi import Depends, Path, Request

from service.http.metrics import Metrics
from service.worker.worker import Worker


def get_worker(request: Request) -> Worker:
    """The worker of the application."""
    worker = request.app.state.worker
    if not isinstance(worker, Worker):
        raise TypeError("the application has no worker")
    return worker


def get_metrics(request: Request) -> Metrics:
    """The metrics of the application."""
    metrics = request.app.state.metrics
    if not isinstance(metrics, Metrics):
        raise TypeError("the application has no metrics")
    return metrics


TheWorker = Annotated[Worker, Depends(get_worker)]
TheMetrics = Annotated[Metrics, Depends(get_metrics)]

Digest = Annotated[
    str, Path(description="The `digest` of the report.", json_schema_extra={"pattern": "^[0-9a-f]{64}$"})
]


async def get_report(digest: Digest, worker: TheWorker) -> bytes:
    """The report with that digest, as JSON; looked up in the thread that keeps reports."""
    return worker.report(digest)


TheReport = Annotated[bytes, Depends(get_report)]
