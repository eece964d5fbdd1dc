"""Where the database is, and what is told of its URL."""

import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import Connection, Engine
from sqlalchemy.dialects import postgresql, sqlite

from api_tests.store.keeping import Clock, Keeping, digest_of, report_of
from service.core.errors import StoreUnavailable
from service.core.settings import Settings
from service.jobs.engine import configuration
from service.store.database import Database
from service.store.engine import Address, write_transaction
from service.store.schema import REPORTS

SECRET = "pa55word"
SHOWN = {
    f"postgresql://user:{SECRET}@host:5432/db": "postgresql://user:***@host:5432/db",
    f"postgresql://user:{SECRET}/@x@host/db?sslmode=require": "postgresql://user:***@host/db?sslmode=require",
    f"postgres://user:{SECRET}@/db?host=/run": "postgres://user:***@/db?host=/run",
    f"postgresql+psycopg://host/db?user=a&password={SECRET}&b=c": "postgresql+psycopg://host/db?user=a&password=***&b=c",
    f"postgresql://host/db?sslpassword={SECRET}": "postgresql://host/db?sslpassword=***",
    "postgresql://user@host:5432/db": "postgresql://user@host:5432/db",
    "sqlite:////data/reports.sqlite3": "sqlite:////data/reports.sqlite3",
    "": "",
}


@pytest.mark.parametrize(("url", "shown"), SHOWN.items())
def test_passwords_are_not_shown(url: str, shown: str) -> None:
    settings = Settings(database_url=url)
    assert settings.environment()["GRADIENT_VERDICT_DATABASE_URL"] == shown
    assert SECRET not in repr(settings)


@pytest.mark.parametrize(
    "url", [f"mysql://user:{SECRET}@host/db", "sqlite://", "sqlite:///:memory:", "/data/file", "x"]
)
def test_a_database_of_another_kind_is_refused_at_the_start_without_its_password(url: str) -> None:
    with pytest.raises(ValidationError, match="postgresql://") as refusal:
        Settings(database_url=url)
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg", "postgres+psycopg"])
def test_every_spelling_of_postgresql_has_the_same_driver(scheme: str) -> None:
    assert Address.of(f"{scheme}://host/db").url.drivername == "postgresql+psycopg"


def test_the_database_is_in_the_data_directory_of_the_user_unless_it_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    store = Keeping("", Clock())
    store.put_all(1)
    assert (tmp_path / "gradient-verdict" / "reports.sqlite3").is_file()
    assert store.get(digest_of(1)) == report_of(1)
    store.close()


def test_each_database_is_spoken_to_in_its_own_way(tmp_path: Path) -> None:
    file, server = Database(f"sqlite:///{tmp_path}/reports.sqlite3"), Database("postgresql://127.0.0.1:1/none")
    assert isinstance(file.insert(REPORTS), sqlite.Insert)
    assert isinstance(server.insert(REPORTS), postgresql.Insert)
    server.reclaim()  # nothing to do, and so no connection
    assert server.failures == 0
    with pytest.raises(StoreUnavailable), server.reading():
        pass


def test_all_folders_of_a_database_are_made(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/some/where/reports.sqlite3")
    with database.reading():
        assert (tmp_path / "some" / "where" / "reports.sqlite3").is_file()
    database.close()


def test_a_database_is_neither_durable_nor_patient_unless_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    def writing(engine: Engine, patient: bool) -> AbstractContextManager[Connection]:
        asked.append(patient)
        return write_transaction(engine, patient=patient)

    monkeypatch.setattr("service.store.database.write_transaction", writing)
    full = 2
    for durable in (False, True):
        url = f"sqlite:///{tmp_path}/reports.sqlite3"
        database = Database(url, durable=True) if durable else Database(url)
        with database.writing() as connection:
            assert (connection.exec_driver_sql("PRAGMA synchronous").scalar() == full) is durable
        database.close()
    with database.writing(patient=True):
        database.close()
    assert asked == [False, False, True]


def test_no_test_touches_the_store_of_whoever_runs_it() -> None:
    assert "gradient-verdict-" in Settings().database_url


def test_the_files_of_a_store_are_for_its_user_alone(tmp_path: Path) -> None:
    file = tmp_path / "reports.sqlite3"
    store = Keeping(f"sqlite:///{file}", Clock())
    store.put_all(1)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir() if path.is_file()}
    assert len(modes) == 3, "the store and its journal"
    assert set(modes.values()) == {0o600}
    store.close()
    file.chmod(0o644)
    store.put_all(2)
    assert file.stat().st_mode & 0o777 == 0o600, "one of an older version, too"
    store.close()


def test_the_engine_of_jobs_has_a_file_for_its_user_alone(tmp_path: Path) -> None:
    configuration(f"sqlite:///{tmp_path}/reports.sqlite3", "me")
    assert (tmp_path / "reports.sqlite3.engine").stat().st_mode & 0o777 == 0o600


_ANOTHER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
print(connection.execute("SELECT count(*) FROM reports").fetchone()[0])
connection.close()  # the last of its process: it puts the journal away where it believes that nobody uses it
"""


def test_what_is_written_is_seen_after_another_process_has_closed_the_file(tmp_path: Path) -> None:
    file = tmp_path / "reports.sqlite3"
    stores = [Keeping(f"sqlite:///{file}", Clock()) for _ in range(3)]  # as those of reports, of jobs, of heartbeats
    for count, store in enumerate(stores, 1):
        store.put_all(count)

    def counted_elsewhere() -> int:
        command = [sys.executable, "-c", _ANOTHER, str(file)]
        return int(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)

    journal = (tmp_path / "reports.sqlite3-wal").stat().st_ino
    assert counted_elsewhere() == 3
    assert (tmp_path / "reports.sqlite3-wal").stat().st_ino == journal, "it is in use here"
    stores[0].put_all(5)
    assert counted_elsewhere() == 4
    for store in stores:
        store.close()
