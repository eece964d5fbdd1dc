"""The databases that the store is tested with: SQLite always, PostgreSQL where it is installed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api_tests.store.keeping import Clock, Keeping
from api_tests.store.postgres import Server, binary, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server on loopback."""
    if binary("initdb") is None:
        pytest.skip("PostgreSQL is not installed")
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database that is new and empty."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/reports.sqlite3"
    server: Server = request.getfixturevalue("postgres")
    return server.database()


@pytest.fixture
def keeping(database_url: str) -> Iterator[Keeping]:
    """A store over that database, at a time that the test sets."""
    keeping = Keeping(database_url, Clock())
    yield keeping
    keeping.close()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Keeping]:
    """A store over an SQLite file, where the other database has no such thing."""
    keeping = Keeping(f"sqlite:///{tmp_path}/reports.sqlite3", Clock())
    yield keeping
    keeping.close()
