"""Reports in a database, and the points that sweeps make of them: kept by digest, listed, and dropped when old."""

import logging
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Delete,
    Row,
    Update,
    bindparam,
    case,
    delete,
    select,
    update,
)

from service.core.clock import WallClock, now
from service.core.context import request_context
from service.core.errors import StoreFull, StoreUnavailable
from service.store.database import Database
from service.store.listing import Cursor, ReportPage, ReportSummary
from service.store.retention import Retention
from service.store.schema import POINTS, REPORTS
from service.store.space import Space

_USE_IS_NOTED_EVERY = timedelta(hours=1)  # a row that is asked for again and again is written to no more often
_EVIDENCE_IS_LEFT = timedelta(hours=1)  # of its age, where there is no room to pin it
_AT_ONCE = 500  # names in one statement
_log = logging.getLogger("service.store")
_REPORT = select(REPORTS.c.report, REPORTS.c.last_used_at).where(REPORTS.c.digest == bindparam("wanted"))
_SHOWN = [REPORTS.c[name] for name in ReportSummary.model_fields]


class Made(NamedTuple):
    """A report that was made now, as JSON, and whose it is."""

    digest: str
    report: bytes
    owner: str


class ReportStore:
    """The reports of one database, for any thread; every failure of the database is a StoreUnavailable.

    They are kept for `age` after they were last asked for, as long as there is space for all; those that are pinned
    are kept for good.
    """

    def __init__(self, database: Database, age: timedelta, space: Space, wall: WallClock = now) -> None:
        self._database = database
        self._age = age
        self._space = space
        self._retention = Retention(database, age, space, wall)
        self._now = wall
        self._insert = database.insert(REPORTS).on_conflict_do_nothing()  # made once: a statement takes as long as it

    @property
    def failures(self) -> int:
        """How many times the database has failed or could not be asked."""
        return self._database.failures

    def put(self, digest: str, report: bytes, pin: bool = False, owner: str | None = None) -> bool:
        """Keep a report as JSON, once however often it is put; one that is pinned stays so. True: it is kept.

        Its owner is `owner`, or who asks now: the first who made it, or the first who pinned it. It is not pinned where
        all that is kept on purpose has no room for it: it is then the first that gives way to other reports.
        """
        owner = request_context().caller.owner if owner is None else owner
        row = self._row(digest, report, owner)
        with self._database.writing() as connection:
            pinned = pin and self._has_room(connection, digest, row)
            if pin and not pinned:
                row["last_used_at"] -= self._age - _EVIDENCE_IS_LEFT
            if pinned:
                insert = self._database.insert(REPORTS).values({**row, "pinned": True})
                claimed = {"pinned": True, "owner": case((REPORTS.c.pinned, REPORTS.c.owner), else_=owner)}
                connection.execute(insert.on_conflict_do_update(index_elements=["digest"], set_=claimed))
            else:
                connection.execute(self._insert, [row])
        self._retention.note(row["stored_bytes"])
        return True

    def put_made(self, made: Sequence[Made]) -> list[bool]:
        """Keep reports that nobody pins, in one transaction, each once however often it is put. True of each."""
        rows = [self._row(one.digest, one.report, one.owner) for one in made]
        with self._database.writing() as connection:
            connection.execute(self._insert, rows)
        self._retention.note(sum(row["stored_bytes"] for row in rows))
        return [True] * len(rows)

    def get(self, digest: str) -> bytes | None:
        """The report with that digest, byte by byte as it was put; None where it is not kept."""
        with self._database.reading() as connection:
            row = connection.execute(_REPORT, {"wanted": digest}).one_or_none()
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

        The points of sweeps are dropped by the same rules.
        """
        return self._retention.retain()

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

    Every failure of the database is a StoreUnavailable; with a `retention`, old ones give way to new ones.
    """

    def __init__(self, database: Database, wall: WallClock = now, retention: Retention | None = None) -> None:
        self._database = database
        self._now = wall
        self._retention = retention

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
        if self._retention is not None:
            self._retention.note(sum(map(len, packed.values())))


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
