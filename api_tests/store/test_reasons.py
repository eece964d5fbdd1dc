"""Which failure of a database is which reason, and what a circuit breaker does at its edges, without a database."""

import errno
import logging
import sqlite3
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from api_tests.store.keeping import Stopwatch
from service.core.errors import StoreUnavailable
from service.core.settings import Settings
from service.store.failures import CircuitBreaker, Reason, UnknownSchema
from service.store.reports import ReportStore
from service.store.stores import NullStore, report_store


def of_sqlite(name: str) -> sqlite3.Error:
    error = sqlite3.OperationalError("in words")
    error.sqlite_errorname = name
    return error


REASONS: list[tuple[Exception, Reason]] = [
    *((OSError(number, ""), Reason.FULL) for number in (errno.ENOSPC, errno.EDQUOT)),
    *((OSError(number, ""), Reason.READ_ONLY) for number in (errno.EROFS, errno.EACCES, errno.EPERM)),
    *((OSError(number, ""), Reason.UNREACHABLE) for number in (errno.ENOENT, errno.ENOTDIR, errno.ECONNREFUSED)),
    (OSError(), Reason.UNREACHABLE),
    (UnknownSchema(), Reason.UNKNOWN_SCHEMA),
    (PoolTimeout(), Reason.BUSY),
    (of_sqlite("SQLITE_FULL"), Reason.FULL),
    *((of_sqlite(f"SQLITE_READONLY{rest}"), Reason.READ_ONLY) for rest in ("", "_DIRECTORY", "_CANTINIT")),
    *((of_sqlite(f"SQLITE_BUSY{rest}"), Reason.BUSY) for rest in ("", "_SNAPSHOT", "_TIMEOUT")),
    (of_sqlite("SQLITE_LOCKED_SHAREDCACHE"), Reason.BUSY),
    (of_sqlite("SQLITE_LOCKED"), Reason.BUSY),
    (of_sqlite("SQLITE_CORRUPT_INDEX"), Reason.DAMAGED),
    (of_sqlite("SQLITE_CORRUPT"), Reason.DAMAGED),
    (of_sqlite("SQLITE_NOTADB"), Reason.DAMAGED),
    (of_sqlite("SQLITE_CANTOPEN"), Reason.UNREACHABLE),
    (sqlite3.OperationalError("nothing is known of it"), Reason.UNREACHABLE),
    (psycopg.errors.DiskFull(), Reason.FULL),
    (psycopg.errors.ReadOnlySqlTransaction(), Reason.READ_ONLY),
    (psycopg.errors.QueryCanceled(), Reason.BUSY),
    (psycopg.errors.LockNotAvailable(), Reason.BUSY),
    (psycopg.errors.AdminShutdown(), Reason.UNREACHABLE),
    (psycopg.OperationalError("connection refused"), Reason.UNREACHABLE),
]


@pytest.mark.parametrize(("error", "reason"), REASONS)
def test_a_failure_has_its_reason_whether_the_driver_raises_it_or_sqlalchemy(error: Exception, reason: Reason) -> None:
    assert Reason.of(error) is reason
    if not isinstance(error, OSError | UnknownSchema | PoolTimeout):
        assert Reason.of(DBAPIError("SELECT 1", {}, error)) is reason


def test_reports_are_read_from_a_store_that_only_cannot_be_written_to() -> None:
    assert {reason for reason in Reason if reason.spares_readers} == {Reason.FULL, Reason.READ_ONLY, Reason.BUSY}


def refuses(breaker: CircuitBreaker) -> bool:
    """Whether nothing is tried now; where something is, that is the attempt."""
    try:
        breaker.guard()
    except StoreUnavailable:
        return True
    return False


@pytest.mark.parametrize("began", [0.0, 0.5, 1e6])
def test_a_breaker_is_closed_until_something_fails_whatever_the_clock_says(began: float) -> None:
    assert not any(refuses(CircuitBreaker("used", Stopwatch(began))) for _ in range(3))


def test_a_breaker_lets_one_attempt_through_every_five_seconds() -> None:
    stopwatch = Stopwatch(100.0)
    breaker = CircuitBreaker("used", stopwatch)
    breaker.failure(Reason.BUSY, OSError())
    for attempts in range(1, 4):
        stopwatch.seconds = 100.0 + 5.0 * attempts - 0.001
        assert refuses(breaker)
        stopwatch.seconds = 100.0 + 5.0 * attempts
        assert [refuses(breaker) for _ in range(3)] == [False, True, True]
    stopwatch.seconds += 4.0
    breaker.failure(Reason.BUSY, OSError())  # the attempt has taken four seconds: from now on nothing for five
    stopwatch.seconds += 4.999
    assert refuses(breaker)
    stopwatch.seconds += 0.001
    assert not refuses(breaker)


def test_a_breaker_says_the_reason_of_the_last_failure() -> None:
    breaker = CircuitBreaker("used", Stopwatch())
    for reason in (Reason.BUSY, Reason.FULL):
        breaker.failure(reason, OSError())
        with pytest.raises(StoreUnavailable, match=reason):
            breaker.guard()


def test_the_log_has_a_line_for_every_reason_and_one_for_the_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "service.store")
    breaker = CircuitBreaker("written to", Stopwatch())
    breaker.success()
    for reason in (Reason.BUSY, Reason.BUSY, Reason.FULL, Reason.FULL, Reason.BUSY):
        breaker.failure(reason, OSError("the first line\nwith a parameter below"))
    breaker.success()
    breaker.success()
    said = [record.message for record in caplog.records]
    assert said == [
        f"the store cannot be written to: {Reason.BUSY} (the first line)",
        f"the store cannot be written to: {Reason.FULL} (the first line)",
        f"the store cannot be written to: {Reason.BUSY} (the first line)",
        "the store can be written to again",
    ]


@pytest.mark.parametrize(("room", "kind"), [(0, NullStore), (1, ReportStore)])
def test_without_any_room_there_is_no_store(room: int, kind: type, tmp_path: Path) -> None:
    store = report_store(Settings(database_url=f"sqlite:///{tmp_path}/reports.sqlite3", store_bytes=room))
    assert type(store) is kind
    store.close()
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_keeps_nothing_says_so() -> None:
    store = NullStore()
    assert not store.put("0" * 64, b"{}", pin=True)
    assert store.get("0" * 64) is None
    assert (store.page(5).items, store.page(5).next_cursor) == ([], None)
    assert (store.retain(), store.failures) == (0, 0)
