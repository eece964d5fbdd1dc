"""A database URL → an engine: SQLite as a server wants it, PostgreSQL with a bound on every wait."""

from functools import partial
from pathlib import Path
from typing import Any

from platformdirs import user_data_path
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.pool import ConnectionPoolEntry

CONNECTIONS = 5
BUSY_SECONDS = 5
_CONNECT_SECONDS = 3
_PATIENT_SECONDS = 60
_PRAGMAS = ("journal_mode=WAL", "foreign_keys=ON")
_SYNCHRONOUS = {
    False: "synchronous=NORMAL",  # a crash of the process loses nothing, one of the machine the last moments
    True: "synchronous=FULL",
}
_POOL: dict[str, Any] = {
    "pool_size": CONNECTIONS,
    "max_overflow": 0,
    "pool_timeout": BUSY_SECONDS,
    "hide_parameters": True,  # the log has errors, and nothing of reports
}
_POSTGRESQL = {"postgres", "postgresql"}
_BEGIN = "begin_with"


def url_of(database_url: str) -> URL:
    """The URL of a database as SQLAlchemy has it; that of a file in the user's data directory where it is empty."""
    if not database_url:
        path = user_data_path("gradient-verdict", appauthor=False) / "reports.sqlite3"
        return URL.create("sqlite", database=str(path))
    url = make_url(database_url)
    return url.set(drivername="postgresql+psycopg") if url.drivername.partition("+")[0] in _POSTGRESQL else url


def file_of(url: URL) -> Path | None:
    """The file of an SQLite database; None for any other."""
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


def engine_of(url: URL, durable: bool = False) -> Engine:
    """An engine, which connects when it is first used; a `durable` one outlives a crash of the machine, too."""
    return _sqlite(url, durable) if url.get_backend_name() == "sqlite" else _postgresql(url)


def writing(engine: Engine) -> Engine:
    """The same engine for transactions that write: SQLite locks at their beginning, where it can wait for its turn."""
    return engine.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})


def be_patient(connection: Connection) -> None:
    """Let the statements of this transaction take longer: they are for all reports, and nobody waits for them."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{_PATIENT_SECONDS}s'")


def _sqlite(url: URL, durable: bool) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, **_POOL)
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
        "tcp_user_timeout": 1000 * BUSY_SECONDS,
        "options": f"-c statement_timeout={BUSY_SECONDS}s",
        "prepare_threshold": None,  # poolers between here and the server know nothing of prepared statements
    }
    chosen = {name: value for name, value in waits.items() if name not in url.query}
    return create_engine(url, connect_args=chosen, pool_pre_ping=True, **_POOL)
