"""The application: routes, problems, and the worker processes and the archive behind them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from anyio import create_task_group
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.types import Lifespan

from service.core.settings import Settings
from service.core.version import __version__
from service.http import problems
from service.http.metrics import Metrics
from service.http.openapi import contract, document
from service.http.problems import Problem
from service.http.request_id import RequestId, Traffic
from service.http.routes import (
    activations,
    adapters,
    assignments,
    catalog,
    docs,
    estimates,
    evidence,
    gradings,
    operations,
    page,
    results,
    simulations,
    sweeps,
)
from service.http.routes import jobs as jobs_routes
from service.jobs.jobs import Jobs
from service.processes.drawing import Drawing
from service.processes.pool import ProcessPool
from service.store.archive import Archive

FAILURES: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": Problem, "description": "The request is at fault; the problem says where and why."},
    "5XX": {"model": Problem, "description": "The service is at fault, or out of time or room."},
}
LAST_WORDS_SECONDS = 2.0
RESOURCES: tuple[APIRouter, ...] = (
    simulations.router,
    evidence.router,
    estimates.router,
    activations.router,
    gradings.router,
    assignments.router,
    sweeps.router,
    jobs_routes.router,
    jobs_routes.streams,
    results.router,
    adapters.router,
    catalog.router,
    operations.router,
    docs.router,
    adapters.texts,
)
"""In the order of the document."""


class Application(FastAPI):
    """FastAPI with this service's OpenAPI document."""

    def openapi(self) -> dict[str, Any]:
        """The document that /openapi.json serves."""
        return document(self)

    def contract(self) -> dict[str, Any]:
        """The document that the service is tested against."""
        return contract(self)

    def stop(self) -> None:
        """What would go on for ever ends now; to be called when the server begins to wait for its requests."""
        self.state.stopping.set()


def build_app(settings: Settings, pool: ProcessPool, archive: Archive, drawing: Drawing, jobs: Jobs) -> Application:
    """The application over `pool`, `archive`, `drawing` and `jobs`, which are started with it: the pool first.

    A store that cannot be opened, or takes its time, keeps the service from nothing.
    """
    traffic = Traffic(Metrics(pool, archive, jobs))
    app = Application(
        title="Gradient Verdict",
        version=__version__,
        openapi_url=None,  # served by a route like any other
        lifespan=_lifespan(pool, archive, jobs, drawing, traffic),
        redirect_slashes=False,
        responses=FAILURES,
        generate_unique_id_function=_operation_id,
    )
    app.state.settings = settings
    app.state.pool = pool
    app.state.archive = archive
    app.state.drawing = drawing
    app.state.jobs = jobs
    app.state.metrics = traffic.metrics
    app.state.stopping = traffic.stopping
    for resource in RESOURCES:
        app.include_router(resource)
    docs.mount_assets(app)
    page.mount_page(app)
    problems.install(app)
    app.add_middleware(RequestId, traffic=traffic)
    return app


def _lifespan(pool: ProcessPool, archive: Archive, jobs: Jobs, drawing: Drawing, traffic: Traffic) -> Lifespan[FastAPI]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with create_task_group() as beside:
            beside.start_soon(archive.tidy)
            beside.start_soon(jobs.run)
            await pool.start()
            beside.start_soon(drawing.warm)  # so that no visitor waits for it
            yield
            await traffic.end(LAST_WORDS_SECONDS)  # the server has cancelled what still ran: let it answer
            drawing.end()
            beside.cancel_scope.cancel()
        await archive.close()
        await jobs.close()

    return lifespan


def _operation_id(route: APIRoute) -> str:
    return route.name
