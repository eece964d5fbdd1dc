"""The executors that are alive: each counts on in the database, and one that stops counting is lost to the others.

A lock says that a process is there, and not that it works: one that is stopped, or hangs, keeps it. No two clocks are
compared, for those of two machines differ, and that of one may be set: who watches counts its own looks at a number.
"""

import logging
import os
import socket
from collections.abc import Collection
from dataclasses import dataclass
from time import monotonic

from sqlalchemy import Connection, delete, select, update

from service.core.clock import Clock, WallClock, now
from service.jobs.liveness import Liveness
from service.store.database import Database
from service.store.schema import EXECUTORS

BEAT_SECONDS = 1.0
"""Between two beats of an executor, and between two looks at all of them."""
SILENT_SECONDS = 8.0
"""After so long without counting on, an executor is lost."""
_LOOKS = 6
"""At least so many looks found it silent: who watches may have been stopped, too, or may have waited to look."""

_log = logging.getLogger("service.jobs")


class ExecutorLost(Exception):
    """This executor was given up by others, who do its work now."""


@dataclass(frozen=True)
class ExecutorRow:
    """An executor as it was seen: its process, and whether it was given up."""

    name: str
    host: str
    pid: int
    beats: int
    lost: bool

    @property
    def here(self) -> bool:
        """Whether it is a process of this machine."""
        return self.host == socket.gethostname()


@dataclass
class _Silence:
    """How long an executor has not counted on, by who watches."""

    beats: int
    since: float
    looks: int = 0


class Heartbeats:
    """The executors of one database; every failure of it is a StoreUnavailable."""

    def __init__(self, database: Database, liveness: Liveness, clock: Clock = monotonic, wall: WallClock = now) -> None:
        self._database = database
        self._liveness = liveness
        self._clock = clock
        self._now = wall
        self._silences: dict[str, _Silence] = {}

    def beat(self, name: str) -> None:
        """Count on as the executor `name`, which is this process; ExecutorLost where others have given it up.

        Its row is made where there is none: the database may be new.
        """
        here = {"name": name, "host": socket.gethostname(), "pid": os.getpid(), "beats": 1, "lost": False}
        row = self._database.insert(EXECUTORS).values(**here, heard_at=self._now())
        more = {"beats": EXECUTORS.c.beats + 1, "heard_at": self._now()}
        counted = row.on_conflict_do_update(index_elements=["name"], set_=more, where=EXECUTORS.c.lost.is_(False))
        with self._database.writing() as connection:
            if connection.execute(counted.returning(EXECUTORS.c.beats)).one_or_none() is None:
                raise ExecutorLost

    def look(self) -> list[ExecutorRow]:
        """All executors, those given up marked; what has died is forgotten, and what is silent is given up now.

        It looks in a transaction that could write: where none can, no executor can count on.
        """
        with self._database.writing() as connection:
            found = [ExecutorRow(*row) for row in connection.execute(_ROWS)]
            silent = [row for row in found if not row.lost and self._is_silent(row)]
            gone = self._liveness.expired(row.name for row in silent)
            connection.execute(delete(EXECUTORS).where(EXECUTORS.c.name.in_(gone)))
            for row in (row for row in silent if row.name not in gone):
                self._give_up(connection, row)
        self._silences = {row.name: self._silences[row.name] for row in found if row.name in self._silences}
        given_up = {row.name for row in silent}
        return [
            ExecutorRow(row.name, row.host, row.pid, row.beats, row.lost or row.name in given_up)
            for row in found
            if row.name not in gone
        ]

    def lost(self) -> set[str]:
        """The executors that were given up."""
        with self._database.reading() as connection:
            return set(connection.execute(select(EXECUTORS.c.name).where(EXECUTORS.c.lost)).scalars())

    def forget(self, names: Collection[str]) -> None:
        """Forget executors that have ended."""
        if names:
            with self._database.writing() as connection:
                connection.execute(delete(EXECUTORS).where(EXECUTORS.c.name.in_(sorted(names))))

    def close(self) -> None:
        """Close the connections to the database, and let the lock go."""
        self._liveness.close()
        self._database.close()

    def _is_silent(self, row: ExecutorRow) -> bool:
        """Whether it has not counted on for so long, and in so many looks."""
        before = self._silences.get(row.name)
        if before is None or before.beats != row.beats:
            self._silences[row.name] = _Silence(row.beats, self._clock())
            return False
        before.looks += 1
        return before.looks >= _LOOKS and self._clock() - before.since >= SILENT_SECONDS

    def _give_up(self, connection: Connection, row: ExecutorRow) -> None:
        connection.execute(update(EXECUTORS).where(EXECUTORS.c.name == row.name).values(lost=True))
        _log.warning(
            "executor %s (process %d of %s) has not been heard of for %g s: others do its work",
            *(row.name, row.pid, row.host, SILENT_SECONDS),
        )


_ROWS = select(*[EXECUTORS.c[name] for name in ExecutorRow.__dataclass_fields__]).with_for_update()
