"""The composition root: settings → worker, store → archive → application → server."""

import json
import logging
import os
import sys
from contextlib import suppress
from datetime import timedelta
from socket import socket

import anyio
import uvicorn

from service.http.app import Application, build_app
from service.jobs.acting import Acting
from service.jobs.engine import JobEngine
from service.jobs.executor import Executor, crash_only, executor_name
from service.jobs.jobs import Jobs
from service.jobs.keeping import Keeping
from service.jobs.liveness import liveness_of
from service.jobs.records import JobRecords
from service.jobs.results import JobResults
from service.jobs.work.base import Means
from service.settings import Settings
from service.simulation.estimate import Limits
from service.store.archive import Archive
from service.store.database import Database
from service.store.nothing import NoStore, Store
from service.store.points import PointStore
from service.store.reports import ReportStore
from service.store.retention import Retention
from service.worker.drawing import Drawing
from service.worker.worker import Worker

CHUNKS_A_PROCESS = 2
"""One that is worked on, and one that waits for it."""
STARTUP_FAILURE = 3
"""The exit status of a service that could not be started."""


class Server(uvicorn.Server):
    """Tells its application that it is being stopped, before it waits for the requests that are answered."""

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Stop listening, and wait."""
        app = self.config.app
        if isinstance(app, Application):
            app.stop()
        await super().shutdown(sockets)


def create_app(settings: Settings | None = None) -> Application:
    """The whole service, by the environment unless settings are given."""
    chosen = settings or Settings()
    worker = Worker(chosen)
    archive = Archive(worker, build_store(chosen), chosen.cache_bytes)
    jobs = Jobs(chosen, Database(chosen.database_url, durable=True))
    return build_app(chosen, worker, archive, Drawing(chosen), jobs)


def build_store(settings: Settings) -> Store:
    """The store of reports, which is opened when it is first needed; none where it has no room."""
    if settings.store_bytes == 0:
        return NoStore()
    retention = Retention(timedelta(days=settings.retention_days), settings.store_bytes)
    return ReportStore(Database(settings.database_url), retention)


def serve(with_jobs: bool = True) -> None:
    """Serve until told to stop; without jobs, these are left to `worker` processes elsewhere."""
    settings = Settings() if with_jobs else Settings(job_workers=0)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    log = logging.getLogger("service")
    for name, value in settings.environment().items():
        log.info("%s=%s", name, value)
    log.info("Gradient Verdict is on its way: http://%s:%d/", settings.host, settings.port)
    config = uvicorn.Config(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        http="h11",  # httptools drops the body of a JDK client's upgrade request
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )
    server = Server(config)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(STARTUP_FAILURE)


def work() -> None:
    """Work on jobs until the process ends, behind everything else that this machine has to do."""
    settings = Settings()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    os.nice(settings.job_niceness)
    crash_only()
    anyio.run(_work, settings)


async def _work(settings: Settings) -> None:
    processes = max(1, settings.job_workers)
    pool = Worker(settings.model_copy(update={"workers": processes}))
    await pool.start()
    database = Database(settings.database_url, durable=True)
    records, name = JobRecords(database), executor_name()
    keeping = Keeping(PointStore(Database(settings.database_url)), build_store(settings))
    limits = Limits(settings.sync_budget_flops * settings.job_patience, settings.memory_bytes_per_worker)
    acting = Acting(records, JobResults(database), Means(pool, keeping, limits, settings.job_deadline_seconds))
    engine = JobEngine(settings.database_url, name, acting, CHUNKS_A_PROCESS * processes)
    executor = Executor(engine, acting, records, liveness_of(settings.database_url, name))
    await executor.run(timedelta(days=settings.job_retention_days))


def openapi_text(contract: bool = False) -> str:
    """The OpenAPI document as it is committed: the one for generators, or the one the service is tested against."""
    app = create_app()
    return json.dumps(app.contract() if contract else app.openapi(), indent=2, ensure_ascii=False) + "\n"
