"""Answers beside plain JSON objects: tables, pictures, archives, charts, gradings, and the jobs that were accepted."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from fastapi.responses import Response
from pydantic import ConfigDict, Field

from service.core.kinds import Model
from service.grading.formats import FORMATS, FormatName
from service.jobs.job import Job

Responses = dict[int | str, dict[str, Any]]
"""What the document says of answers, by their statuses."""


def _binary(media_type: str) -> Responses:
    """The answer as bytes in the document, where FastAPI would say text."""
    return {200: {"content": {media_type: {"schema": {"type": "string", "format": "binary"}}}}}


class Answered(Exception):
    """The answer to a request, found by a dependency before its endpoint is asked."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


class Json(Response):
    """JSON that is written already."""

    media_type = "application/json"


class Csv(Response):
    """A table (RFC 4180) with a row of names."""

    media_type = "text/csv"


class Svg(Response):
    """A picture of lines."""

    media_type = "image/svg+xml"


class Png(Response):
    """A picture of points."""

    media_type = "image/png"
    documented: ClassVar[Responses] = _binary(media_type)


class Npz(Response):
    """Arrays, as numpy.load reads them."""

    media_type = "application/octet-stream"
    documented: ClassVar[Responses] = _binary(media_type)


class Zip(Response):
    """Files in an archive."""

    media_type = "application/zip"
    documented: ClassVar[Responses] = _binary(media_type)


class VegaLite(Model):
    """A chart as Vega-Lite 6 with its data in it, ready for vega-embed."""

    model_config = ConfigDict(extra="allow")

    schema_url: Annotated[str, Field(alias="$schema")]
    """The version of Vega-Lite."""


def _media_types() -> dict[FormatName, str]:
    """By format; each platform's JSON has a media type of its own, so that each has a schema of its own."""
    named = {}
    for name, one in FORMATS.items():
        own = one.media_type == "application/json" and one.name != "native"
        vendor = f"application/vnd.gradient-verdict.{one.name.replace('_', '-')}+json"
        named[FormatName(name)] = vendor if own else one.media_type
    return named


class GradingResponse(Response):
    """A grading in the format of a platform."""

    media_types: ClassVar[Mapping[FormatName, str]] = _media_types()
    documented: ClassVar[Responses] = {
        200: {"content": {kind: {"schema": {}} for kind in sorted({*media_types.values()} - {"application/json"})}}
    }

    def __init__(self, content: bytes | str, wanted: FormatName) -> None:
        super().__init__(content, media_type=self.media_types[wanted], headers={"Vary": "Accept"})


def attachment(name: str) -> dict[str, str]:
    """The header that makes a browser keep an answer as a file of that name."""
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def link(operation: str, description: str, parameter: str = "id", inside: str = "") -> dict[str, object]:
    """A link of the document to an operation on what was answered, by the member that its parameter is named after.

    `inside` is the pointer of the object that has the member.
    """
    parameters = {parameter: f"$response.body#{inside}/{parameter}"}
    return {"operationId": operation, "description": description, "parameters": parameters}


SIMULATIONS = "/v1/simulations"


def text(description: str) -> dict[str, Any]:
    """What the document says of a header."""
    return {"description": description, "schema": {"type": "string"}}


def reported(inside: str = "") -> Responses:
    """What the document says of an answer that is a report, or has one at the pointer `inside`."""
    headers = {
        "Cache-Status": text(
            "Whether the report was there already: `hit` or `fwd=miss` (RFC 9211), with "
            "`detail=store-unavailable` where it could not be stored."
        ),
        "Location": text("Where the report is, while it is kept."),
    }
    links = {
        "report": link("get_simulation", "The same report.", "digest", inside),
        "layers": link("get_simulation_layers", "Its layers as CSV.", "digest", inside),
        "chart": link("get_simulation_chart_svg", "Its gradient through the depth, drawn.", "digest", inside),
        "page": link("get_simulation_page", "The report as a page.", "digest", inside),
    }
    return {200: {"headers": headers, "links": links}}


LISTED: Responses = {
    200: {
        "headers": {"Link": text("Where the first page of this list is, and the next where there is one (RFC 8288).")}
    }
}

ACCEPTED: Responses = {
    202: {
        "headers": {"Location": {"description": "Where the job is.", "schema": {"type": "string"}}},
        "links": {
            "job": link("get_job", "How far the job is."),
            "results": link("list_job_results", "Its results, while it is running too."),
        },
    }
}


def located(job: Job, response: Response) -> Job:
    """`job`, whose place the header `Location` of `response` tells."""
    response.headers["Location"] = job.links.self
    return job


def answered_or_accepted(found: bytes | Job) -> Response:
    """What was found at once, as JSON (200), or the job that finds it (202), with its place in `Location`."""
    if isinstance(found, bytes):
        return Response(found, media_type="application/json")
    accepted = Response(found.model_dump_json(), status_code=202, media_type="application/json")
    located(found, accepted)
    return accepted
