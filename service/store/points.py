"""Reduced points by the digests of their specifications: what one sweep has computed, the next does not."""

import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Delete, Row, Update, delete, select, update

from service.core.errors import StoreUnavailable
from service.store.database import Database
from service.store.reports import USE_IS_NOTED_EVERY, inserting
from service.store.schema import POINTS

Wall = Callable[[], datetime]
_AT_ONCE = 500
"""So many in one statement."""


class PointStore:
    """The points of one database, for any thread; whatever the database fails in is a StoreUnavailable."""

    def __init__(self, database: Database, wall: Wall = lambda: datetime.now(UTC)) -> None:
        self._database = database
        self._wall = wall

    def get(self, digests: Collection[str]) -> dict[str, bytes]:
        """Those of the points that are here, as JSON; they are used now."""
        named = sorted(digests)
        rows = [row for start in range(0, len(named), _AT_ONCE) for row in self._rows(named[start : start + _AT_ONCE])]
        found = {row.digest: _unpacked(row.point) for row in rows}
        noted = self._wall() - USE_IS_NOTED_EVERY
        self._change(
            update(POINTS).values(last_used_at=self._wall()), [r.digest for r in rows if r.last_used_at < noted]
        )
        self._change(delete(POINTS), [digest for digest, point in found.items() if point is None])
        return {digest: point for digest, point in found.items() if point is not None}

    def put(self, points: Mapping[str, bytes]) -> None:
        """Keep points as JSON, once however often they are put."""
        now = self._wall()
        packed = {digest: zlib.compress(point) for digest, point in points.items()}
        rows = [
            {"digest": digest, "last_used_at": now, "stored_bytes": len(point), "point": point}
            for digest, point in sorted(packed.items())  # in one order, so that no two wait for each other
        ]
        if rows:
            with self._database.writing() as connection:
                connection.execute(inserting(connection, POINTS).on_conflict_do_nothing(), rows)

    def _rows(self, some: list[str]) -> Sequence[Row[Any, Any, Any]]:
        query = select(POINTS.c.digest, POINTS.c.last_used_at, POINTS.c.point).where(POINTS.c.digest.in_(some))
        with self._database.reading() as connection:
            return connection.execute(query).all()

    def _change(self, change: Update | Delete, digests: list[str]) -> None:
        for start in range(0, len(digests), _AT_ONCE):
            some = POINTS.c.digest.in_(digests[start : start + _AT_ONCE])
            with suppress(StoreUnavailable), self._database.writing() as connection:  # whoever reads can do without
                connection.execute(change.where(some))


def _unpacked(point: bytes) -> bytes | None:
    """A point; None where the disk has forgotten some of it."""
    try:
        return zlib.decompress(point)
    except zlib.error:
        return None
