"""What came out of a job: its results one by one, in pages, as a table, as files and as a picture."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import Response, StreamingResponse
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from service.charts.chart import ChartFormat, Theme
from service.core.kinds import Model
from service.grading.formats import FormatName
from service.http.dependencies import CurrentJob, JobDep, OwnJobId, current_job, page_size
from service.http.requests import ServicesDep, StrictRoute
from service.http.responses import Csv, GradingResponse, Png, Svg, VegaLite, Zip, attachment
from service.http.scopes import READ
from service.jobs.job import OPEN
from service.jobs.work import WORKS, JobResult
from service.studies.axes import MOST_POINTS

_CURSOR = "^[0-9]{1,9}$"
_NATIVE = FormatName("native")

router = APIRouter(prefix="/v1/jobs/{id}", tags=["jobs"], route_class=StrictRoute, dependencies=READ)


class JobResultPage(Model):
    """Some of the results of a job, in the order of its items."""

    items: list[JobResult]
    """The results of this page: those that are there; as far as none is missing between them, unless `over_gaps`."""
    next_cursor: Annotated[str, Field(pattern=_CURSOR)] | None
    """Where the next page begins, for the parameter `cursor`; null once there is nothing to come."""


_PageSize = Annotated[int, page_size("results", 1000)]
_From = Annotated[
    Annotated[str, Field(pattern=_CURSOR)] | SkipJsonSchema[None],
    Query(description="The `next_cursor` of the page before, or the number of an item; none for the first page."),
]
_OverGaps = Annotated[
    bool,
    Query(
        description="Also those behind results that are not there yet. Each result says its `index`; while the job is "
        "running ask again from the first that is missing."
    ),
]
_Index = Annotated[
    int,
    Path(ge=0, lt=MOST_POINTS, description="The number of the item, from 0.", json_schema_extra={"format": "int64"}),
]
_Wanted = Annotated[FormatName, Query(alias="format", description="The format of gradings; sweeps have none.")]
_On = Annotated[Theme, Query(description="The ground it stands on.")]


@router.get("/results", summary="List the results of a job", response_model=JobResultPage)
async def list_job_results(
    job: OwnJobId, services: ServicesDep, limit: _PageSize = 100, cursor: _From = None, over_gaps: _OverGaps = False
) -> Response:
    """The results in the order of the items: points of a sweep, or gradings of a class.

    While the job is running a page has what is there so far, and `next_cursor` says where to go on: ask again.
    """
    page = await services.jobs.results.page(job, int(cursor or 0), limit, over_gaps)
    return Response(page, media_type="application/json")


@router.get(
    "/results/{index}", summary="Get a result of a job", response_model=JobResult, responses=GradingResponse.documented
)
async def get_job_result(job: JobDep, index: _Index, services: ServicesDep, wanted: _Wanted = _NATIVE) -> Response:
    """The result of one item, as soon as it is there, whatever is missing before it.

    With `format`, a grading alone as Gradescope, PrairieLearn and other platforms read it; `native` is the result with
    the grading in it, as `POST /v1/gradings` answers. A point of a sweep has one format.
    """
    if wanted == _NATIVE or WORKS[job.kind].files is None:
        return Response(await services.jobs.results.one(job.id, index), media_type="application/json")
    current = await current_job(job)
    return GradingResponse(await services.jobs.results.file(current.id, index, wanted), wanted)


@router.get("/results.csv", summary="Get the results of a job as CSV", response_class=Csv)
async def get_job_table(job: CurrentJob, services: ServicesDep) -> StreamingResponse:
    """A row for each result that is there, below a row of names, for spreadsheets and data frames.

    A point has its axes and its verdict, a grading its score and the points of every claim; null is an empty cell.
    """
    return StreamingResponse(
        services.jobs.results.table(job.id), media_type=Csv.media_type, headers=attachment("results.csv")
    )


@router.get(
    "/results.zip",
    summary="Get the gradings of a job as files",
    response_class=Zip,
    responses=Zip.documented,
)
async def get_job_bundle(job: CurrentJob, services: ServicesDep, wanted: _Wanted = _NATIVE) -> Zip:
    """A file for each answer sheet, as a platform reads it, in an archive; sweeps have none."""
    return Zip(await services.jobs.results.archive(job.id, wanted), headers=attachment("results.zip"))


@dataclass(frozen=True)
class _Chart:
    """A chart that can be drawn, and how long the picture may be kept."""

    draw: Callable[[Theme, ChartFormat], Awaitable[bytes]]
    headers: dict[str, str]


async def _chart(job: CurrentJob, services: ServicesDep) -> _Chart:
    """The chart of the results so far; ChartNotAvailable."""
    drawn = await services.jobs.results.drawn(job.id)
    kept = "no-cache" if job.status in OPEN else "public, max-age=3600"
    return _Chart(partial(services.renderer.job, *drawn), {"Cache-Control": kept})


_ChartDep = Annotated[_Chart, Depends(_chart)]


@router.get("/chart.json", summary="Get the chart of a sweep as Vega-Lite", response_model=VegaLite)
async def get_job_chart(chart: _ChartDep, theme: _On = Theme.LIGHT) -> Response:
    """The depth ratio over what is varied, as a Vega-Lite specification with its data.

    One axis is a line with its band, two are a map, with the line where theory puts the edge drawn in; while the job is
    running, of the points that are there.
    """
    drawn = await chart.draw(theme, ChartFormat.JSON)
    return Response(drawn, media_type="application/json", headers=chart.headers)


@router.get("/chart.svg", summary="Get the chart of a sweep as SVG", response_class=Svg)
async def get_job_chart_svg(chart: _ChartDep, theme: _On = Theme.LIGHT) -> Svg:
    """The chart that `chart.json` describes, drawn; the same results give the same bytes."""
    return Svg(await chart.draw(theme, ChartFormat.SVG), headers=chart.headers)


@router.get("/chart.png", summary="Get the chart of a sweep as PNG", response_class=Png, responses=Png.documented)
async def get_job_chart_png(chart: _ChartDep, theme: _On = Theme.LIGHT) -> Png:
    """The same, as a picture of points: one and a half times its size, for sharp screens."""
    return Png(await chart.draw(theme, ChartFormat.PNG), headers=chart.headers)
