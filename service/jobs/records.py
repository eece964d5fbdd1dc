"""Jobs in the database: accepted, counted, cancelled and dropped, each in one transaction."""

import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, delete, func, literal, or_, select, true, update

from service.core.clock import WallClock, now
from service.core.errors import IdempotencyConflict, JobNotFound
from service.jobs.job import OPEN, JobStatus
from service.jobs.work.base import Accepted
from service.store.database import Database
from service.store.listing import Cursor
from service.store.schema import ATTEMPTS, JOBS, PREPARED_BYTES
from service.store.space import WITHOUT_BOUND, Space, bytes_by_kind

_DROPPED_AT_ONCE = 20
_LOOKED_AT_ONCE = 500
_HEAVY = {"request", "prepared", "stored_bytes"}
_HEAD = [column for column in JOBS.c if column.name not in _HEAVY]


@dataclass(frozen=True)
class Requester:
    """The owner of a request for a job, and the key that makes asking twice harmless; empty where there is none."""

    owner: str = ""
    idempotency_key: str = ""


class JobRecords:
    """The jobs of one database, for any thread; every failure of the database is a StoreUnavailable."""

    def __init__(self, database: Database, wall: WallClock = now, space: Space = WITHOUT_BOUND) -> None:
        self._database = database
        self._now = wall
        self._space = space

    def accept(self, accepted: Accepted, requester: Requester, asked: str) -> Row[Any]:
        """Keep a job; the one that this key has already, where the same was `asked`; IdempotencyConflict where not.

        StoreFull where there is no room for it.
        """
        values = {name: getattr(accepted, name) for name in Accepted.__dataclass_fields__}
        packed = zlib.compress(accepted.request, 1)
        values |= {"request": packed, "stored_bytes": len(packed), "owner": requester.owner, "asked": asked}
        values |= {"idempotency_key": requester.idempotency_key or None, "created_at": self._now()}
        values |= {"status": JobStatus.QUEUED, "done": 0, "failed": 0}
        known = (
            or_(JOBS.c.id == accepted.id, _of_key(requester)) if requester.idempotency_key else JOBS.c.id == accepted.id
        )
        with self._database.writing() as connection:
            self._space.check(connection, requester.owner, len(packed))
            row = self._database.insert(JOBS).values(**values)
            connection.execute(row.on_conflict_do_nothing(index_elements=["owner", "idempotency_key"]))
            kept = connection.execute(select(*_HEAD).where(known)).one()
        return _same(kept, asked)

    def known(self, requester: Requester, asked: str) -> Row[Any] | None:
        """The job that this key has already; IdempotencyConflict where something else was asked."""
        if not requester.idempotency_key:
            return None
        with self._database.reading() as connection:
            row = connection.execute(select(*_HEAD).where(_of_key(requester))).one_or_none()
        return None if row is None else _same(row, asked)

    def get(self, job: str, owner: str | None = None) -> Row[Any]:
        """All of a job but what is heavy, of that owner where one is given; JobNotFound."""
        with self._database.reading() as connection:
            row = connection.execute(select(*_HEAD).where(_of_owner(owner), JOBS.c.id == job)).one_or_none()
        if row is None:
            raise JobNotFound
        return row

    def some(self, jobs: Collection[str]) -> list[Row[Any]]:
        """The same of those of `jobs` that are kept, in one look at some hundred at a time."""
        named = sorted(jobs)
        found: list[Row[Any]] = []
        with self._database.reading() as connection:
            for start in range(0, len(named), _LOOKED_AT_ONCE):
                here = JOBS.c.id.in_(named[start : start + _LOOKED_AT_ONCE])
                found += connection.execute(select(*_HEAD).where(here)).all()
        return found

    def request(self, job: str) -> tuple[bytes, bytes | None]:
        """The request of a job as JSON, and what was worked out once for all its items; JobNotFound.

        The request is empty where the job was cancelled before anything of it was done.
        """
        with self._database.reading() as connection:
            row = connection.execute(select(JOBS.c.request, JOBS.c.prepared).where(JOBS.c.id == job)).one_or_none()
        if row is None:
            raise JobNotFound
        request = zlib.decompress(row.request) if row.request else b""
        return request, None if row.prepared is None else zlib.decompress(row.prepared)

    def page(
        self, limit: int, after: Cursor | None = None, status: JobStatus | None = None, owner: str | None = None
    ) -> Sequence[Row[Any]]:
        """At most `limit` jobs, the newest first, of those behind `after` and with that status and that owner."""
        query = Cursor.newest_first(select(*_HEAD).where(_of_owner(owner)), JOBS.c.id, after).limit(limit)
        if status is not None:
            query = query.where(JOBS.c.status == status)
        with self._database.reading() as connection:
            return connection.execute(query).all()

    def open_count(self) -> int:
        """How many jobs have not ended."""
        return sum(self.under_way().values())

    def under_way(self) -> dict[JobStatus, int]:
        """How many jobs are in each status that has not ended."""
        query = select(JOBS.c.status, func.count()).where(JOBS.c.status.in_(OPEN)).group_by(JOBS.c.status)
        with self._database.reading() as connection:
            found = {JobStatus(status): count for status, count in connection.execute(query)}
        return {status: found.get(status, 0) for status in OPEN}

    def stored_bytes(self) -> dict[str, int]:
        """The bytes of everything that the database of the service stores, by what it is."""
        with self._database.reading() as connection:
            return bytes_by_kind(connection)

    def queue(self) -> list[tuple[str, float]]:
        """The jobs that have not ended: their owners, and the seconds of work that is left, by the estimates."""
        left = JOBS.c.estimated_seconds * (1.0 - JOBS.c.done / (1.0 * JOBS.c.total))
        with self._database.reading() as connection:
            rows = connection.execute(select(JOBS.c.owner, left).where(JOBS.c.status.in_(OPEN))).all()
        return [(owner, float(seconds)) for owner, seconds in rows]

    def open_owners(self) -> dict[str, str]:
        """The jobs that have not ended with their owners, the oldest first."""
        query = select(JOBS.c.id, JOBS.c.owner).where(JOBS.c.status.in_(OPEN)).order_by(JOBS.c.created_at, JOBS.c.id)
        with self._database.reading() as connection:
            return {row.id: row.owner for row in connection.execute(query)}

    def start(self, job: str, prepared: bytes | None) -> bool:
        """Begin with a job, or go on with it; whether it is still to be done. StoreFull."""
        packed = None if prepared is None else zlib.compress(prepared)
        values = {
            "status": JobStatus.RUNNING,
            "started_at": case((JOBS.c.started_at.is_(None), self._now()), else_=JOBS.c.started_at),
            "prepared": packed,
            "stored_bytes": JOBS.c.stored_bytes - PREPARED_BYTES + len(packed or b""),
        }
        with self._database.reading() as connection:
            self._space.check_all(connection, len(packed or b""))
        return self._changed(job, values)

    def end(self, job: str, status: JobStatus, fault: str | None = None, owner: str | None = None) -> bool:
        """End a job that has not ended, of that owner where one is given; whether it was to be done until now.

        What was prepared is dropped, and the request of a job that is cancelled before anything of it is done.
        """
        unused = and_(JOBS.c.done == 0, literal(status == JobStatus.CANCELLED))
        values = {
            "status": status,
            "ended_at": self._now(),
            "fault": fault,
            "prepared": None,
            "request": case((unused, b""), else_=JOBS.c.request),
            "stored_bytes": case((unused, 0), else_=JOBS.c.stored_bytes - PREPARED_BYTES),
        }
        return self._changed(job, values, owner)

    def delete(self, job: str, owner: str | None = None) -> None:
        """Drop a job that has ended, of that owner where one is given, with all its results; JobNotFound."""
        ended = and_(_of_owner(owner), JOBS.c.id == job, JOBS.c.status.not_in(OPEN))
        with self._database.writing() as connection:
            dropped = connection.execute(delete(JOBS).where(ended)).rowcount
        if not dropped:
            raise JobNotFound
        self._database.reclaim()

    def attempt(self, job: str, start: int) -> int:
        """Count another attempt at a chunk; how many there were with it, and 0 where the job is not kept any more."""
        key = {"job_id": job, "start": start}
        with self._database.writing() as connection:
            if connection.execute(select(JOBS.c.id).where(JOBS.c.id == job).with_for_update()).one_or_none() is None:
                return 0
            once = self._database.insert(ATTEMPTS).values(**key, attempts=1)
            more = once.on_conflict_do_update(
                index_elements=["job_id", "start"], set_={"attempts": ATTEMPTS.c.attempts + 1}
            )
            return int(connection.execute(more.returning(ATTEMPTS.c.attempts)).scalar_one())

    def attempts(self, job: str, start: int) -> int:
        """How many attempts at a chunk there were."""
        place = and_(ATTEMPTS.c.job_id == job, ATTEMPTS.c.start == start)
        with self._database.reading() as connection:
            return connection.execute(select(ATTEMPTS.c.attempts).where(place)).scalar() or 0

    def drop(self, ended_before: datetime) -> int:
        """Drop jobs that ended before that time, with all their results, some at a time; how many they were."""
        old = and_(JOBS.c.status.not_in(OPEN), JOBS.c.ended_at < ended_before)
        some = select(JOBS.c.id).where(old).order_by(JOBS.c.ended_at).limit(_DROPPED_AT_ONCE)
        dropped = 0
        while True:
            with self._database.writing(patient=True) as connection:
                count = connection.execute(delete(JOBS).where(JOBS.c.id.in_(some))).rowcount
            dropped += count
            if count < _DROPPED_AT_ONCE:
                break
        if dropped:
            self._database.reclaim()
        return dropped

    def _changed(self, job: str, values: dict[str, Any], owner: str | None = None) -> bool:
        wanted = and_(_of_owner(owner), JOBS.c.id == job, JOBS.c.status.in_(OPEN))
        with self._database.writing() as connection:
            return connection.execute(update(JOBS).where(wanted).values(**values)).rowcount > 0


def _of_owner(owner: str | None) -> ColumnElement[bool]:
    return true() if owner is None else JOBS.c.owner == owner


def _of_key(requester: Requester) -> ColumnElement[bool]:
    return and_(JOBS.c.owner == requester.owner, JOBS.c.idempotency_key == requester.idempotency_key)


def _same(row: Row[Any], asked: str) -> Row[Any]:
    if row.asked != asked:
        raise IdempotencyConflict
    return row
