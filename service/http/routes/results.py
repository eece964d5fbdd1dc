"""What came out of a job: its results one by one, in pages, as a table, as files and as a picture."""

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from service.charts.chart import ChartFormat, Theme
from service.core.kinds import Model
from service.core.version import __version__
from service.grading.formats import FormatName
from service.http.dependencies import CurrentJob, JobDep, OwnJobId, current_job, page_size
from service.http.negotiation import NATIVE, format_for
from service.http.queries import PageLinks
from service.http.requests import Services, ServicesDep, StrictRoute
from service.http.responses import LISTED, Csv, GradingResponse, Json, Png, Svg, VegaLite, Zip, attachment
from service.http.scopes import READ
from service.http.tags import tag_of, unless_known
from service.jobs.job import OPEN, Job
from service.jobs.work import WORKS, JobResult
from service.studies.axes import MOST_POINTS

_CURSOR = "^[0-9]{1,9}$"
_NEXT = re.compile(rb'"next_cursor":"([0-9]+)"}$')
_EVERY_TIME = {"Cache-Control": "no-cache"}

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


async def _page(
    job: OwnJobId, services: ServicesDep, limit: _PageSize = 100, cursor: _From = None, over_gaps: _OverGaps = False
) -> bytes:
    return await services.jobs.results.page(job, int(cursor or 0), limit, over_gaps)


@router.get("/results", summary="List the results of a job", response_model=JobResultPage, responses=LISTED)
async def list_job_results(
    page: Annotated[bytes, Depends(_page)], response: Response, link_pages: PageLinks
) -> Response:
    """The results in the order of the items: points of a sweep, or gradings of a class.

    While the job is running a page has what is there so far, and `next_cursor` says where to go on: ask again.
    """
    found = _NEXT.search(page)
    link_pages(None if found is None else found[1].decode())
    return Response(page, media_type="application/json", headers={"Link": response.headers["Link"]})


@router.get(
    "/results/{index}", summary="Get a result of a job", response_model=JobResult, responses=GradingResponse.documented
)
async def get_job_result(
    request: Request, job: JobDep, index: _Index, services: ServicesDep, wanted: _Wanted = NATIVE
) -> Response:
    """The result of one item, as soon as it is there, whatever is missing before it.

    With `format`, a grading alone as Gradescope, PrairieLearn and other platforms read it; `native` is the result with
    the grading in it, as `POST /v1/gradings` answers. A point of a sweep has one format. Without `format`, the header
    Accept may say it by a media type.
    """
    graded = WORKS[job.kind].files is not None
    written_as = format_for(request, wanted, graded)
    if written_as == NATIVE or not graded:
        return GradingResponse(await services.jobs.results.one(job.id, index), NATIVE)
    current = await current_job(job)
    return GradingResponse(await services.jobs.results.file(current.id, index, written_as), written_as)


@router.get("/results.csv", summary="Get the results of a job as CSV", response_class=Csv)
async def get_job_table(request: Request, job: CurrentJob, services: ServicesDep) -> Response:
    """A row for each result that is there, below a row of names, for spreadsheets and data frames.

    A point has its axes and its verdict, a grading its score and the points of every claim; null is an empty cell.
    """

    async def table() -> Response:
        rows = await services.jobs.results.table(job.id)
        return StreamingResponse(rows, media_type=Csv.media_type, headers=_file(job, "csv"))

    return await unless_known(request, _tag(job, "csv"), table, _EVERY_TIME)


@router.get(
    "/results.zip",
    summary="Get the gradings of a job as files",
    response_class=Zip,
    responses=Zip.documented,
)
async def get_job_bundle(
    request: Request, job: CurrentJob, services: ServicesDep, wanted: _Wanted = NATIVE
) -> Response:
    """A file for each answer sheet, as a platform reads it, in an archive; sweeps have none."""

    async def bundle() -> Response:
        return Zip(await services.jobs.results.archive(job.id, wanted), headers=_file(job, "zip"))

    return await unless_known(request, _tag(job, "zip", wanted), bundle, _EVERY_TIME)


def _tag(job: Job, *made: str) -> str:
    """The tag of what is `made` of the results that `job` has by now."""
    return tag_of(job.id, job.status, str(job.progress.done), __version__, *made)


def _file(job: Job, kind: str) -> dict[str, str]:
    return attachment(f"results-{job.id[:8]}.{kind}")


@dataclass(frozen=True)
class _Chart:
    """A chart of the results so far, drawn for those who have not this one."""

    request: Request
    job: Job
    services: Services
    theme: Theme

    async def answer(self, kind: type[Response], wanted: ChartFormat) -> Response:
        """The chart as an answer of that kind; ChartNotAvailable."""

        async def drawn() -> Response:
            chart = await self.services.jobs.results.drawn(self.job.id)
            return kind(await self.services.renderer.job(*chart, self.theme, wanted))

        kept = "no-cache" if self.job.status in OPEN else "public, max-age=3600"
        tag = _tag(self.job, "chart", self.theme, wanted)
        return await unless_known(self.request, tag, drawn, {"Cache-Control": kept})


async def _chart(request: Request, job: CurrentJob, services: ServicesDep, theme: _On = Theme.LIGHT) -> _Chart:
    return _Chart(request, job, services, theme)


_ChartDep = Annotated[_Chart, Depends(_chart)]


@router.get("/chart.json", summary="Get the chart of a sweep as Vega-Lite", response_model=VegaLite)
async def get_job_chart(chart: _ChartDep) -> Response:
    """The depth ratio over what is varied, as a Vega-Lite specification with its data.

    One axis is a line with its band, two are a map, with the line where theory puts the edge drawn in; while the job is
    running, of the points that are there.
    """
    return await chart.answer(Json, ChartFormat.JSON)


@router.get("/chart.svg", summary="Get the chart of a sweep as SVG", response_class=Svg)
async def get_job_chart_svg(chart: _ChartDep) -> Response:
    """The chart that `chart.json` describes, drawn; the same results give the same bytes."""
    return await chart.answer(Svg, ChartFormat.SVG)


@router.get("/chart.png", summary="Get the chart of a sweep as PNG", response_class=Png, responses=Png.documented)
async def get_job_chart_png(chart: _ChartDep) -> Response:
    """The same, as a picture of points: one and a half times its size, for sharp screens."""
    return await chart.answer(Png, ChartFormat.PNG)
