"""Reports in a database, and the points that sweeps make of them: kept by digest, listed, and dropped when old."""

import logging
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Delete,
    Row,
    Table,
    Update,
    case,
    delete,
    func,
    select,
    true,
    tuple_,
    update,
)

from service.core.clock import WallClock, now
from service.core.context import request_context
from service.core.errors import StoreFull, StoreUnavailable
from service.store.database import Database
from service.store.listing import Cursor, ReportPage, ReportSummary
from service.store.schema import POINTS, REPORTS
from service.store.space import Space, kept_bytes

_USE_IS_NOTED_EVERY = timedelta(hours=1)  # a row that is asked for again and again is written to no more often
_AT_ONCE = 500  # names in one statement
_log = logging.getLogger("service.store")
_SHOWN = [REPORTS.c[name] for name in ReportSummary.model_fields]


class ReportStore:
    """The reports of one database, for any thread; every failure of the database is a StoreUnavailable.

    They are kept for `age` after they were last asked for, as long as there is space for all; those that are pinned
    are kept for good.
    """

    def __init__(self, database: Database, age: timedelta, space: Space, wall: WallClock = now) -> None:
        self._database = database
        self._age = age
        self._space = space
        self._now = wall

    @property
    def failures(self) -> int:
        """How many times the database has failed or could not be asked."""
        return self._database.failures

    def put(self, digest: str, report: bytes, pin: bool = False, owner: str | None = None) -> bool:
        """Keep a report as JSON, once however often it is put; one that is pinned stays so. True: it is kept.

        Its owner is `owner`, or who asks now: the first who made it, or the first who pinned it. It is kept, and not
        pinned, where all that is kept on purpose has no room for it.
        """
        owner = request_context().caller.owner if owner is None else owner
        row = self._row(digest, report, owner)
        with self._database.writing() as connection:
            if pin and self._has_room(connection, digest, row):
                insert = self._database.insert(REPORTS).values({**row, "pinned": True})
                claimed = {"pinned": True, "owner": case((REPORTS.c.pinned, REPORTS.c.owner), else_=owner)}
                connection.execute(insert.on_conflict_do_update(index_elements=["digest"], set_=claimed))
            else:
                connection.execute(self._database.insert(REPORTS).values(row).on_conflict_do_nothing())
        return True

    def get(self, digest: str) -> bytes | None:
        """The report with that digest, byte by byte as it was put; None where it is not kept."""
        with self._database.reading() as connection:
            query = select(REPORTS.c.report, REPORTS.c.last_used_at).where(REPORTS.c.digest == digest)
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        if self._now() - row.last_used_at > _USE_IS_NOTED_EVERY:
            _change_if_possible(self._database, update(REPORTS).values(last_used_at=self._now()), [digest])
        report = _unpacked(row.report)
        if report is None:
            _change_if_possible(self._database, delete(REPORTS), [digest])
        return report

    def touch(self, digests: Collection[str]) -> None:
        """Note that those reports are used now; those that are not kept are passed over."""
        for some in _some_at_a_time(digests):
            with self._database.writing() as connection:
                used = update(REPORTS).where(REPORTS.c.digest.in_(some))
                connection.execute(used.values(last_used_at=self._now()))

    def page(
        self, limit: int, after: Cursor | None = None, label: str | None = None, owner: str | None = None
    ) -> ReportPage:
        """At most `limit` reports, the newest first, of those behind `after` and with that label and that owner."""
        query = Cursor.newest_first(select(*_SHOWN), REPORTS.c.digest, after).limit(limit + 1)
        for column, wanted in ((REPORTS.c.label, label), (REPORTS.c.owner, owner)):
            query = query if wanted is None else query.where(column == wanted)
        with self._database.reading() as connection:
            rows = connection.execute(query).mappings().all()
        items = [ReportSummary.model_validate(dict(row)) for row in rows[:limit]]
        last = Cursor(items[-1].created_at, items[-1].digest).write() if len(rows) > limit else None
        return ReportPage(items=items, next_cursor=last)

    def retain(self) -> int:
        """Drop what was not used for too long, and of the rest what is too much; how many were dropped.

        The points of sweeps are dropped by the same rules. Both have what all that is kept on purpose leaves them;
        points give way to reports where they are more than half of that.
        """
        with self._database.writing(patient=True) as connection:
            used_before = self._now() - self._age
            dropped = sum(_drop_old(connection, table, used_before) for table in (POINTS, REPORTS))
            left = max(0, self._space.total_bytes - kept_bytes(connection))
            dropped += _drop_surplus(connection, POINTS, max(left // 2, left - _stored_bytes(connection, REPORTS)))
            dropped += _drop_surplus(connection, REPORTS, left - _stored_bytes(connection, POINTS))
        if dropped:
            self._database.reclaim()
        return dropped

    def close(self) -> None:
        """Close the connections to the database."""
        self._database.close()

    def _has_room(self, connection: Connection, digest: str, row: dict[str, Any]) -> bool:
        """Whether it may be pinned, or is so already."""
        pinned = select(REPORTS.c.pinned).where(REPORTS.c.digest == digest)
        if connection.execute(pinned).scalar_one_or_none():
            return True
        try:
            self._space.check(connection, row["owner"], row["stored_bytes"])
        except StoreFull as full:
            _log.warning("evidence is kept, and not for good: %s", full)
            return False
        return True

    def _row(self, digest: str, report: bytes, owner: str) -> dict[str, Any]:
        moment, packed = self._now(), zlib.compress(report)
        sizes = {"report_bytes": len(report), "stored_bytes": len(packed)}
        kept = {"digest": digest, "created_at": moment, "last_used_at": moment, "pinned": False, "report": packed}
        return {**ReportSummary.fields_in(report), **sizes, **kept, "owner": owner}


class PointStore:
    """The points of one database by the digests of their specifications, for any thread: no sweep repeats another.

    Every failure of the database is a StoreUnavailable.
    """

    def __init__(self, database: Database, wall: WallClock = now) -> None:
        self._database = database
        self._now = wall

    def get(self, digests: Collection[str]) -> dict[str, bytes]:
        """Those of the points that are here, as JSON; they are used now."""
        query = select(POINTS.c.digest, POINTS.c.last_used_at, POINTS.c.point)
        rows: list[Row[Any, Any, Any]] = []
        for some in _some_at_a_time(digests):
            with self._database.reading() as connection:
                rows += connection.execute(query.where(POINTS.c.digest.in_(some))).all()
        found = {row.digest: _unpacked(row.point) for row in rows}
        noted_before = self._now() - _USE_IS_NOTED_EVERY
        unnoted = [row.digest for row in rows if row.last_used_at < noted_before]
        _change_if_possible(self._database, update(POINTS).values(last_used_at=self._now()), unnoted)
        _change_if_possible(
            self._database, delete(POINTS), [digest for digest, point in found.items() if point is None]
        )
        return {digest: point for digest, point in found.items() if point is not None}

    def put(self, points: Mapping[str, bytes]) -> None:
        """Keep points as JSON, once however often they are put."""
        moment = self._now()
        packed = {digest: zlib.compress(point) for digest, point in points.items()}
        rows = [
            {"digest": digest, "last_used_at": moment, "stored_bytes": len(point), "point": point}
            for digest, point in sorted(packed.items())  # in one order, so that no two wait for each other
        ]
        if rows:
            with self._database.writing() as connection:
                connection.execute(self._database.insert(POINTS).on_conflict_do_nothing(), rows)


def _some_at_a_time(digests: Collection[str]) -> Iterator[list[str]]:
    named = sorted(digests)
    for start in range(0, len(named), _AT_ONCE):
        yield named[start : start + _AT_ONCE]


def _unpacked(packed: bytes) -> bytes | None:
    """What was compressed; None where the disk has forgotten some of it, for no database promises that it does not."""
    try:
        return zlib.decompress(packed)
    except zlib.error:
        return None


def _change_if_possible(database: Database, change: Update | Delete, digests: Collection[str]) -> None:
    """Change the rows with those digests; a reader can do without it."""
    for some in _some_at_a_time(digests):
        with suppress(StoreUnavailable), database.writing() as connection:
            connection.execute(change.where(change.table.c.digest.in_(some)))


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
