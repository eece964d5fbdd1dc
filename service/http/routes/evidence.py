"""What hangs below a report: its charts, its page, its table, its gradients."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse, Response

from service.charts.names import ChartFormat, ChartName, Theme
from service.charts.npz import gradients_npz
from service.charts.report_page.policy import content_security_policy
from service.charts.tables import layers_csv
from service.http.dependencies import TheArchive, TheDrawing, TheReport
from service.http.limits import StrictRoute
from service.http.media import Csv, Npz, Png, Svg, VegaLite, binary, file_named
from service.processes.drawing import Drawing
from service.simulation.results import SimulationReport

MOST_COMPARED = 11
KEPT = {"Cache-Control": "public, max-age=3600"}
"""A report never changes; how it is drawn may, with the version of the service."""
PAGE = {**KEPT, "Content-Security-Policy": content_security_policy()}

router = APIRouter(prefix="/v1/simulations/{digest}", tags=["simulations"], route_class=StrictRoute)

Which = Annotated[ChartName, Query(alias="chart", description="What is shown of the report.")]
On = Annotated[Theme, Query(description="The ground it stands on.")]
With = Annotated[
    list[str],
    Query(
        alias="with",
        default_factory=list,
        max_length=MOST_COMPARED,
        description="Digests of the reports that `comparison` draws beside this one; other charts take none.",
    ),
]


@dataclass(frozen=True)
class Asked:
    """A chart that was asked for."""

    reports: list[bytes]
    name: ChartName
    theme: Theme


async def get_asked(
    report: TheReport,
    archive: TheArchive,
    others: With,
    name: Which = ChartName.GRADIENT,
    theme: On = Theme.LIGHT,
) -> Asked:
    """What the query asks for, with the reports that are to be drawn."""
    beside = others if name is ChartName.COMPARISON else []
    return Asked([report, *[await archive.report(digest) for digest in beside]], name, theme)


TheChart = Annotated[Asked, Depends(get_asked)]


@router.get("/chart.json", summary="Get a chart as Vega-Lite", response_model=VegaLite)
async def get_simulation_chart(asked: TheChart, drawing: TheDrawing) -> Response:
    """A chart of this report as a Vega-Lite specification with its data, for vega-embed or an editor.

    `gradient` is delta through the depth, measured and predicted; `gain` where it comes from; `signal` the way forward;
    `derivative` and `activation` φ' where the network works, and its curve with certified bounds; `weight_gradient`
    what an optimiser meets; `comparison` several reports in one.
    """
    return Response(await _drawn(asked, drawing, ChartFormat.JSON), media_type="application/json", headers=KEPT)


@router.get("/chart.svg", summary="Get a chart as SVG", response_class=Svg)
async def get_simulation_chart_svg(asked: TheChart, drawing: TheDrawing) -> Svg:
    """The chart that `chart.json` describes, drawn; the same report gives the same bytes."""
    return Svg(await _drawn(asked, drawing, ChartFormat.SVG), headers=KEPT)


@router.get("/chart.png", summary="Get a chart as PNG", response_class=Png, responses=binary("image/png"))
async def get_simulation_chart_png(asked: TheChart, drawing: TheDrawing) -> Png:
    """The same, as a picture of points: one and a half times its size, for sharp screens."""
    return Png(await _drawn(asked, drawing, ChartFormat.PNG), headers=KEPT)


async def _drawn(asked: Asked, drawing: Drawing, wanted: ChartFormat) -> bytes:
    return await drawing.chart(asked.reports, asked.name, asked.theme, wanted)


@router.get("/report.html", summary="Get a report as a page", response_class=HTMLResponse)
async def get_simulation_page(report: TheReport, drawing: TheDrawing) -> HTMLResponse:
    """One file that opens offline and prints: verdict, charts, reasons, theory, layers, and how to repeat it."""
    return HTMLResponse(await drawing.page(report), headers=PAGE)


@router.get("/layers.csv", summary="Get the layers of a report as CSV", response_class=Csv)
def get_simulation_layers(report: TheReport) -> Csv:  # in a thread: a deep network has thousands
    """A row for each layer, below a row of names, for spreadsheets and data frames; null is an empty cell.

    The numbers of the report without histograms and gradients; `log10_delta_norm_median` is the median of
    `log10_delta_norm` over the trials, and so on.
    """
    return Csv(layers_csv(SimulationReport.model_validate_json(report)), headers=file_named("layers.csv"))


@router.get(
    "/gradients.npz",
    summary="Get the gradients of a report as arrays",
    response_class=Npz,
    responses=binary("application/octet-stream"),
)
def get_simulation_gradients(report: TheReport) -> Npz:  # in a thread, likewise
    """The factors of the first trial's gradient for numpy.load: `3/weights`, `3/bias`, `3/delta`, `3/derivative`.

    For reports that were asked for with `include: ["gradients"]`; NaN stands for what overflowed.
    """
    return Npz(gradients_npz(SimulationReport.model_validate_json(report)), headers=file_named("gradients.npz"))
