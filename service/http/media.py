"""What is answered beside JSON objects: tables, pictures, archives, and a chart as a specification."""

from typing import Annotated, Any

from fastapi.responses import Response
from pydantic import ConfigDict, Field

from service.core.kinds import Model

Responses = dict[int | str, dict[str, Any]]
"""What FastAPI is told of answers, by their statuses."""


class Csv(Response):
    """A table (RFC 4180) with a row of names."""

    media_type = "text/csv"


class Svg(Response):
    """A picture of lines."""

    media_type = "image/svg+xml"


class Png(Response):
    """A picture of points."""

    media_type = "image/png"


class Npz(Response):
    """Arrays, as numpy.load reads them."""

    media_type = "application/octet-stream"


class Zip(Response):
    """Files in an archive."""

    media_type = "application/zip"


class VegaLite(Model):
    """A chart as Vega-Lite 6 with its data in it, ready for vega-embed."""

    model_config = ConfigDict(extra="allow")

    schema_url: Annotated[str, Field(alias="$schema")]
    """The version of Vega-Lite."""


def file_named(name: str) -> dict[str, str]:
    """The header that makes a browser keep an answer as a file of that name."""
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def binary(media_type: str) -> Responses:
    """The answer as bytes in the document, where FastAPI would say text."""
    return {200: {"content": {media_type: {"schema": {"type": "string", "format": "binary"}}}}}
