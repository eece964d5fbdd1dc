"""The stores that are tested: over SQLite always, over PostgreSQL where it is installed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api_tests.store.keeping import Clock, Keeping


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
