"""The results of jobs: a line of JSON for every item, kept by chunks, read in their order without a gap."""

import zlib
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, and_, case, null, select, update

from service.core.clock import WallClock, now
from service.core.errors import StoreFull
from service.jobs.job import OPEN, JobStatus
from service.store.database import Database
from service.store.schema import JOBS, PREPARED_BYTES, RESULTS
from service.store.space import WITHOUT_BOUND, Space

_ROWS_AT_ONCE = 50


class JobResults:
    """The results of the jobs of one database, for any thread; every failure of the database is a StoreUnavailable."""

    def __init__(self, database: Database, wall: WallClock = now, space: Space = WITHOUT_BOUND) -> None:
        self._database = database
        self._now = wall
        self._space = space

    def keep(self, job: str, start: int, lines: Sequence[bytes], failed: int) -> bool:
        """Keep the results of the items from `start` on, once however often they come; whether they are new.

        The counters of the job go with them, and its end with the last of them: all in one transaction. Where the store
        has no room for them, the job ends as one that has failed.
        """
        row = {"job_id": job, "start": start, "count": len(lines), "failed": failed}
        packed = zlib.compress(b"\n".join(lines))
        done, ended = JOBS.c.done + len(lines), JOBS.c.done + len(lines) >= JOBS.c.total
        counted = {
            "done": done,
            "failed": JOBS.c.failed + failed,
            "prepared": case((ended, null()), else_=JOBS.c.prepared),
            "stored_bytes": JOBS.c.stored_bytes + len(packed) - case((ended, PREPARED_BYTES), else_=0),
            "status": case((ended, JobStatus.SUCCEEDED), else_=JOBS.c.status),
            "ended_at": case((ended, self._now()), else_=JOBS.c.ended_at),
        }
        with self._database.writing() as connection:
            goes_on = connection.execute(
                select(JOBS.c.id).where(JOBS.c.id == job, JOBS.c.status.in_(OPEN)).with_for_update()
            ).one_or_none()
            if goes_on is None or not self._has_room(connection, job, len(packed)):
                return False
            new = self._database.insert(RESULTS).values(**row, lines=packed).on_conflict_do_nothing()
            kept = connection.execute(new.returning(RESULTS.c.start)).one_or_none() is not None
            if kept:
                connection.execute(update(JOBS).where(JOBS.c.id == job).values(**counted))
            return kept

    def _has_room(self, connection: Connection, job: str, more: int) -> bool:
        """Whether there is room for so many bytes of results; the job is ended where there is none."""
        try:
            self._space.check_all(connection, more)
        except StoreFull as full:
            values = {"status": JobStatus.FAILED, "ended_at": self._now(), "fault": str(full), "prepared": None}
            values |= {"stored_bytes": JOBS.c.stored_bytes - PREPARED_BYTES}
            connection.execute(update(JOBS).where(JOBS.c.id == job).values(**values))
            return False
        return True

    def has(self, job: str, start: int) -> bool:
        """Whether the chunk that begins there has its results."""
        place = and_(RESULTS.c.job_id == job, RESULTS.c.start == start)
        with self._database.reading() as connection:
            return connection.execute(select(RESULTS.c.start).where(place)).one_or_none() is not None

    def lines(self, job: str, first: int, limit: int, over_gaps: bool = False) -> tuple[list[bytes], int]:
        """At most `limit` results from the item `first` on, in their order, and where they end.

        They go as far as there is no gap, or over all gaps: nothing will fill those of a job that has ended.
        """
        found: list[bytes] = []
        reached = first
        for start, lines in self._chunks(job, first, limit):
            if start > reached and not over_gaps:
                break
            reached = max(reached, start)
            some = lines[reached - start :][: limit - len(found)]
            found += some
            reached += len(some)
            if len(found) >= limit:
                break
        return found, reached

    def some(self, job: str, wanted: Sequence[int]) -> list[bytes]:
        """The results of the items `wanted`, whose numbers rise, those that are there; no others are held."""
        found: list[bytes] = []
        for start, lines in self._chunks(job, 0, _ROWS_AT_ONCE):
            inside = wanted[bisect_left(wanted, start) : bisect_left(wanted, start + len(lines))]
            found += [lines[index - start] for index in inside]
        return found

    def line(self, job: str, index: int) -> list[bytes]:
        """The result of the item `index` alone, whatever is missing before it; nothing where it is not there yet."""
        holds = and_(RESULTS.c.job_id == job, RESULTS.c.start <= index, RESULTS.c.start + RESULTS.c.count > index)
        with self._database.reading() as connection:
            row = connection.execute(select(RESULTS.c.start, RESULTS.c.lines).where(holds)).one_or_none()
        return [] if row is None else [zlib.decompress(row.lines).split(b"\n")[index - row.start]]

    def failures(self, job: str, most: int) -> list[bytes]:
        """The lines of the first `most` chunks in which an item has failed."""
        wanted = and_(RESULTS.c.job_id == job, RESULTS.c.failed > 0)
        query = select(RESULTS.c.lines).where(wanted).order_by(RESULTS.c.start).limit(most)
        with self._database.reading() as connection:
            packed = list(connection.execute(query).scalars())
        return [line for one in packed for line in zlib.decompress(one).split(b"\n")]

    def _chunks(self, job: str, first: int, limit: int) -> Iterator[tuple[int, list[bytes]]]:
        """The chunks that reach beyond the item `first`, in their order, read some at a time."""
        after = first
        while True:
            wanted = and_(RESULTS.c.job_id == job, RESULTS.c.start + RESULTS.c.count > after)
            query = select(RESULTS.c.start, RESULTS.c.count, RESULTS.c.lines).where(wanted).order_by(RESULTS.c.start)
            with self._database.reading() as connection:
                rows = connection.execute(query.limit(min(limit, _ROWS_AT_ONCE))).all()
            for start, _, lines in rows:
                yield start, zlib.decompress(lines).split(b"\n")
            if not rows:
                return
            after = rows[-1].start + rows[-1].count
