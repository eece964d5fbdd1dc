"""Rubrics that are kept under the names of their assignments."""

import zlib

from sqlalchemy import delete, select

from service.core.clock import WallClock, now
from service.core.errors import AssignmentNotFound
from service.grading.batch import Assignment
from service.grading.formats.markup import json_of
from service.grading.spec import Rubric
from service.store.database import Database
from service.store.schema import ASSIGNMENTS


class AssignmentStore:
    """The assignments of one database, for any thread; every failure of the database is a StoreUnavailable."""

    def __init__(self, database: Database, wall: WallClock = now) -> None:
        self._database = database
        self._now = wall

    def put(self, name: str, rubric: Rubric) -> Assignment:
        """Keep `rubric` under `name`, in place of what was there; with U+FFFD for every lone surrogate in it."""
        moment, written = self._now(), json_of(rubric).encode()
        packed = zlib.compress(written)
        with self._database.writing() as connection:
            row = self._database.insert(ASSIGNMENTS).values(
                id=name, created_at=moment, updated_at=moment, rubric=packed
            )
            kept = row.on_conflict_do_update(index_elements=["id"], set_={"updated_at": moment, "rubric": packed})
            created_at = connection.execute(kept.returning(ASSIGNMENTS.c.created_at)).scalar_one()
        return Assignment(id=name, rubric=Rubric.model_validate_json(written), created_at=created_at, updated_at=moment)

    def get(self, name: str) -> Assignment:
        """The assignment of that name; AssignmentNotFound."""
        with self._database.reading() as connection:
            row = connection.execute(select(ASSIGNMENTS).where(ASSIGNMENTS.c.id == name)).one_or_none()
        if row is None:
            raise AssignmentNotFound
        rubric = Rubric.model_validate_json(zlib.decompress(row.rubric))
        return Assignment(id=name, rubric=rubric, created_at=row.created_at, updated_at=row.updated_at)

    def drop(self, name: str) -> None:
        """Forget it; AssignmentNotFound where it is not there. What was graded by it stays."""
        with self._database.writing() as connection:
            dropped = connection.execute(delete(ASSIGNMENTS).where(ASSIGNMENTS.c.id == name)).rowcount
        if not dropped:
            raise AssignmentNotFound
