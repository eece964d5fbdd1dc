"""Reports in a database: kept by their digest, read byte by byte as they were, listed, and dropped when old."""

import zlib
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Delete, Table, Update, and_, delete, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from service.core.errors import StoreUnavailable
from service.store.database import Database
from service.store.engine import be_patient
from service.store.head import Head
from service.store.listing import Cursor, ReportPage, ReportSummary
from service.store.retention import Retention, reclaim
from service.store.schema import POINTS, REPORTS

Wall = Callable[[], datetime]

USE_IS_NOTED_EVERY = timedelta(hours=1)
"""A report that is asked for again and again is written to no more often than that."""

_INSERTS: dict[str, Callable[[Table], sqlite.Insert | postgresql.Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}
_AT_ONCE = 500
"""So many names in one statement."""
_SHOWN = [REPORTS.c[name] for name in ReportSummary.model_fields]
_PLACE = tuple_(REPORTS.c.created_at, REPORTS.c.digest)


def _now() -> datetime:
    return datetime.now(UTC)


def inserting(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An insertion into `table` that may say what is to be done where the row is there already."""
    return _INSERTS[connection.dialect.name](table)


class ReportStore:
    """The reports of one database, for any thread; whatever the database fails in is a StoreUnavailable."""

    def __init__(self, database: Database, retention: Retention, now: Wall = _now) -> None:
        self._database = database
        self._retention = retention
        self._now = now

    @property
    def failures(self) -> int:
        """How many times the database has failed or could not be asked."""
        return self._database.failures

    def put(self, digest: str, report: bytes, pin: bool = False) -> bool:
        """Keep a report as JSON, once however often it is put; one that is pinned stays so. True: it is kept."""
        row = self._row(digest, report, pin)
        with self._database.writing() as connection:
            insert = inserting(connection, REPORTS).values(row)
            kept = insert.on_conflict_do_update(index_elements=["digest"], set_={"pinned": True})
            connection.execute(kept if pin else insert.on_conflict_do_nothing())
        return True

    def get(self, digest: str) -> bytes | None:
        """The report with that digest, byte by byte as it was put; None where it is not kept."""
        with self._database.reading() as connection:
            query = select(REPORTS.c.report, REPORTS.c.last_used_at).where(REPORTS.c.digest == digest)
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        if self._now() - row.last_used_at > USE_IS_NOTED_EVERY:
            self._change(update(REPORTS).values(last_used_at=self._now()), digest)
        try:
            return zlib.decompress(row.report)
        except zlib.error:  # no database promises that its disk forgets nothing
            self._change(delete(REPORTS), digest)
            return None

    def touch(self, digests: Collection[str]) -> None:
        """Note that those reports are used now; those that are not kept are passed over."""
        named = sorted(digests)
        for start in range(0, len(named), _AT_ONCE):
            some = REPORTS.c.digest.in_(named[start : start + _AT_ONCE])
            with self._database.writing() as connection:
                connection.execute(update(REPORTS).where(some).values(last_used_at=self._now()))

    def page(self, limit: int, after: Cursor | None = None, label: str | None = None) -> ReportPage:
        """At most `limit` reports, the newest first, of those behind `after` and with that label."""
        wanted: list[ColumnElement[bool]] = []
        if after is not None:
            wanted.append(tuple_(after.created_at, after.digest) > _PLACE)
        if label is not None:
            wanted.append(REPORTS.c.label == label)
        newest_first = (REPORTS.c.created_at.desc(), REPORTS.c.digest.desc())
        query = select(*_SHOWN).where(and_(True, *wanted)).order_by(*newest_first).limit(limit + 1)
        with self._database.reading() as connection:
            rows = connection.execute(query).mappings().all()
        items = [ReportSummary.model_validate(dict(row)) for row in rows[:limit]]
        more = len(rows) > limit
        return ReportPage(items=items, next_cursor=_behind(items[-1]) if more else None)

    def retain(self) -> int:
        """Drop what was not used for too long, and of the rest what is too much; how many were dropped.

        The points of sweeps are dropped by the same rules, and may be as many bytes again.
        """
        with self._database.writing() as connection:
            be_patient(connection)
            dropped = sum(self._retention.drop(connection, table, self._now()) for table in (REPORTS, POINTS))
        if dropped:
            with self._database.writing() as connection:
                reclaim(connection)
        return dropped

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def _row(self, digest: str, report: bytes, pin: bool) -> dict[str, Any]:
        now, packed = self._now(), zlib.compress(report)
        sizes = {"report_bytes": len(report), "stored_bytes": len(packed)}
        kept = {"digest": digest, "created_at": now, "last_used_at": now, "pinned": pin, "report": packed}
        return {**Head.model_validate_json(report).columns(), **sizes, **kept}

    def _change(self, change: Update | Delete, digest: str) -> None:
        with suppress(StoreUnavailable), self._database.writing() as connection:  # whoever reads can do without
            connection.execute(change.where(REPORTS.c.digest == digest))


def _behind(last: ReportSummary) -> str:
    return Cursor(last.created_at, last.digest).write()
