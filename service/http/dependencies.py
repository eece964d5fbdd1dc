"""What endpoints are handed."""

from typing import Annotated

from fastapi import Depends, Request

from service.worker.worker import Worker


def get_worker(request: Request) -> Worker:
    """The worker of the application."""
    worker = request.app.state.worker
    if not isinstance(worker, Worker):
        raise TypeError("the application has no worker")
    return worker


TheWorker = Annotated[Worker, Depends(get_worker)]
