"""Simulations: a specification in, a report with its verdict out; its charts, its page, its table, its gradients."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic.json_schema import SkipJsonSchema

from service.charts.chart import ChartFormat, Theme
from service.charts.kinds import CHARTS, ChartName
from service.charts.kinds.gradient import GradientChart
from service.charts.report_page import content_security_policy
from service.charts.tables import gradients_file, layers_table
from service.core.context import request_context
from service.core.payload import Payload
from service.core.version import __version__
from service.http.dependencies import CurrentReport, Digest, PageCursor, ReportBytes, current_report, page_size
from service.http.examples import example_requests
from service.http.queries import PageLinks
from service.http.requests import Services, ServicesDep, StrictRoute
from service.http.responses import LISTED, SIMULATIONS, Csv, Json, Npz, Png, Svg, VegaLite, attachment, reported
from service.http.scopes import READ, SIMULATE
from service.http.tags import tag_of, unless_known
from service.simulation.results import SimulationReport
from service.simulation.spec import SimulationSpec
from service.simulation.vocabulary import Label
from service.store.archive import Answer, Provenance
from service.store.listing import Cursor, ReportPage

_JSON = "application/json"
_FOR_GOOD = {"Cache-Control": "public, max-age=31536000, immutable"}
"""A report never changes."""
_KEPT = {"Cache-Control": "public, max-age=3600"}
"""What is made of a report may change, with the version of the service."""
_PAGE = {**_KEPT, "Content-Security-Policy": content_security_policy()}
_MOST_COMPARED = 11


class _SimulatingRoute(StrictRoute):
    """Answers at once where the same bytes were sent before, and the report on them is in memory."""

    def known(self, services: Services, body: bytes) -> Response | None:
        """The report on what `body` specifies, if it is in memory."""
        answer = services.archive.remembered(Payload(body, SimulationSpec.model_validate_json))
        return None if answer is None else _answered(answer)


_SIMULATING = APIRouter(prefix=SIMULATIONS, tags=["simulations"], route_class=_SimulatingRoute, dependencies=SIMULATE)
_READING = APIRouter(prefix=SIMULATIONS, tags=["simulations"], route_class=StrictRoute, dependencies=READ)


def report_headers(answer: Answer) -> dict[str, str]:
    """Whether a report was there already (RFC 9211), and where it is kept."""
    stored = "; detail=store-unavailable" if answer.store_failed else "; stored" if answer.kept else ""
    joined = "; collapsed" if answer.joined else ""
    status = f"fwd=miss{joined}{stored}" if answer.source is Provenance.SIMULATION else "hit"
    location = {"Location": f"{SIMULATIONS}/{answer.digest}"} if answer.kept else {}
    return {"Cache-Status": f"gradient-verdict; {status}", **location}


def _answered(answer: Answer) -> Response:
    return Response(answer.report, media_type=_JSON, headers=report_headers(answer))


@_SIMULATING.post(
    "",
    summary="Judge a network's gradients",
    response_model=SimulationReport,
    responses=reported(),
    dependencies=SIMULATE,
)
async def create_simulation(
    payload: Annotated[Payload[SimulationSpec], Body(openapi_examples=example_requests("specifications"))],
    services: ServicesDep,
) -> Response:
    """Simulate the forward and the backward pass of a network, many times over, and say what happens to its gradient.

    The report has a verdict (label, severity, tendency, cause, reasons), the statistics of every layer, and the
    specification with every default written out. The same specification gives the same bytes, `elapsed_seconds` aside.
    What costs more than is answered at once is refused with `budget-exceeded`; `POST /v1/estimates` tells beforehand.
    A report that was made before is answered as it was then; the header `Cache-Status` (RFC 9211) says so by `hit`.
    """
    return _answered(await services.archive.answer(payload))


_PageSize = Annotated[int, page_size("reports")]
_OfLabel = Annotated[Label | SkipJsonSchema[None], Query(description="Only reports with this label.")]


@_READING.get("", summary="List reports", responses=LISTED)
async def list_simulations(
    services: ServicesDep,
    link_pages: PageLinks,
    limit: _PageSize = 50,
    cursor: PageCursor = None,
    label: _OfLabel = None,
) -> ReportPage:
    """Your reports that are stored, the newest first, with what their verdicts say in short.

    Pages follow one another by `next_cursor`, without gaps and doubles, whatever is made meanwhile.
    """
    page = await services.archive.page(limit, Cursor.read(cursor), label, request_context().caller.sees)
    link_pages(page.next_cursor)
    return page


@_READING.get("/{digest}", summary="Get a report", response_model=SimulationReport)
async def get_simulation(report: ReportBytes) -> Response:
    """The report with this digest, as it was answered: the permanent name of the evidence.

    A report is kept for `RETENTION_DAYS` after it was last asked for, as long as there is room (`STORE_BYTES`), and the
    evidence of a grading for good. One that is not kept any more is made anew by posting its specification, and has
    the same digest.
    """
    return Json(report, headers=_FOR_GOOD)


_COMPARING = ", ".join(f"`{name}`" for name, chart in CHARTS.items() if chart.compares)
_Which = Annotated[ChartName, Query(alias="chart", description="What is shown of the report.")]
_DEFAULT = ChartName(GradientChart.name)
_On = Annotated[Theme, Query(description="The ground it stands on.")]
_With = Annotated[
    list[str],
    Query(
        alias="with",
        default_factory=list,
        max_length=_MOST_COMPARED,
        description=f"Digests of the reports that {_COMPARING} draws beside this one; other charts take none.",
    ),
]


@dataclass(frozen=True)
class _ChartRequest:
    """What the query asks for, with the reports that are to be drawn."""

    request: Request
    reports: list[bytes]
    name: ChartName
    theme: Theme

    async def answer(self, services: Services, kind: type[Response], wanted: ChartFormat) -> Response:
        """The chart as an answer of that kind, drawn for those who do not have it."""

        async def drawn() -> Response:
            return kind(await services.renderer.chart(self.reports, self.name, self.theme, wanted))

        tag = tag_of(__version__, self.name, self.theme, wanted, *self.reports)
        return await unless_known(self.request, tag, drawn, _KEPT)


async def _chart_request(
    request: Request, report: CurrentReport, others: _With, name: _Which = _DEFAULT, theme: _On = Theme.LIGHT
) -> _ChartRequest:
    beside, services = others if CHARTS[name].compares else [], request.app.state.services
    reports = [report, *[await current_report(digest, services) for digest in beside]]
    return _ChartRequest(request, reports, name, theme)


_ChartDep = Annotated[_ChartRequest, Depends(_chart_request)]


@_READING.get("/{digest}/chart.json", summary="Get a chart as Vega-Lite", response_model=VegaLite)
async def get_simulation_chart(chart: _ChartDep, services: ServicesDep) -> Response:
    """A chart of this report as a Vega-Lite specification with its data, for vega-embed or an editor.

    What each chart is called and how it is read, `GET /v1/catalog` says.
    """
    return await chart.answer(services, Json, ChartFormat.JSON)


@_READING.get("/{digest}/chart.svg", summary="Get a chart as SVG", response_class=Svg)
async def get_simulation_chart_svg(chart: _ChartDep, services: ServicesDep) -> Response:
    """The chart that `chart.json` describes, drawn; the same report gives the same bytes."""
    return await chart.answer(services, Svg, ChartFormat.SVG)


@_READING.get("/{digest}/chart.png", summary="Get a chart as PNG", response_class=Png, responses=Png.documented)
async def get_simulation_chart_png(chart: _ChartDep, services: ServicesDep) -> Response:
    """The same, as a picture of points: one and a half times its size, for sharp screens."""
    return await chart.answer(services, Png, ChartFormat.PNG)


@_READING.get("/{digest}/report.html", summary="Get a report as a page", response_class=HTMLResponse)
async def get_simulation_page(request: Request, report: CurrentReport, services: ServicesDep) -> Response:
    """One file that opens offline and prints: verdict, charts, reasons, theory, layers, and how to repeat it."""

    async def page() -> Response:
        return HTMLResponse(await services.renderer.page(report))

    return await unless_known(request, tag_of(__version__, "page", report), page, _PAGE)


@_READING.get("/{digest}/layers.csv", summary="Get the layers of a report as CSV", response_class=Csv)
async def get_simulation_layers(
    request: Request, report: CurrentReport, digest: Digest, services: ServicesDep
) -> Response:
    """A row for each layer, below a row of names, for spreadsheets and data frames; null is an empty cell.

    The numbers of the report without histograms and gradients; `log10_delta_norm_median` is the median of
    `log10_delta_norm` over the trials, and so on. The last three columns are to group by: `depth` in other layers,
    `block`, the number of the layer around it, and `alike`, of layers that repeat the number of the first.
    """

    async def layers() -> Response:
        payload = Payload(report, SimulationReport.model_validate_json)
        table = await services.archive.opened(payload, partial(layers_table, payload))
        return Csv(table, headers=attachment(f"layers-{digest[:8]}.csv"))

    return await unless_known(request, tag_of(__version__, "layers", report), layers, _KEPT)


@_READING.get(
    "/{digest}/gradients.npz",
    summary="Get the gradients of a report as arrays",
    response_class=Npz,
    responses=Npz.documented,
)
async def get_simulation_gradients(
    request: Request, report: CurrentReport, digest: Digest, services: ServicesDep
) -> Response:
    """The factors of the first trial's gradient for numpy.load: `3/weights`, `3/bias`, `3/delta`, `3/derivative`.

    For reports that were asked for with `include: ["gradients"]`; NaN stands for what overflowed.
    """

    async def gradients() -> Response:
        payload = Payload(report, SimulationReport.model_validate_json)
        arrays = await services.archive.opened(payload, partial(gradients_file, payload))
        return Npz(arrays, headers=attachment(f"gradients-{digest[:8]}.npz"))

    return await unless_known(request, tag_of(__version__, "gradients", report), gradients, _KEPT)


router = APIRouter()
router.include_router(_SIMULATING)
router.include_router(_READING)
