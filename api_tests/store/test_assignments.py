"""Rubrics under the names of their assignments: put in place of one another, read as they were, forgotten."""

from datetime import timedelta

import pytest

from api_tests.networks import Json
from api_tests.store.keeping import Keeping
from service.core.errors import AssignmentNotFound
from service.grading.spec import Rubric
from service.store.assignments import AssignmentStore


def rubric(title: str = "", **claim: object) -> bytes:
    number: Json = {"id": "n", "kind": "number", "expected": 1.5, "title": title, **claim}
    return Rubric.model_validate({"id": "course", "claims": [number]}).model_dump_json().encode()


@pytest.fixture
def assignments(keeping: Keeping) -> AssignmentStore:
    return AssignmentStore(keeping.database, keeping.clock)


def test_an_assignment_is_read_as_it_was_put(assignments: AssignmentStore) -> None:
    put = assignments.put("one", rubric("∂e/∂W"))
    assert assignments.get("one") == put
    assert (put.name, put.text, put.created_at) == ("one", rubric("∂e/∂W"), put.updated_at)
    assert put.read().rubric.model_dump_json().encode() == put.text


def test_another_rubric_takes_the_place_of_the_first(assignments: AssignmentStore, keeping: Keeping) -> None:
    first = assignments.put("one", rubric("a"))
    other = assignments.put("two", rubric("b"))
    keeping.clock.forward(hours=1)
    second = assignments.put("one", rubric("c"))
    assert assignments.get("one") == second
    assert (second.text, second.created_at) == (rubric("c"), first.created_at)
    assert second.updated_at - first.updated_at > timedelta(hours=1)
    assert assignments.get("two") == other


def test_what_is_forgotten_is_not_found(assignments: AssignmentStore) -> None:
    assignments.put("one", rubric())
    assignments.drop("one")
    for forgotten in (assignments.get, assignments.drop):
        with pytest.raises(AssignmentNotFound):
            forgotten("one")
        with pytest.raises(AssignmentNotFound):
            forgotten("never")


def test_an_assignment_outlives_retention(assignments: AssignmentStore, keeping: Keeping) -> None:
    put = assignments.put("one", rubric())
    keeping.clock.forward(days=1000)
    keeping.retain()
    assert assignments.get("one") == put
