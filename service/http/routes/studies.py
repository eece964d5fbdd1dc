"""Questions that need several simulations and are answered at once: how to mend a network, and which is the best."""

from typing import Annotated

from fastapi import APIRouter, Body
from fastapi.responses import Response

from service.core.payload import Payload
from service.http.examples import example_requests
from service.http.requests import ServicesDep, StrictRoute
from service.http.scopes import SIMULATE
from service.simulation.spec import SimulationSpec
from service.studies.comparison import Comparison, ComparisonSpec
from service.studies.prescriptions.results import Prescriptions

router = APIRouter(tags=["studies"], route_class=StrictRoute, dependencies=SIMULATE)


@router.post("/v1/prescriptions", summary="Mend a network", response_model=Prescriptions)
async def create_prescriptions(
    payload: Annotated[Payload[SimulationSpec], Body(openapi_examples=example_requests("prescriptions"))],
    services: ServicesDep,
) -> Response:
    """The smallest changes that bring the risk of failure below 0.1 and put the scale right.

    Initialisers, scaled inputs, activations, norms, residual connections, depth, dropout, the scale of the loss and the
    learning rate: each change is simulated with the same seeds as the network itself, two together where none suffices.
    Each has a JSON Patch (RFC 6902) of the specification that was sent, the specification after it, the numbers before
    and after, and the lines to write in PyTorch and Keras. They are ranked by what is left of the risk, then by how
    little changes.
    """
    return Response(await services.archive.prescribe(payload), media_type="application/json")


@router.post("/v1/comparisons", summary="Compare networks", response_model=Comparison)
async def create_comparison(
    payload: Annotated[Payload[ComparisonSpec], Body(openapi_examples=example_requests("comparisons"))],
    services: ServicesDep,
) -> Response:
    """Simulate two to twelve networks with the same seeds, and rank them by risk, then by the size of their ratio.

    A network is a specification of its own, or a patch of a base that all share. Differences of the ratio are paired
    over trials, with 95 % intervals of their medians. The reports are kept like those of `POST /v1/simulations`, and
    `chart` is where all of them are drawn in one.
    """
    return Response(await services.archive.compare(payload), media_type="application/json")
