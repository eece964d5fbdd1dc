"""Estimates: what a simulation would cost."""

from typing import Annotated

from fastapi import APIRouter, Body

from service.http.dependencies import TheArchive
from service.http.examples import SPECIFICATIONS
from service.http.limits import StrictRoute
from service.simulation.results import Estimate
from service.simulation.spec import SimulationSpec

router = APIRouter(prefix="/v1/estimates", tags=["estimates"], route_class=StrictRoute)


@router.post("", summary="Estimate the cost of a simulation")
async def create_estimate(
    spec: Annotated[SimulationSpec, Body(openapi_examples=SPECIFICATIONS)], archive: TheArchive
) -> Estimate:
    """Unroll and check a network, count its parameters, operations and bytes; nothing is simulated."""
    return archive.estimate(spec)
