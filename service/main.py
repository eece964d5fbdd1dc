"""The composition root: settings → worker → application → server."""

import json
import logging

import uvicorn

from service.http.app import Application, build_app
from service.settings import Settings
from service.worker.worker import Worker


def create_app(settings: Settings | None = None) -> Application:
    """The whole service, by the environment unless settings are given."""
    chosen = settings or Settings()
    return build_app(chosen, Worker(chosen))


def serve() -> None:
    """Serve until told to stop."""
    settings = Settings()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    log = logging.getLogger("service")
    for name, value in settings.environment().items():
        log.info("%s=%s", name, value)
    log.info("Gradient Verdict is on its way: http://%s:%d/docs", settings.host, settings.port)
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
