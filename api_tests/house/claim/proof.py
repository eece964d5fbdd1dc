"""The claim of the file beside this one, in a copy of the repository that has it."""

import httpx
import pytest

from api_tests.house.asking import documented, graded

KIND = "truth"

pytestmark = pytest.mark.anyio


async def test_answers_are_graded_by_it(client: httpx.AsyncClient) -> None:
    claims = [{"id": name, "kind": KIND, "expected": True, "points": 2} for name in ("a", "b", "c")]
    grading = (await graded(client, claims, {"a": True, "b": False, "c": 1})).json()
    found = [(check["status"], check["points"]) for check in grading["checks"]]
    assert found == [("correct", 2.0), ("incorrect", 0.0), ("invalid", 0.0)]
    assert (grading["score"], grading["max_score"]) == (2.0, 6.0)


async def test_rubrics_may_have_it(client: httpx.AsyncClient) -> None:
    rubric = {"id": "r", "claims": [{"id": "a", "kind": KIND, "expected": False}]}
    assert (await client.post("/v1/rubrics/validate", json={"rubric": rubric})).status_code == 200


async def test_it_is_in_the_document(client: httpx.AsyncClient) -> None:
    schema = await documented(client, "Claim", KIND)
    assert set(schema["required"]) == {"kind", "id", "expected"}
