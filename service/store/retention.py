"""What is kept for how long: by the time since a report was last used, and by the size of all; never what is pinned."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Delete, delete, func, select, tuple_

from service.store.schema import REPORTS


@dataclass(frozen=True)
class Retention:
    """How long reports are kept without being asked for, and how many bytes of them."""

    age: timedelta
    size_bytes: int


_UNPINNED = REPORTS.c.pinned.is_(False)
_USE = (REPORTS.c.last_used_at, REPORTS.c.digest)


def drop_old(connection: Connection, used_before: datetime) -> int:
    """Drop the reports that were last used before that time; how many they were."""
    return connection.execute(_dropped().where(REPORTS.c.last_used_at < used_before)).rowcount


def drop_surplus(connection: Connection, size_bytes: int) -> int:
    """Drop the reports used longest ago until all that are kept fit into `size_bytes`; how many they were.

    Pinned ones count, and stay: where they alone are too much, all others go.
    """
    stored = connection.execute(select(func.coalesce(func.sum(REPORTS.c.stored_bytes), 0))).scalar_one()
    surplus = stored - size_bytes
    if surplus <= 0:
        return 0
    so_far = func.sum(REPORTS.c.stored_bytes).over(order_by=_USE).label("so_far")
    oldest = select(*_USE, so_far).where(_UNPINNED).subquery()
    enough = select(oldest.c.last_used_at, oldest.c.digest).where(oldest.c.so_far >= surplus).order_by("so_far")
    last = connection.execute(enough.limit(1)).one_or_none()
    chosen = _dropped() if last is None else _dropped().where(tuple_(*_USE) <= tuple_(*last))
    return connection.execute(chosen).rowcount


def reclaim(connection: Connection) -> None:
    """Give SQLite's empty pages back to the disk; PostgreSQL has a process for that."""
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.driver_connection
        driver.executescript("PRAGMA incremental_vacuum")  # which ends with the last page; `execute` with the first


def _dropped() -> Delete:
    return delete(REPORTS).where(_UNPINNED)
