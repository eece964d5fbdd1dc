"""Repetitions: accepted as jobs."""

from typing import Annotated

from fastapi import APIRouter, Body, Response
from service.jobs.work.repeat import RepeatSpec, RepeatWork

from service.core.payload import Payload
from service.http.dependencies import RequesterDep
from service.http.requests import ServicesDep, StrictRoute
from service.http.responses import ACCEPTED, located
from service.jobs.job import Job

router = APIRouter(tags=["jobs"], route_class=StrictRoute)


@router.post("/v1/repeats", summary="Judge a network under several seeds", status_code=202, responses=ACCEPTED)
async def create_repeat(
    payload: Annotated[Payload[RepeatSpec], Body()], services: ServicesDep, requester: RequesterDep, response: Response
) -> Job:
    """Judge a network under up to 1,000 seeds that follow one another, in the background."""
    return located(await services.jobs.accept(RepeatWork.kind, payload, requester), response)
