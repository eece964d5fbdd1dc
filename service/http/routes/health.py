"""Probes for whoever runs the service."""

from typing import Literal

from fastapi import APIRouter

from service.http.dependencies import TheWorker
from service.kinds import Model

router = APIRouter(prefix="/healthz", tags=["operations"])


class Health(Model):
    """The service answers."""

    status: Literal["ok"]
    """Always ok; what is not well answers with a problem."""


@router.get("/live", summary="Tell whether the process answers")
async def get_liveness() -> Health:
    """Answers as long as the process does; restart it when it does not."""
    return Health(status="ok")


@router.get("/ready", summary="Tell whether simulations are answered")
async def get_readiness(worker: TheWorker) -> Health:
    """Answers once the worker processes are started; send no requests before."""
    worker.check_ready()
    return Health(status="ok")
