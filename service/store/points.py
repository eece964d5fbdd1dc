"""Reduced points by the digests of their specifications: what one sweep has computed, the next does not."""

import zlib
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, select, update

from service.errors import StoreUnavailable
from service.store.database import Database
from service.store.reports import inserting
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
        found: dict[str, bytes] = {}
        named = sorted(digests)
        for start in range(0, len(named), _AT_ONCE):
            some = POINTS.c.digest.in_(named[start : start + _AT_ONCE])
            with self._database.reading() as connection:
                rows = connection.execute(select(POINTS.c.digest, POINTS.c.point).where(some)).all()
            if rows:
                self._touch(some)
            found |= {row.digest: zlib.decompress(row.point) for row in rows}
        return found

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

    def _touch(self, some: ColumnElement[bool]) -> None:
        with suppress(StoreUnavailable), self._database.writing() as connection:  # whoever reads can do without
            connection.execute(update(POINTS).where(some).values(last_used_at=self._wall()))
