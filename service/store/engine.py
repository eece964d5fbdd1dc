"""Where a database is, and how it is spoken to: SQLite as a server wants it, PostgreSQL with a bound on every wait."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from platformdirs import user_data_path
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.pool import ConnectionPoolEntry

from service.processes.flights import CONNECTIONS

_BUSY_SECONDS = 5
_CONNECT_SECONDS = 3
_PATIENT_SECONDS = 60
_JOURNAL_BYTES = 16 << 20
"""SQLite's journal is cut to that length after it was longer."""
_PRAGMAS = ("journal_mode=WAL", "foreign_keys=ON", f"journal_size_limit={_JOURNAL_BYTES}")
_SYNCHRONOUS = {
    False: "synchronous=NORMAL",  # a crash of the process loses nothing, one of the machine the last moments
    True: "synchronous=FULL",
}
_POOL: dict[str, Any] = {
    "pool_size": CONNECTIONS,
    "max_overflow": 0,
    "pool_timeout": _BUSY_SECONDS,
    "hide_parameters": True,  # the log has errors, and nothing of reports
}
_POSTGRESQL = {"postgres", "postgresql"}
_BEGIN = "begin_with"


@dataclass(frozen=True)
class Address:
    """Where a database is."""

    url: URL

    @classmethod
    def of(cls, database_url: str) -> "Address":
        """By a URL as settings have it; a file in the user's data directory where that is empty."""
        if not database_url:
            path = user_data_path("gradient-verdict", appauthor=False) / "reports.sqlite3"
            return cls(URL.create("sqlite", database=str(path)))
        url = make_url(database_url)
        postgresql = url.drivername.partition("+")[0] in _POSTGRESQL
        return cls(url.set(drivername="postgresql+psycopg") if postgresql else url)

    @property
    def backend(self) -> str:
        """The kind of database: `sqlite` or `postgresql`."""
        return self.url.get_backend_name()

    @property
    def file(self) -> Path | None:
        """The file of an SQLite database; None for any other."""
        return Path(self.url.database or "") if self.backend == "sqlite" else None

    def engine(self, durable: bool = False) -> Engine:
        """An engine, which connects when it is first used; a `durable` one outlives a crash of the machine, too."""
        return _sqlite(self.url, durable) if self.backend == "sqlite" else _postgresql(self.url)


@contextmanager
def write_transaction(engine: Engine, *, patient: bool = False) -> Iterator[Connection]:
    """A transaction that writes, committed at its end: SQLite locks at its beginning, where it can wait for its turn.

    The statements of a `patient` one may take longer: they are for all rows, and no client waits for them.
    """
    with engine.connect().execution_options(**{_BEGIN: "BEGIN IMMEDIATE"}) as connection, connection.begin():
        if patient and connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{_PATIENT_SECONDS}s'")
        yield connection


def _sqlite(url: URL, durable: bool) -> Engine:
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS}, **_POOL)
    event.listen(engine, "connect", partial(_prepare, durable))
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(durable: bool, connection: Any, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver begins no transaction: it would, too late for one that makes tables
    if connection.execute("PRAGMA page_count").fetchone() == (0,):
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL").close()  # counts before the first table, and is a write
    for pragma in (*_PRAGMAS, _SYNCHRONOUS[durable]):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN, "BEGIN"))


def _postgresql(url: URL) -> Engine:
    waits = {
        "connect_timeout": _CONNECT_SECONDS,
        "tcp_user_timeout": 1000 * _BUSY_SECONDS,
        "options": f"-c statement_timeout={_BUSY_SECONDS}s",
        "prepare_threshold": None,  # poolers between here and the server know nothing of prepared statements
    }
    chosen = {name: value for name, value in waits.items() if name not in url.query}
    return create_engine(url, connect_args=chosen, pool_pre_ping=True, **_POOL)
