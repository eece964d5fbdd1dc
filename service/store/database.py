"""One database: opened when it is first needed, and opened again when it has failed or its file is gone."""

import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any

from sqlalchemy import Connection, Engine, Table
from sqlalchemy.dialects import postgresql, sqlite

from service.core.clock import Clock
from service.core.errors import StoreUnavailable
from service.store.engine import Address, write_transaction
from service.store.failures import FAILURES, CircuitBreaker, Reason, is_damaged_page
from service.store.migration import Schema

_log = logging.getLogger("service.store")
_PRIVATE, _OF_OTHERS = 0o600, 0o077
_JOURNALS = ("-wal", "-shm")


class Database:
    """Transactions that read or write, for any thread; every failure is a StoreUnavailable with its reason."""

    def __init__(self, database_url: str, clock: Clock = monotonic, *, durable: bool = False) -> None:
        self._durable = durable
        self._address = Address.of(database_url)
        self._used = CircuitBreaker("used", clock)
        self._written = CircuitBreaker("written to", clock)
        self._lock = Lock()
        self._engine: Engine | None = None
        self._inode = 0
        self._failed_tries = 0
        self._reason = Reason.UNREACHABLE
        self.failures = 0
        """How many times it has failed or could not be asked."""

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that reads."""
        with self._watched([self._used]), self._opened().begin() as connection:
            yield connection

    @contextmanager
    def writing(self, *, patient: bool = False) -> Iterator[Connection]:
        """A transaction that writes, committed at its end; a `patient` one may take long, for no client waits."""
        with self._watched([self._used, self._written]), self._opened_to_write(patient) as connection:
            yield connection

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """An insertion into `table` that may say what is to be done where the row is there already."""
        return sqlite.insert(table) if self._address.backend == "sqlite" else postgresql.insert(table)

    def reclaim(self) -> None:
        """Give SQLite's empty pages back to the disk; PostgreSQL has a process for that."""
        if self._address.backend != "sqlite":
            return
        with self.writing() as connection:
            driver: Any = connection.connection.driver_connection
            driver.executescript("PRAGMA incremental_vacuum")  # ends with the last page; `execute` with the first

    def close(self) -> None:
        """Close all connections; the next transaction opens them again."""
        with self._lock:
            self._close()

    @contextmanager
    def _watched(self, breakers: list[CircuitBreaker]) -> Iterator[None]:
        try:
            for breaker in breakers:
                breaker.guard()
            yield
        except FAILURES as error:
            raise StoreUnavailable(self._failed(breakers[-1], error)) from error
        except StoreUnavailable:
            self.failures += 1
            raise
        for breaker in breakers:
            breaker.success()

    def _failed(self, breaker: CircuitBreaker, error: Exception) -> Reason:
        self.failures += 1
        reason = Reason.of(error)
        if is_damaged_page(error):
            _log.warning("a page of the store is damaged, and what is in it cannot be had: %s", _first_line(error))
            return reason  # all others can
        if self._engine is not None and reason.spares_readers:
            breaker.failure(reason, error)
        else:
            self._used.failure(reason, error)
            self.close()
        return reason

    @contextmanager
    def _opened_to_write(self, patient: bool) -> Iterator[Connection]:
        with write_transaction(self._opened(), patient=patient) as connection:
            yield connection

    def _opened(self) -> Engine:
        failed = self._failed_tries
        with self._lock:
            if self._engine is not None and _inode(self._address.file) != self._inode:
                self._close()  # what is written to a file that was moved or removed is lost
            if self._engine is not None:
                return self._engine
            if self._failed_tries != failed:
                raise StoreUnavailable(self._reason)  # the thread that held the lock has waited for all
            self._engine = self._open()
            return self._engine

    def _open(self) -> Engine:
        engine = self._address.engine(self._durable)
        try:
            _make_folder(self._address.file)
            with suppress(OSError):  # what keeps it from being made keeps SQLite, too, which knows why
                make_private(self._address.file)
            Schema(engine).upgrade()
        except FAILURES as error:
            self._reason = Reason.of(error)
            self._failed_tries += 1
            engine.dispose()
            raise
        self._inode = _inode(self._address.file)
        return engine

    def _close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None


def _make_folder(file: Path | None) -> None:
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)


def make_private(file: Path | None) -> None:
    """Make the file, and its journals like it, for the user of this process alone; one that is there is made so.

    One that is there is not opened: to close it would drop the locks that this process has on it (POSIX), by which
    other processes know that its journal is in use, and does not have to be put away by the last that closes it.
    """
    if file is None:
        return
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE))
    for one in (file, *(file.with_name(f"{file.name}{suffix}") for suffix in _JOURNALS)):
        _close_to_others(one)


def _close_to_others(file: Path) -> None:
    with suppress(OSError):  # it is not there, or another user's
        mode = stat.S_IMODE(file.stat().st_mode)
        if mode & _OF_OTHERS:
            file.chmod(mode & ~_OF_OTHERS)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _inode(file: Path | None) -> int:
    """The number of a file; 0 where there is none."""
    try:
        return 0 if file is None else file.stat().st_ino
    except OSError:
        return 0
