"""Reports and points can be made again: they are dropped when they are old, and where they are too much."""

from contextlib import suppress
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import ColumnElement, Connection, Table, delete, func, select, true, tuple_

from service.core.clock import WallClock
from service.core.errors import StoreUnavailable
from service.store.database import Database
from service.store.schema import POINTS, REPORTS
from service.store.space import Space, kept_bytes, overhead

_LEAST_BYTES, _SHARE = 1 << 20, 64
"""After so many bytes, or this share of all that may be stored, each process looks whether it is too much."""


class Retention:
    """Drops what was not used for `age`, and of the rest what there is no space for; for any thread."""

    def __init__(self, database: Database, age: timedelta, space: Space, wall: WallClock) -> None:
        self._database = database
        self._age = age
        self._space = space
        self._now = wall
        self._lock = Lock()
        self._written = 0

    def note(self, written: int) -> None:
        """So many bytes were written: from time to time it is looked whether they are too much."""
        with self._lock:
            self._written += written
            if not self._space.total_bytes or self._written < max(_LEAST_BYTES, self._space.total_bytes // _SHARE):
                return
            self._written = 0
        with suppress(StoreUnavailable):  # what was written is kept
            self.retain()

    def retain(self) -> int:
        """Drop what need not be kept; how many reports and points that were.

        Both have what all that is kept on purpose leaves them; points give way to reports where they are more than half
        of that.
        """
        with self._database.writing(patient=True) as connection:
            used_before = self._now() - self._age
            dropped = sum(_drop_old(connection, table, used_before) for table in (POINTS, REPORTS))
            left = self._left(connection)
            dropped += _drop_surplus(connection, POINTS, max(left // 2, left - _stored_bytes(connection, REPORTS)))
            dropped += _drop_surplus(connection, REPORTS, left - _stored_bytes(connection, POINTS))
        if dropped:
            self._database.reclaim()
        return dropped

    def _left(self, connection: Connection) -> int:
        """The bytes that reports and points may have, by how much more a file takes than what is in it."""
        kept = kept_bytes(connection)
        stored = kept + sum(_stored_bytes(connection, table) for table in (POINTS, REPORTS))
        factor, beside = overhead(connection, stored)
        return max(0, int((self._space.total_bytes - beside) / factor) - kept)


def _drop_old(connection: Connection, table: Table, used_before: datetime) -> int:
    old = _unpinned(table) & (table.c.last_used_at < used_before)
    return connection.execute(delete(table).where(old)).rowcount


def _drop_surplus(connection: Connection, table: Table, size_bytes: int) -> int:
    """Drop the rows used longest ago until all that are not pinned fit into `size_bytes`; how many they were."""
    surplus = _stored_bytes(connection, table) - size_bytes
    if surplus <= 0:
        return 0
    use = (table.c.last_used_at, table.c.digest)
    so_far = func.sum(table.c.stored_bytes).over(order_by=use).label("so_far")
    oldest = select(*use, so_far).where(_unpinned(table)).subquery()
    enough = select(oldest.c.last_used_at, oldest.c.digest).where(oldest.c.so_far >= surplus).order_by("so_far")
    last = connection.execute(enough.limit(1)).one_or_none()
    chosen = _unpinned(table) if last is None else _unpinned(table) & (tuple_(*use) <= tuple_(*last))
    return connection.execute(delete(table).where(chosen)).rowcount


def _stored_bytes(connection: Connection, table: Table) -> int:
    """The bytes of the rows that are not pinned."""
    query = select(func.coalesce(func.sum(table.c.stored_bytes), 0)).where(_unpinned(table))
    return int(connection.execute(query).scalar_one())


def _unpinned(table: Table) -> ColumnElement[bool]:
    return table.c.pinned.is_(False) if "pinned" in table.c else true()
