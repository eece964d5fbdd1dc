"""Assignments as the rest of the service sees them: rubrics under names, checked before they are kept."""

from functools import partial

from anyio import to_thread

from service.core.errors import SpecError
from service.grading.batch import Assignment
from service.grading.rubrics import check_rubric, plans_of
from service.grading.spec import Rubric
from service.store.assignments import AssignmentStore
from service.store.database import Database


class Assignments:
    """The assignments in one database; what that fails in is a StoreUnavailable."""

    def __init__(self, database: Database) -> None:
        self._store = AssignmentStore(database)

    async def put(self, name: str, rubric: Rubric) -> Assignment:
        """Keep a rubric under a name; FlawedRubric, or another SpecError where one of its networks is none."""
        return await to_thread.run_sync(partial(self._put, name, rubric))

    async def get(self, name: str) -> Assignment:
        """The assignment of that name; AssignmentNotFound."""
        return await to_thread.run_sync(self._store.get, name)

    def rubric(self, name: str) -> Rubric:
        """The rubric of that assignment, for whoever has a thread of its own; AssignmentNotFound."""
        return self._store.get(name).rubric

    async def drop(self, name: str) -> None:
        """Forget an assignment; AssignmentNotFound."""
        await to_thread.run_sync(self._store.drop, name)

    def _put(self, name: str, rubric: Rubric) -> Assignment:
        try:
            check_rubric(rubric)
            plans_of(rubric)
        except SpecError as error:
            error.pointer = (error.pointer or "").removeprefix("/rubric")  # the rubric is all that was sent
            raise
        return self._store.put(name, rubric)
