"""What endpoints are handed."""

from typing import Annotated

from fastapi import Depends, Request

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
