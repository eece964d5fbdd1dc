"""What is answered without a simulation: the cost of a network, and all that is known of an activation."""

from typing import Annotated

from fastapi import APIRouter, Body
from fastapi.responses import Response

from service.core.payload import Payload
from service.http.examples import example_requests
from service.http.requests import ServicesDep, StrictRoute
from service.http.scopes import SIMULATE
from service.simulation.results import Estimate
from service.simulation.spec import SimulationSpec
from service.theory.facts import ActivationProfile, ProfileSpec

router = APIRouter(route_class=StrictRoute, dependencies=SIMULATE)


@router.post("/v1/estimates", tags=["estimates"], summary="Estimate the cost of a simulation", response_model=Estimate)
async def create_estimate(
    payload: Annotated[Payload[SimulationSpec], Body(openapi_examples=example_requests("specifications"))],
    services: ServicesDep,
) -> Response:
    """Unroll and check a network, count its parameters, operations and bytes; nothing is simulated."""
    return Response(await services.archive.estimate(payload), media_type="application/json")


@router.post(
    "/v1/activations/profile", tags=["activations"], summary="Profile an activation", response_model=ActivationProfile
)
async def create_activation_profile(
    payload: Annotated[Payload[ProfileSpec], Body(openapi_examples=example_requests("activations"))],
    services: ServicesDep,
) -> Response:
    """Derivative, certified bounds, kinks, saturation, Gaussian moments and critical initialisations of any activation.

    A built-in one, or your own as a formula in plain text or LaTeX. Bounds are enclosures found by ball arithmetic: the
    truth lies in `[low, high]` for certain, and where the search ended before they were narrow `certified` says so.
    """
    return Response(await services.archive.profile(payload), media_type="application/json")
