"""Whether executors are alive: each holds a lock for as long as it lives, and its end lets it go, however it ends."""

import fcntl
import os
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, text

from service.store.engine import Address
from service.store.failures import FAILURES

_KEEPALIVE = "-c statement_timeout=5s -c tcp_keepalives_idle=3 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3"
"""The server finds out within ten seconds that a machine has vanished without a word, and lets its locks go."""


class Liveness(Protocol):
    """One executor's own lock, and a look at those of others."""

    def hold(self) -> None:
        """Take the lock, or make sure that it is still held."""

    def expired(self, executors: Iterable[str]) -> set[str]:
        """Those of `executors` whose lock no process holds."""

    def close(self) -> None:
        """Let the lock go."""


def liveness_of(database_url: str, executor: str) -> Liveness:
    """The lock of `executor`: files beside an SQLite database, advisory locks in PostgreSQL."""
    address = Address.of(database_url)
    if address.file is not None:
        return _FileLocks(address.file, executor)
    options = f"{address.url.query.get('options', '')} {_KEEPALIVE}".strip()
    return _AdvisoryLocks(Address(address.url.update_query_dict({"options": options})).engine(), executor)


class _FileLocks:
    """A locked file an executor; the kernel unlocks it when the process is gone. All are on one machine."""

    def __init__(self, database: Path, executor: str) -> None:
        self._folder = database.with_name(f"{database.name}.executors")
        self._executor = executor
        self._own: int | None = None

    def hold(self) -> None:
        """Make the file and lock it; again where it was removed. OSError where that cannot be done."""
        file = self._folder / self._executor
        while self._own is None or not _leads_to(file, self._own):
            self.close()
            self._folder.mkdir(parents=True, exist_ok=True)
            self._own = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._own, fcntl.LOCK_EX)  # another executor may have found it unlocked, and removed it
            self.expired(path.name for path in self._folder.iterdir())  # what those before have left is removed

    def expired(self, executors: Iterable[str]) -> set[str]:
        """Those whose file is unlocked or not there; it is removed."""
        return {executor for executor in executors if executor != self._executor and self._is_free(executor)}

    def close(self) -> None:
        """Let the lock go."""
        if self._own is not None:
            os.close(self._own)
        self._own = None

    def _is_free(self, executor: str) -> bool:
        path = self._folder / Path(executor).name
        with suppress(FileNotFoundError, BlockingIOError), path.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _leads_to(path, file.fileno()):  # or it was removed meanwhile, and this is the next one of that name
                path.unlink()
        return not path.exists()


def _leads_to(path: Path, file: int) -> bool:
    """Whether `path` is that of the open file `file`."""
    with suppress(FileNotFoundError):
        return os.path.samestat(path.stat(), os.fstat(file))
    return False


class _AdvisoryLocks:
    """A lock of PostgreSQL's an executor, held by a connection of its own: it goes with the connection."""

    def __init__(self, engine: Engine, executor: str) -> None:
        self._engine = engine
        self._executor = executor
        self._own: Connection | None = None

    def hold(self) -> None:
        """Take the lock; again where the connection was lost. One of FAILURES where the server cannot be reached."""
        try:
            if self._own is None:
                self._own = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
                self._own.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _number(self._executor)})
            self._own.execute(text("SELECT 1"))
        except FAILURES:
            if self._own is not None:
                self._own.invalidate()
            self._own = None
            raise

    def expired(self, executors: Iterable[str]) -> set[str]:
        """Those whose lock can be had."""
        found = {executor for executor in executors if executor != self._executor}
        with self._engine.connect() as connection:
            return {executor for executor in found if self._is_free(connection, executor)}

    def close(self) -> None:
        """Let the lock go."""
        if self._own is not None:
            self._own.close()
        self._own = None
        self._engine.dispose()

    def _is_free(self, connection: Connection, executor: str) -> bool:
        query = text("SELECT pg_try_advisory_xact_lock(:lock)")
        with connection.begin():  # let go at its end
            return bool(connection.execute(query, {"lock": _number(executor)}).scalar_one())


def _number(executor: str) -> int:
    return int.from_bytes(sha256(executor.encode()).digest()[:8], signed=True)
