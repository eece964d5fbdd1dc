"""The composition root: settings → worker processes, store → archive → application → server."""

import gc
import json
import logging
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from socket import socket

import uvicorn

from service.charts.renderer import ChartRenderer
from service.core.kinds import complete
from service.core.logs import start_logs
from service.core.settings import Settings
from service.http.app import Application, build_app
from service.http.protocol import server_config
from service.jobs.jobs import Jobs
from service.processes.pool import PoolLimits, ProcessPool
from service.processes.process import SIMULATES, Launched
from service.simulation.estimate import Limits
from service.store.archive import Archive
from service.store.database import Database
from service.store.stores import report_store

_STARTUP_FAILURE = 3  # the exit status of a service that could not be started


class _Server(uvicorn.Server):
    """Tells its application that it is being stopped, before it waits for the requests that are answered."""

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Stop listening, and wait."""
        app = self.config.app
        if isinstance(app, Application):
            app.stop()
        await super().shutdown(sockets)


def create_app(settings: Settings | None = None, launched: Sequence[Launched] = ()) -> Application:
    """The whole service, by the environment unless settings are given; with workers that are `launched` already."""
    chosen = settings or Settings()
    pool = ProcessPool(PoolLimits.of(chosen, spare=chosen.spare_workers), SIMULATES, launched=launched)
    limits = Limits.of(chosen)
    archive = Archive(pool, report_store(chosen), limits, chosen.cache_bytes)
    jobs = Jobs(chosen, Database(chosen.database_url, durable=True), pool)
    return build_app(chosen, pool, archive, ChartRenderer(chosen), jobs)


def serve(settings: Settings, launched: Sequence[Launched] = ()) -> None:
    """Serve until told to stop, with workers that are `launched` already; KeysUnreadable."""
    start_logs(settings.log_format, settings.log_level)
    log = logging.getLogger("service")
    for name, value in settings.environment().items():
        log.info("%s=%s", name, value)
    log.info("In a moment open http://%s:%d/ (the laboratory) or /docs (every operation)", settings.host, settings.port)
    complete()
    app = create_app(settings, launched)
    server = _Server(server_config(app, settings, app.state.services.traffic.live))
    gc.collect()
    gc.freeze()  # what is loaded by now stays: no collection need look at it while somebody waits
    signal.signal(signal.SIGTERM, _end)  # uvicorn's own handler comes before it, and hands the signal on at the end
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(_STARTUP_FAILURE)


def _end(*_: object) -> None:
    """End the process as it was asked to, which is no failure."""
    sys.exit(0)


def openapi_text(contract: bool = False) -> str:
    """The OpenAPI document as it is committed: the one for generators, or the one the service is tested against."""
    app = create_app()
    return json.dumps(app.contract() if contract else app.openapi(), indent=2, ensure_ascii=False) + "\n"
