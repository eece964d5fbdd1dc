"""Rubrics that are kept under the names of their assignments."""

import zlib

from sqlalchemy import ColumnElement, delete, select, true

from service.core.clock import WallClock, now
from service.core.errors import AssignmentConflict, AssignmentNotFound
from service.grading.batch import KeptRubric
from service.store.database import Database
from service.store.schema import ASSIGNMENTS
from service.store.space import WITHOUT_BOUND, Space


class AssignmentStore:
    """The assignments of one database, for any thread; every failure of the database is a StoreUnavailable."""

    def __init__(self, database: Database, wall: WallClock = now, space: Space = WITHOUT_BOUND) -> None:
        self._database = database
        self._now = wall
        self._space = space

    def put(self, name: str, rubric: bytes, owner: str = "", *, of_all: bool = False) -> KeptRubric:
        """Keep `rubric`, which is JSON, under `name`, in place of what was there.

        AssignmentConflict where another owner has that name, unless it is put `of_all`: it stays that owner's then.
        StoreFull.
        """
        moment, packed = self._now(), zlib.compress(rubric)
        changed = {"updated_at": moment, "rubric": packed, "stored_bytes": len(packed)}
        with self._database.writing() as connection:
            before = connection.execute(select(ASSIGNMENTS).where(ASSIGNMENTS.c.id == name)).one_or_none()
            if before is not None and not of_all and before.owner != owner:
                raise AssignmentConflict
            if before is None:
                self._space.check_assignments(connection, owner)
            more = len(packed) - (0 if before is None else before.stored_bytes)
            if more > 0:
                self._space.check(connection, owner, more)
            row = self._database.insert(ASSIGNMENTS).values(id=name, created_at=moment, owner=owner, **changed)
            kept = row.on_conflict_do_update(index_elements=["id"], set_=changed)
            created_at = connection.execute(kept.returning(ASSIGNMENTS.c.created_at)).scalar_one()
        return KeptRubric(name, rubric, created_at, moment)

    def owner(self, name: str) -> str:
        """The owner of the assignment of that name; AssignmentNotFound."""
        with self._database.reading() as connection:
            found = connection.execute(select(ASSIGNMENTS.c.owner).where(ASSIGNMENTS.c.id == name)).scalar_one_or_none()
        if found is None:
            raise AssignmentNotFound
        return str(found)

    def get(self, name: str, owner: str | None = None) -> KeptRubric:
        """The assignment of that name, of that owner where one is given; AssignmentNotFound."""
        with self._database.reading() as connection:
            row = connection.execute(select(ASSIGNMENTS).where(_named(name, owner))).one_or_none()
        if row is None:
            raise AssignmentNotFound
        return KeptRubric(name, zlib.decompress(row.rubric), row.created_at, row.updated_at)

    def drop(self, name: str, owner: str | None = None) -> None:
        """Forget it, of that owner where one is given; AssignmentNotFound. What was graded by it stays."""
        with self._database.writing() as connection:
            dropped = connection.execute(delete(ASSIGNMENTS).where(_named(name, owner))).rowcount
        if not dropped:
            raise AssignmentNotFound


def _named(name: str, owner: str | None) -> ColumnElement[bool]:
    return (ASSIGNMENTS.c.id == name) & (true() if owner is None else ASSIGNMENTS.c.owner == owner)
