"""What several tests share: the event loop, the real service, and its application in process."""

import atexit
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from functools import lru_cache, partial
from pathlib import Path

import httpx
import pytest
from httpx._config import DEFAULT_TIMEOUT_CONFIG
from httpx._transports import default
from hypothesis import HealthCheck, settings

from service.processes.system import single_blas_thread

single_blas_thread()

# A shell without job control, as in CI, starts what it puts into the background with Ctrl-C ignored, and all that is
# started from here would ignore it, too. A signal that is handled has its default in every process that is started.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, lambda *_: None)

# For all tests, before anything reads the settings: none of them touches the store of whoever runs them.
STORE = tempfile.TemporaryDirectory(prefix="gradient-verdict-", ignore_cleanup_errors=True)
atexit.register(STORE.cleanup)
os.environ["GRADIENT_VERDICT_DATABASE_URL"] = f"sqlite:///{STORE.name}/reports.sqlite3"
os.environ["GRADIENT_VERDICT_DRAW_AT_START"] = "false"  # most services that tests start draw nothing
os.environ["GRADIENT_VERDICT_ALLOWED_HOSTS"] = "service"  # as those that run in this process are called

# httpx reads the certificates of the world for every request, 25 ms of the processor; nothing here is encrypted.
default.create_ssl_context = lru_cache(default.create_ssl_context)
# It waits five seconds for an answer, which a busy machine may take.
for waiting in ("connect", "read", "write", "pool"):
    setattr(DEFAULT_TIMEOUT_CONFIG, waiting, 60.0)

# Hypothesis gives an example a fifth of a second, which a busy machine may take, too.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

from api_tests.store.postgres import Server, binary, running_postgres  # noqa: E402 - after the thread limit
from examples.running_service import running_service  # noqa: E402
from service.main import create_app  # noqa: E402
from service.store import engine  # noqa: E402

engine._SYNCHRONOUS[False] = "synchronous=OFF"  # no test cuts the power
DATABASES = ["sqlite", "postgresql"]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """AnyIO's tests run on asyncio, as the service does."""
    return "asyncio"


@pytest.fixture(scope="session")
def service_url() -> Iterator[str]:
    """The base URL of a real service on loopback."""
    with running_service() as url:
        yield url


@pytest.fixture(scope="session")
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client of the one application in this process, its failures answered as a server would."""
    app = create_app()
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as connected:
        yield connected
    await app.state.services.pool.end()
    await app.state.services.archive.close()
    await app.state.services.jobs.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server on loopback."""
    if binary("initdb") is None:
        pytest.skip("PostgreSQL is not installed")
    with running_postgres() as server:
        yield server


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database that is new and empty."""
    return new_database(request, tmp_path)


def new_database(request: pytest.FixtureRequest, folder: Path) -> str:
    """The URL of a new database of the kind that `request` names."""
    if request.param == "sqlite":
        return f"sqlite:///{folder}/reports.sqlite3"
    server: Server = request.getfixturevalue("postgres")
    url = server.database()
    request.addfinalizer(partial(server.give_back, url))
    return url
