"""The composition root: settings → worker, store → archive → application → server."""

import json
import logging
from datetime import timedelta

import uvicorn

from service.http.app import Application, build_app
from service.jobs.jobs import Jobs
from service.settings import Settings
from service.store.archive import Archive
from service.store.database import Database
from service.store.nothing import NoStore, Store
from service.store.reports import ReportStore
from service.store.retention import Retention
from service.worker.drawing import Drawing
from service.worker.worker import Worker


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


def serve() -> None:
    """Serve until told to stop."""
    settings = Settings()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    log = logging.getLogger("service")
    for name, value in settings.environment().items():
        log.info("%s=%s", name, value)
    log.info("Gradient Verdict is on its way: http://%s:%d/", settings.host, settings.port)
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        http="h11",  # httptools drops the body of a JDK client's upgrade request
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )


def openapi_text(contract: bool = False) -> str:
    """The OpenAPI document as it is committed: the one for generators, or the one the service is tested against."""
    app = create_app()
    return json.dumps(app.contract() if contract else app.openapi(), indent=2, ensure_ascii=False) + "\n"
