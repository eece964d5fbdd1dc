"""Simulations: a specification in, a report with its verdict out."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from fastapi.responses import Response
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from service.http.dependencies import TheArchive, TheReport
from service.http.examples import SPECIFICATIONS
from service.http.limits import StrictRoute
from service.simulation.results import SimulationReport
from service.simulation.spec import SimulationSpec
from service.simulation.vocabulary import Label
from service.store.archive import Answer, Source
from service.store.listing import CURSOR, Cursor, ReportPage

HERE = "/v1/simulations"


def _text(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}


def _link(operation: str, description: str) -> dict[str, Any]:
    return {"operationId": operation, "description": description, "parameters": {"digest": "$response.body#/digest"}}


MADE: dict[int | str, dict[str, Any]] = {
    200: {
        "headers": {
            "Cache-Status": _text(
                "Whether the report was there already: `hit` or `fwd=miss` (RFC 9211), with "
                "`detail=store-unavailable` where it could not be stored."
            ),
            "Location": _text("Where the report can be had again, while it is kept."),
        },
        "links": {
            "report": _link("get_simulation", "The same report."),
            "layers": _link("get_simulation_layers", "Its layers as CSV."),
            "chart": _link("get_simulation_chart_svg", "Its gradient through the depth, drawn."),
            "page": _link("get_simulation_page", "The report as a page."),
        },
    }
}


def headers_of(answer: Answer) -> dict[str, str]:
    """Whether a report was there already (RFC 9211), and where it can be had again."""
    stored = "; detail=store-unavailable" if answer.store_failed else "; stored" if answer.kept else ""
    status = f"fwd=miss{stored}" if answer.source is Source.SIMULATION else "hit"
    location = {"Location": f"{HERE}/{answer.digest}"} if answer.kept else {}
    return {"Cache-Status": f"gradient-verdict; {status}", **location}


router = APIRouter(prefix=HERE, tags=["simulations"], route_class=StrictRoute)


@router.post("", summary="Judge a network's gradients", response_model=SimulationReport, responses=MADE)
async def create_simulation(
    spec: Annotated[SimulationSpec, Body(openapi_examples=SPECIFICATIONS)], archive: TheArchive
) -> Response:
    """Simulate the forward and the backward pass of a network, many times over, and say what becomes of its gradient.

    The report has a verdict (label, severity, tendency, cause, reasons), the statistics of every layer, and the
    specification with every default written out. The same specification gives the same bytes, `elapsed_seconds` aside.
    What costs more than is answered at once is refused with `budget-exceeded`; `POST /v1/estimates` tells beforehand.
    A report that was made before is answered as it was then; the header `Cache-Status` (RFC 9211) says so by `hit`.
    """
    answer = await archive.answer(spec)
    return Response(answer.report, media_type="application/json", headers=headers_of(answer))


PageSize = Annotated[
    int, Query(ge=1, le=200, description="How many reports are on a page.", json_schema_extra={"format": "int64"})
]
After = Annotated[
    Annotated[str, Field(pattern=CURSOR)] | SkipJsonSchema[None],
    Query(description="The `next_cursor` of the page before; none for the first page."),
]
OfLabel = Annotated[Label | SkipJsonSchema[None], Query(description="Only reports with this label.")]


@router.get("", summary="List reports")
async def list_simulations(
    archive: TheArchive,
    limit: PageSize = 50,
    cursor: After = None,
    label: OfLabel = None,
) -> ReportPage:
    """The reports that are stored, the newest first, with what their verdicts say in short.

    Pages follow one another by `next_cursor`, without gaps and doubles, whatever is made meanwhile.
    """
    return await archive.page(limit, None if cursor is None else Cursor.read(cursor), label)


@router.get("/{digest}", summary="Get a report", response_model=SimulationReport)
async def get_simulation(report: TheReport) -> Response:
    """The report with this digest, as it was answered: the permanent name of the evidence.

    A report is kept for `RETENTION_DAYS` after it was last asked for, as long as there is room (`STORE_BYTES`), and the
    evidence of a grading for good. One that is not kept any more is made anew by posting its specification, and has
    the same digest.
    """
    return Response(report, media_type="application/json")
