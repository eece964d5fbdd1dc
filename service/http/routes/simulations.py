"""Simulations: a specification in, a report with its verdict out."""

from typing import Annotated, Any

from fastapi import APIRouter, Body
from fastapi.responses import Response

from service.http.dependencies import TheReport, TheWorker
from service.http.examples import SPECIFICATIONS
from service.http.limits import StrictRoute
from service.results import SimulationReport
from service.spec import SimulationSpec
from service.tables import layers_csv
from service.worker.worker import Answer

HERE = "/v1/simulations"
AS_FILE = {"Content-Disposition": 'attachment; filename="layers.csv"'}


class Csv(Response):
    """A table (RFC 4180) with a row of names."""

    media_type = "text/csv"


def _text(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}


def _link(operation: str, description: str) -> dict[str, Any]:
    return {"operationId": operation, "description": description, "parameters": {"digest": "$response.body#/digest"}}


MADE: dict[int | str, dict[str, Any]] = {
    200: {
        "headers": {
            "Cache-Status": _text("Whether the report was there already: `hit` or `fwd=miss` (RFC 9211)."),
            "Location": _text("Where the report can be had again, while it is kept."),
        },
        "links": {
            "report": _link("get_simulation", "The same report."),
            "layers": _link("get_simulation_layers", "Its layers as CSV."),
        },
    }
}


def headers_of(answer: Answer) -> dict[str, str]:
    """Whether a report was kept (RFC 9211), and where it is."""
    status = "hit" if answer.cached else "fwd=miss; stored" if answer.kept else "fwd=miss"
    location = {"Location": f"{HERE}/{answer.digest}"} if answer.kept else {}
    return {"Cache-Status": f"gradient-verdict; {status}", **location}


router = APIRouter(prefix=HERE, tags=["simulations"], route_class=StrictRoute)


@router.post("", summary="Judge a network's gradients", response_model=SimulationReport, responses=MADE)
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
    return Response(answer.report, media_type="application/json", headers=headers_of(answer))


@router.get("/{digest}", summary="Get a report", response_model=SimulationReport)
async def get_simulation(report: TheReport) -> Response:
    """The report with this digest, as it was answered: the permanent name of the evidence.

    Reports that were asked for lately are kept, as many as there is room for (`CACHE_BYTES`); one that is not kept any
    more is made anew by posting its specification, and has the same digest.
    """
    return Response(report, media_type="application/json")


@router.get("/{digest}/layers.csv", summary="Get the layers of a report as CSV", response_class=Csv)
def get_simulation_layers(report: TheReport) -> Csv:  # in a thread: a deep network has thousands
    """A row for each layer, below a row of names, for spreadsheets and data frames; null is an empty cell.

    The numbers of the report without histograms and gradients; `log10_delta_norm_median` is the median of
    `log10_delta_norm` over the trials, and so on.
    """
    return Csv(layers_csv(SimulationReport.model_validate_json(report)), headers=AS_FILE)
