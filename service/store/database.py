"""One database: opened when it is first needed, and opened again when it has failed or its file is gone."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from time import monotonic

from sqlalchemy import Connection, Engine

from service.core.errors import StoreUnavailable
from service.store.engine import engine_of, file_of, url_of, writing
from service.store.failures import FAILURES, OF_WRITING, Clock, Door, Reason, reason_of
from service.store.migrate import upgrade


class Database:
    """Transactions that read or write, for any thread; every failure is a StoreUnavailable with its reason."""

    def __init__(self, database_url: str, clock: Clock = monotonic, *, durable: bool = False) -> None:
        self._durable = durable
        self._url = url_of(database_url)
        self._file = file_of(self._url)
        self._used = Door("used", clock)
        self._written = Door("written to", clock)
        self._lock = Lock()
        self._engine: Engine | None = None
        self._inode = 0
        self._tries = 0
        self._reason = Reason.UNREACHABLE
        self.failures = 0

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that reads."""
        with self._watched([self._used]), self._opened().begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes, committed at its end."""
        with self._watched([self._used, self._written]), writing(self._opened()).begin() as connection:
            yield connection

    def close(self) -> None:
        """Let go of all connections; the next transaction opens them again."""
        with self._lock:
            self._close()

    @contextmanager
    def _watched(self, doors: list[Door]) -> Iterator[None]:
        try:
            for door in doors:
                door.check()
            yield
        except FAILURES as error:
            raise StoreUnavailable(self._failed(doors[-1], error)) from error
        except StoreUnavailable:
            self.failures += 1
            raise
        for door in doors:
            door.passed()

    def _failed(self, door: Door, error: Exception) -> Reason:
        self.failures += 1
        reason = reason_of(error)
        if self._engine is not None and reason in OF_WRITING:
            door.failed(reason, error)
        else:
            self._used.failed(reason, error)
            self.close()
        return reason

    def _opened(self) -> Engine:
        tried = self._tries
        with self._lock:
            if self._engine is not None and _inode(self._file) != self._inode:
                self._close()  # whoever goes on writing to a file that was moved or removed writes for nobody
            if self._engine is not None:
                return self._engine
            if self._tries != tried:
                raise StoreUnavailable(self._reason)  # whoever held the lock has waited for all
            self._engine = self._open()
            return self._engine

    def _open(self) -> Engine:
        self._tries += 1
        engine = engine_of(self._url, self._durable)
        try:
            _make_folder(self._file)
            upgrade(engine)
        except FAILURES as error:
            self._reason = reason_of(error)
            engine.dispose()
            raise
        self._inode = _inode(self._file)
        return engine

    def _close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None


def _make_folder(file: Path | None) -> None:
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)


def _inode(file: Path | None) -> int:
    """The number of a file; 0 where there is none."""
    try:
        return 0 if file is None else file.stat().st_ino
    except OSError:
        return 0
