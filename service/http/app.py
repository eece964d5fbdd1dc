"""The application: routes, problems, and the worker processes and the archive behind them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from anyio import create_task_group, to_thread
from fastapi import Depends, FastAPI
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Lifespan

from service.charts.renderer import ChartRenderer
from service.core.keys import KeyFile
from service.core.settings import Settings
from service.core.version import __version__
from service.http import browsers, problems
from service.http.browsers import GuardedAnswers
from service.http.deprecation import DEPRECATED
from service.http.identity import IdentityMiddleware
from service.http.limits import LimitsMiddleware
from service.http.manners import MannersMiddleware
from service.http.openapi import contract, document, served
from service.http.problems import Problem
from service.http.queries import check_query
from service.http.requests import Services
from service.http.room import Room
from service.http.routes import pages, routers
from service.http.traces import telemetry
from service.http.traffic import RequestMiddleware, Traffic
from service.jobs.jobs import Jobs
from service.jobs.trainings import Trainings
from service.processes.pool import ProcessPool
from service.store.archive import Archive

_FAILURES: dict[int | str, dict[str, Any]] = {
    "default": {"model": Problem, "description": "The document lists the statuses in its place."}
}
_LAST_WORDS_SECONDS = 2.0


class Application(FastAPI):
    """FastAPI with this service's OpenAPI document."""

    _written: bytes | memoryview | None = None

    def openapi(self) -> dict[str, Any]:
        """The document that /openapi.json serves."""
        return document(self)

    async def openapi_json(self, origin: str) -> bytes:
        """The same as JSON, made once, in a thread; with `origin` as its server."""
        if self._written is None:
            self._written = await to_thread.run_sync(lambda: JSONResponse(self.openapi()).body)
        return served(bytes(self._written), origin)

    def contract(self) -> dict[str, Any]:
        """The document that the service is tested against."""
        return contract(self)

    def build_middleware_stack(self) -> ASGIApp:
        """Everything that answers, defects and refusals of a middleware too, in what browsers are told."""
        return GuardedAnswers(super().build_middleware_stack(), self.state.services.settings)

    def stop(self) -> None:
        """End the streams of events; to be called when the server begins to wait for its requests."""
        self.state.services.traffic.stopping.set()


def build_app(
    settings: Settings, pool: ProcessPool, archive: Archive, renderer: ChartRenderer, jobs: Jobs
) -> Application:
    """The application over `pool`, `archive`, `renderer` and `jobs`, which are started with it: the pool first.

    A store that cannot be opened, or takes its time, keeps the service from nothing.
    """
    traffic = Traffic(pool, archive, renderer, jobs)
    rooms = Room(settings.bodies_bytes), Room(settings.imports_bytes)
    services = Services(settings, pool, archive, renderer, jobs, Trainings(settings, pool, jobs), traffic, *rooms)
    app = Application(
        title="Gradient Verdict",
        version=__version__,
        openapi_url=None,  # served by a route like any other
        lifespan=_lifespan(services),
        redirect_slashes=False,
        responses=_FAILURES,
        generate_unique_id_function=_operation_id,
        dependencies=[Depends(check_query)],
        telemetry=telemetry(),
    )
    app.state.services = services
    for router in routers():
        app.include_router(router)
    pages.mount_pages(app, renderer)
    problems.install(app)
    keys = KeyFile(Path(settings.api_keys_file)) if settings.api_keys_file else None
    app.add_middleware(LimitsMiddleware, settings=settings)
    app.add_middleware(IdentityMiddleware, keys=keys)
    app.add_middleware(MannersMiddleware, deprecations=DEPRECATED)
    browsers.install(app, settings)
    app.add_middleware(RequestMiddleware, traffic=traffic)
    return app


def _lifespan(services: Services) -> Lifespan[FastAPI]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with create_task_group() as background:
            background.start_soon(services.archive.tidy)
            background.start_soon(services.jobs.run)
            await services.pool.start()
            background.start_soon(services.renderer.warm)  # so that no visitor waits for it
            yield
            await services.traffic.end(_LAST_WORDS_SECONDS)  # the server has cancelled what still ran: let it answer
            await services.renderer.end()
            await services.pool.end()
            background.cancel_scope.cancel()
        await services.archive.close()
        await services.jobs.close()

    return lifespan


def _operation_id(route: APIRoute) -> str:
    return route.name
