"""How a database is spoken to: what SQLite is told at every connection, and how long PostgreSQL may take."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import QueuePool

from service.processes.flights import CONNECTIONS
from service.store.engine import Address, write_transaction


def pragma(engine: Engine, name: str) -> Any:
    with engine.connect() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()


@pytest.mark.parametrize("durable", [False, True])
def test_sqlite_lets_readers_and_a_writer_work_at_once(tmp_path: Path, durable: bool) -> None:
    engine = Address.of(f"sqlite:///{tmp_path}/new.sqlite3").engine(durable)
    asked = ("journal_mode", "foreign_keys", "auto_vacuum", "busy_timeout")
    assert [pragma(engine, name) for name in asked] == ["wal", 1, 2, 5000]  # 2: incremental
    assert pragma(engine, "synchronous") == 2 or not durable  # FULL
    engine.dispose()


def test_no_more_connections_are_open_than_threads_use(tmp_path: Path) -> None:
    engine = Address.of(f"sqlite:///{tmp_path}/new.sqlite3").engine()
    assert isinstance(engine.pool, QueuePool)
    assert (engine.pool.size(), engine.pool._max_overflow, engine.pool.timeout()) == (CONNECTIONS, 0, 5)
    engine.dispose()


def test_an_error_tells_nothing_of_what_was_written(tmp_path: Path) -> None:
    engine = Address.of(f"sqlite:///{tmp_path}/new.sqlite3").engine()
    with pytest.raises(DBAPIError) as raised, engine.connect() as connection:
        connection.exec_driver_sql("SELECT ? FROM nothing", ("a secret",))
    assert "a secret" not in str(raised.value)
    engine.dispose()


def test_a_transaction_that_writes_is_alone_from_its_beginning(tmp_path: Path) -> None:
    engine = Address.of(f"sqlite:///{tmp_path}/new.sqlite3").engine()
    with write_transaction(engine):
        with engine.connect() as reader:
            reader.exec_driver_sql("SELECT 1")
        with engine.connect() as other:
            other.exec_driver_sql("PRAGMA busy_timeout=0")
            other.rollback()
            with pytest.raises(OperationalError, match="locked"), other.execution_options(begin_with="BEGIN IMMEDIATE"):
                other.exec_driver_sql("SELECT 1")
    engine.dispose()


def told_to_postgresql(url: str) -> dict[str, Any]:
    """What the driver is handed for a connection; none is made."""
    engine, found = Address.of(url).engine(), {}

    def connect(_dialect: Any, _record: Any, _arguments: Any, named: dict[str, Any]) -> Any:
        found.update(named)
        raise ConnectionRefusedError

    event.listen(engine, "do_connect", connect)
    with pytest.raises(ConnectionRefusedError):
        engine.connect()
    return found


WAITS = {
    "connect_timeout": 3,
    "tcp_user_timeout": 5000,
    "options": "-c statement_timeout=5s",
    "prepare_threshold": None,
}


def test_every_wait_for_postgresql_is_bounded() -> None:
    found = told_to_postgresql("postgresql://host/db")
    assert {name: found[name] for name in WAITS} == WAITS


@pytest.mark.parametrize("name", ["connect_timeout", "tcp_user_timeout", "options"])
def test_a_wait_that_the_url_states_is_the_one(name: str) -> None:
    found = told_to_postgresql(f"postgresql://host/db?{name}=7")
    assert {one: found[one] for one in WAITS} == {**WAITS, name: "7"}


@pytest.mark.parametrize(("url", "backend", "file"), [
    ("sqlite:////data/reports.sqlite3", "sqlite", Path("/data/reports.sqlite3")),
    ("postgres://host/db", "postgresql", None),
])  # fmt: skip
def test_only_sqlite_has_a_file(url: str, backend: str, file: Path | None) -> None:
    assert (Address.of(url).backend, Address.of(url).file) == (backend, file)
