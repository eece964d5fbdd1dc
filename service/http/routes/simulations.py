"""Simulations: a specification in, a report with its verdict out."""

from typing import Annotated

from fastapi import APIRouter, Body
from fastapi.responses import Response

from service.http.dependencies import TheWorker
from service.http.examples import REPORT, SPECIFICATIONS
from service.http.limits import StrictRoute
from service.results import SimulationReport
from service.spec import SimulationSpec

CACHE_STATUS = {
    True: {"Cache-Status": "gradient-verdict; hit"},
    False: {"Cache-Status": "gradient-verdict; fwd=miss; stored"},
}

router = APIRouter(prefix="/v1/simulations", tags=["simulations"], route_class=StrictRoute)


@router.post("", summary="Judge a network's gradients", response_model=SimulationReport, responses=REPORT)
async def create_simulation(
    spec: Annotated[SimulationSpec, Body(openapi_examples=SPECIFICATIONS)], worker: TheWorker
) -> Response:
    """Simulate the forward and the backward pass of a network, many times over, and say what becomes of its gradient.

    The report has a verdict (label, severity, tendency, cause, reasons), the statistics of every layer, and the
    specification with every default written out. The same specification gives the same bytes, `elapsed_seconds` aside.
    What costs more than is answered at once is refused with `budget-exceeded`; `POST /v1/estimates` tells beforehand.
    A report that was made lately is answered as it was then; the header `Cache-Status` (RFC 9211) says so by `hit`.
    """
    answer = await worker.answer(spec)
    return Response(answer.report, media_type="application/json", headers=CACHE_STATUS[answer.cached])
