"""The application: routes, problems and the worker behind them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from service.http import problems
from service.http.metrics import Metrics
from service.http.openapi import contract, document
from service.http.problems import Problem
from service.http.request_id import RequestId, Traffic
from service.http.routes import activations, adapters, catalog, docs, estimates, gradings, operations, simulations
from service.settings import Settings
from service.version import __version__
from service.worker.worker import Worker

FAILURES: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": Problem, "description": "The request is at fault; the problem says where and why."},
    "5XX": {"model": Problem, "description": "The service is at fault, or out of time or room."},
}
LAST_WORDS_SECONDS = 2.0


class Application(FastAPI):
    """FastAPI with this service's OpenAPI document."""

    def openapi(self) -> dict[str, Any]:
        """The document that /openapi.json serves."""
        return document(self)

    def contract(self) -> dict[str, Any]:
        """The document that the service is tested against."""
        return contract(self)


def build_app(settings: Settings, worker: Worker) -> Application:
    """The application over `worker`, which is started with it."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await worker.start()
        yield
        await traffic.end(LAST_WORDS_SECONDS)  # the server has cancelled what still ran: let it answer

    traffic = Traffic(Metrics(worker))
    app = Application(
        title="Gradient Verdict",
        version=__version__,
        openapi_url=None,  # served by a route like any other
        lifespan=lifespan,
        redirect_slashes=False,
        responses=FAILURES,
        generate_unique_id_function=_operation_id,
    )
    app.state.settings = settings
    app.state.worker = worker
    app.state.metrics = traffic.metrics
    for resource in (simulations, estimates, activations, gradings, adapters, catalog, operations, docs):
        app.include_router(resource.router)
    app.include_router(adapters.texts)
    docs.mount_assets(app)
    problems.install(app)
    app.add_middleware(RequestId, traffic=traffic)
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name
