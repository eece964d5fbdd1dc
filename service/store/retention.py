"""What is kept for how long: by the time since a row was last used, and by the size of all; never what is pinned."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, func, select, true, tuple_


@dataclass(frozen=True)
class Retention:
    """How long the rows of a table are kept without being asked for, and how many bytes of them."""

    age: timedelta
    size_bytes: int

    def drop(self, connection: Connection, table: Table, now: datetime) -> int:
        """Drop from `table` what was not used for too long, and of the rest what is too much; how many rows."""
        return _drop_old(connection, table, now - self.age) + _drop_surplus(connection, table, self.size_bytes)


def reclaim(connection: Connection) -> None:
    """Give SQLite's empty pages back to the disk; PostgreSQL has a process for that."""
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.driver_connection
        driver.executescript("PRAGMA incremental_vacuum")  # which ends with the last page; `execute` with the first


def _drop_old(connection: Connection, table: Table, used_before: datetime) -> int:
    old = _unpinned(table) & (table.c.last_used_at < used_before)
    return connection.execute(delete(table).where(old)).rowcount


def _drop_surplus(connection: Connection, table: Table, size_bytes: int) -> int:
    """Drop the rows used longest ago until all that are kept fit into `size_bytes`; how many they were.

    Pinned ones count, and stay: where they alone are too much, all others go.
    """
    stored = connection.execute(select(func.coalesce(func.sum(table.c.stored_bytes), 0))).scalar_one()
    surplus = stored - size_bytes
    if surplus <= 0:
        return 0
    use = (table.c.last_used_at, table.c.digest)
    so_far = func.sum(table.c.stored_bytes).over(order_by=use).label("so_far")
    oldest = select(*use, so_far).where(_unpinned(table)).subquery()
    enough = select(oldest.c.last_used_at, oldest.c.digest).where(oldest.c.so_far >= surplus).order_by("so_far")
    last = connection.execute(enough.limit(1)).one_or_none()
    chosen = _unpinned(table) if last is None else _unpinned(table) & (tuple_(*use) <= tuple_(*last))
    return connection.execute(delete(table).where(chosen)).rowcount


def _unpinned(table: Table) -> ColumnElement[bool]:
    return table.c.pinned.is_(False) if "pinned" in table.c else true()
