"""Why a store fails, in words for its clients; and a circuit breaker, which spares a failing store for a while."""

import errno
import logging
import sqlite3
from enum import StrEnum
from threading import Lock
from typing import ClassVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from service.core.clock import Clock
from service.core.errors import StoreUnavailable

_log = logging.getLogger("service.store")


class UnknownSchema(Exception):
    """The database has a revision that this version of the service does not know."""


FAILURES = (DBAPIError, PoolTimeout, UnknownSchema, OSError, sqlite3.Error)
"""What a database may raise at any time; every other exception is a defect of this service."""


class Reason(StrEnum):
    """Why a store fails, as the end of a sentence; no path and no name of a machine is in it."""

    FULL = "its disk is full"
    READ_ONLY = "its database is read only"
    UNREACHABLE = "its database is not reachable"
    BUSY = "its database is busy"
    DAMAGED = "its database is damaged"
    UNKNOWN_SCHEMA = "its database belongs to another version of the service"

    @classmethod
    def of(cls, error: Exception) -> "Reason":
        """The reason behind one of FAILURES; UNREACHABLE where it names none."""
        if isinstance(error, OSError):
            return _SYSTEM.get(error.errno or 0, cls.UNREACHABLE)
        if isinstance(error, UnknownSchema):
            return cls.UNKNOWN_SCHEMA
        if isinstance(error, PoolTimeout):
            return cls.BUSY
        cause = getattr(error, "orig", error)  # the driver's own error
        name = "_".join(getattr(cause, "sqlite_errorname", "").split("_")[:2])  # SQLITE_READONLY_DIRECTORY is one, too
        return _SQLITE.get(name) or _POSTGRESQL.get(getattr(cause, "sqlstate", None) or "") or cls.UNREACHABLE

    @property
    def spares_readers(self) -> bool:
        """Whether reports can be read in spite of it."""
        return self in (Reason.FULL, Reason.READ_ONLY, Reason.BUSY)


_SQLITE = {
    "SQLITE_FULL": Reason.FULL,
    "SQLITE_READONLY": Reason.READ_ONLY,
    "SQLITE_BUSY": Reason.BUSY,
    "SQLITE_LOCKED": Reason.BUSY,
    "SQLITE_CORRUPT": Reason.DAMAGED,
    "SQLITE_NOTADB": Reason.DAMAGED,
}
_POSTGRESQL = {"53100": Reason.FULL, "25006": Reason.READ_ONLY, "57014": Reason.BUSY, "55P03": Reason.BUSY}
_SYSTEM = {
    errno.ENOSPC: Reason.FULL,
    errno.EDQUOT: Reason.FULL,
    errno.EROFS: Reason.READ_ONLY,
    errno.EACCES: Reason.READ_ONLY,
    errno.EPERM: Reason.READ_ONLY,
}


def is_damaged_page(error: Exception) -> bool:
    """Whether SQLite has met a page that is damaged: what is in others can be had all the same."""
    return getattr(getattr(error, "orig", error), "sqlite_errorname", "").startswith("SQLITE_CORRUPT")


class CircuitBreaker:
    """Lets work through until it fails; then one attempt every few seconds, and all others are refused at once.

    So no client waits for a server that does not answer, and the log has a line when that begins and one when it ends.
    """

    RETRY_SECONDS: ClassVar[float] = 5.0
    """How long after a failure, or after an attempt, nothing is tried."""

    def __init__(self, work: str, clock: Clock) -> None:
        self._work = work
        self._clock = clock
        self._lock = Lock()
        self._reason: Reason | None = None
        self._open_until = 0.0

    def guard(self) -> None:
        """Raise StoreUnavailable while the breaker is open; the first to come after that makes the attempt for all."""
        with self._lock:
            if self._reason is None:
                return
            if self._clock() < self._open_until:
                raise StoreUnavailable(self._reason)
            self._open_until = self._clock() + self.RETRY_SECONDS

    def failure(self, reason: Reason, error: Exception) -> None:
        """Open the breaker: the work has failed."""
        with self._lock:
            if reason is not self._reason:
                _log.warning("the store cannot be %s: %s (%s)", self._work, reason, str(error).partition("\n")[0])
            self._reason = reason
            self._open_until = self._clock() + self.RETRY_SECONDS

    def success(self) -> None:
        """Close the breaker: the work has been done."""
        with self._lock:
            if self._reason is not None:
                _log.warning("the store can be %s again", self._work)
            self._reason = None
