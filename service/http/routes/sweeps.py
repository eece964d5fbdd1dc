"""Sweeps: accepted as jobs."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from service.core.payload import Payload
from service.http.dependencies import RequesterDep
from service.http.examples import example_requests
from service.http.requests import ServicesDep, StrictRoute
from service.http.responses import ACCEPTED, located
from service.http.scopes import SIMULATE
from service.jobs.job import Job
from service.jobs.work.sweep import SweepWork
from service.studies.sweep import SweepSpec

router = APIRouter(tags=["jobs"], route_class=StrictRoute, dependencies=SIMULATE)


@router.post("/v1/sweeps", summary="Sweep over a specification", status_code=202, responses=ACCEPTED)
async def create_sweep(
    payload: Annotated[Payload[SweepSpec], Body(openapi_examples=example_requests("sweeps"))],
    services: ServicesDep,
    requester: RequesterDep,
    response: Response,
) -> Job:
    """Judge a network at every point of a grid: up to 100,000 of them, in the background.

    An axis is a JSON Pointer into the base specification, or one of `depth`, `width`, `weight_variance`,
    `bias_variance`, `input_std`, `activation`, with values one by one or a linear or logarithmic range. Axes are
    multiplied (`product`) or go side by side (`zip`). Each point is a verdict with its spreads and theory's prediction;
    points that were computed before, by whatever sweep, are not computed again. One that fails is told in its result.
    An axis that fits nowhere is refused at once.
    """
    return located(await services.jobs.accept(SweepWork.kind, payload, requester), response)
