"""Rubrics that are kept under the names of their assignments."""

import zlib
from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, delete, select, true

from service.core.clock import WallClock, now
from service.core.errors import AssignmentConflict, AssignmentNotFound
from service.grading.batch import KeptRubric
from service.store.database import Database
from service.store.schema import ASSIGNMENTS
from service.store.space import WITHOUT_BOUND, Space

Check = Callable[[str | None], None]
"""What raises where the version of an assignment, None where there is none, does not allow it to be changed."""


def allow(_: str | None) -> None:
    """Allow the change, whatever is kept."""


class AssignmentStore:
    """The assignments of one database, for any thread; every failure of the database is a StoreUnavailable."""

    def __init__(self, database: Database, wall: WallClock = now, space: Space = WITHOUT_BOUND) -> None:
        self._database = database
        self._now = wall
        self._space = space

    def put(
        self, name: str, rubric: bytes, owner: str = "", *, of_all: bool = False, check: Check = allow
    ) -> KeptRubric:
        """Keep `rubric`, which is JSON, under `name`, in place of what was there.

        AssignmentConflict where another owner has that name, unless it is put `of_all`: it stays that owner's then.
        StoreFull; what `check` raises of the one that is there, which no other changes meanwhile.
        """
        moment, packed = self._now(), zlib.compress(rubric)
        changed = {"updated_at": moment, "rubric": packed, "stored_bytes": len(packed)}
        with self._database.writing() as connection:
            there = select(ASSIGNMENTS).where(ASSIGNMENTS.c.id == name).with_for_update()
            before = connection.execute(there).one_or_none()
            if before is not None and not of_all and before.owner != owner:
                raise AssignmentConflict
            check(None if before is None else _kept(before).version)
            if before is None:
                self._space.check_assignments(connection, owner)
            more = len(packed) - (0 if before is None else before.stored_bytes)
            if more > 0:
                self._space.check(connection, owner, more)
            row = self._database.insert(ASSIGNMENTS).values(id=name, created_at=moment, owner=owner, **changed)
            over = row.on_conflict_do_update(index_elements=["id"], set_=changed)
            kept = row.on_conflict_do_nothing() if before is None else over
            created_at = connection.execute(kept.returning(ASSIGNMENTS.c.created_at)).scalar_one_or_none()
        if created_at is None:  # another has made it since it was looked for
            return self.put(name, rubric, owner, of_all=of_all, check=check)
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
        return _kept(row)

    def drop(self, name: str, owner: str | None = None, check: Check = allow) -> None:
        """Forget it, of that owner where one is given; AssignmentNotFound, or what `check` raises of it.

        What was graded by it stays.
        """
        with self._database.writing() as connection:
            row = connection.execute(select(ASSIGNMENTS).where(_named(name, owner)).with_for_update()).one_or_none()
            if row is None:
                raise AssignmentNotFound
            check(_kept(row).version)
            connection.execute(delete(ASSIGNMENTS).where(ASSIGNMENTS.c.id == name))


def _kept(row: Any) -> KeptRubric:
    return KeptRubric(row.id, zlib.decompress(row.rubric), row.created_at, row.updated_at)


def _named(name: str, owner: str | None) -> ColumnElement[bool]:
    return (ASSIGNMENTS.c.id == name) & (true() if owner is None else ASSIGNMENTS.c.owner == owner)
