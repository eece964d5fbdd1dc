"""Probes and metrics for operators, and the document for generators of clients."""

from typing import Annotated, Literal

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from pydantic import ConfigDict, Field

from service.core.kinds import Model
from service.core.version import ENGINE_VERSION, __version__
from service.http.requests import ServicesDep
from service.http.scopes import ADMIN

_NOW = {"Cache-Control": "no-store"}
_ABOUT = '</openapi.json>; rel="service-desc"; type="application/json", </docs>; rel="service-doc"; type="text/html"'
_SEMANTIC = r"^\d+\.\d+\.\d+$"

router = APIRouter(tags=["operations"])


class Document(Model):
    """An OpenAPI document of this service."""

    model_config = ConfigDict(extra="allow")

    openapi: str
    """The version of OpenAPI it is written in."""


class Version(Model):
    """The versions of what answers."""

    version: Annotated[str, Field(pattern=_SEMANTIC)]
    """The version of the service and of this document."""
    engine_version: Annotated[str, Field(pattern=_SEMANTIC)]
    """The version of the numbers; it is part of every digest."""


class Health(Model):
    """That the service answers."""

    status: Literal["ok"]
    """Always ok; what is not well answers with a problem."""


@router.get("/healthz/live", summary="Tell whether the process answers")
async def get_liveness(response: Response) -> Health:
    """Answers as long as the process does; restart it when it does not."""
    response.headers.update(_NOW)
    return Health(status="ok")


@router.get("/healthz/ready", summary="Tell whether simulations are answered")
async def get_readiness(services: ServicesDep, response: Response) -> Health:
    """Answers once the worker processes are started; send no requests before."""
    response.headers.update(_NOW)
    services.pool.check_ready()
    return Health(status="ok")


@router.get("/v1/version", summary="Tell the versions")
async def get_version(response: Response) -> Version:
    """The version of the service, and that of its numbers: the same engine version gives the same report."""
    response.headers["Link"] = _ABOUT
    return Version(version=__version__, engine_version=ENGINE_VERSION)


@router.get("/metrics", summary="Tell what is counted", response_class=PlainTextResponse, dependencies=ADMIN)
async def get_metrics(services: ServicesDep) -> PlainTextResponse:
    """Requests by route, how long they took, busy workers, the queue, open jobs and kept reports, for Prometheus."""
    return PlainTextResponse(await services.traffic.metrics(), headers=_NOW)


@router.get("/openapi.json", summary="Get the OpenAPI document", response_model=Document)
async def get_document(request: Request) -> Response:
    """What you are reading, for generators of clients (OpenAPI 3.1)."""
    origin = str(request.base_url).rstrip("/")
    return Response(await request.app.openapi_json(origin), media_type="application/json")
