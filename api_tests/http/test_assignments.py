"""Assignments over HTTP: rubrics under names, and classes that are graded by them."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from api_tests.http.asking import SMALL, Json, assert_problem, resolve, sent, spec
from api_tests.http.working import RUBRIC, SHEETS, Bench, bench_over
from api_tests.networks import stack
from service.grading.batch import MOST_SUBMISSIONS

pytestmark = pytest.mark.anyio

HERE = "/v1/assignments/sheet_2"


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench_over(f"sqlite:///{tmp_path}/jobs.sqlite3") as made:
        yield made


async def test_a_rubric_is_kept_under_its_name_replaced_and_forgotten(bench: Bench) -> None:
    put = await bench.client.put(HERE, **sent({"rubric": RUBRIC}))
    assert put.status_code == 200, put.text
    first = put.json()
    assert (first["id"], first["created_at"], first["rubric"]["title"]) == ("sheet_2", first["updated_at"], "")
    assert (await bench.client.get(HERE)).json() == first
    second = (await bench.client.put(HERE, **sent({"rubric": {**RUBRIC, "title": "Anew"}}))).json()
    assert (second["created_at"], second["rubric"]["title"]) == (first["created_at"], "Anew")
    assert second["updated_at"] > first["updated_at"]
    gone = await bench.client.delete(HERE)
    assert (gone.status_code, gone.content) == (204, b"")
    for method in ("GET", "DELETE"):
        assert_problem(await bench.client.request(method, HERE), 404, "assignment-not-found")
    assert_problem(await bench.client.post(f"{HERE}/gradings", **sent(SHEETS)), 404, "assignment-not-found")


@pytest.mark.parametrize("name", ["a-b", "a%20b", "%00", "ä", "a" * 65])
async def test_a_name_that_is_none_is_refused(client: httpx.AsyncClient, name: str) -> None:
    assert_problem(await client.put(f"/v1/assignments/{name}", **sent({"rubric": RUBRIC})), 422, "invalid-request")
    assert_problem(await client.get(f"/v1/assignments/{name}"), 422, "invalid-request")


SOFTMAX: Json = {
    **SMALL,
    "layers": [{"kind": "dense", "units": 2, "activation": {"kind": "softmax"}}, {"kind": "dense", "units": 1}],
}


@pytest.mark.parametrize(
    ("claim", "pointer"),
    [
        ({"id": "a", "kind": "expression", "expected": "tahn(z)"}, "/rubric/claims/0/expected"),
        ({"id": "a", "kind": "number"}, "/rubric/claims/0"),
        ({"id": "a", "kind": "number", "expected": 1}, "/rubric/claims/0"),
        (
            {"id": "a", "kind": "verdict", "simulation": {"network": SOFTMAX}},
            "/rubric/claims/0/simulation/network/layers/0/activation",
        ),
    ],
)
async def test_a_flawed_rubric_is_not_kept(bench: Bench, claim: Json, pointer: str) -> None:
    rubric = {"id": "r", "claims": [claim]}
    answer = await bench.client.put(HERE, **sent({"rubric": rubric}))
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer
    resolve(pointer, {"rubric": rubric})
    assert_problem(await bench.client.get(HERE), 404, "assignment-not-found")


WITH_A_RUBRIC = [("PUT", HERE), ("POST", "/v1/rubrics/validate"), ("POST", "/v1/gradings")]


@pytest.mark.parametrize(("method", "path"), WITH_A_RUBRIC)
async def test_a_rubric_that_is_not_wrapped_is_told_to_be(client: httpx.AsyncClient, method: str, path: str) -> None:
    problem = assert_problem(await client.request(method, path, **sent(RUBRIC)), 422, "invalid-request")
    (fault,) = problem["errors"]
    assert (fault["pointer"], fault["code"]) == ("", "bare-rubric")
    assert '{"rubric": {' in fault["detail"]


async def test_a_class_is_accepted_and_told_where_its_job_is(bench: Bench) -> None:
    await bench.client.put(HERE, **sent({"rubric": RUBRIC}))
    answer = await bench.client.post(f"{HERE}/gradings", **sent(SHEETS))
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert answer.headers["location"] == job["links"]["self"]
    assert (job["kind"], job["status"], job["progress"]["total"]) == ("gradings", "queued", 3)


async def test_as_many_sheets_are_accepted_as_a_class_may_have(bench: Bench) -> None:
    await bench.client.put(HERE, **sent({"rubric": RUBRIC}))
    sheets = [{"id": f"{number}", "answers": {"d": "z", "n": number}} for number in range(MOST_SUBMISSIONS + 1)]
    answer = await bench.client.post(f"{HERE}/gradings", **sent({"submissions": sheets[:-1]}))
    assert answer.status_code == 202, answer.text
    assert answer.json()["progress"]["total"] == 10_000
    problem = await bench.client.post(f"{HERE}/gradings", **sent({"submissions": sheets}))
    assert assert_problem(problem, 422, "invalid-request")["errors"][0]["pointer"] == "/submissions"


async def test_a_key_belongs_to_what_was_sent_even_after_the_rubric_has_changed(bench: Bench) -> None:
    await bench.client.put(HERE, **sent({"rubric": RUBRIC}))
    request = sent(SHEETS)
    keyed = {**request, "headers": {**request["headers"], "Idempotency-Key": "class-1"}}
    first, again = [await bench.client.post(f"{HERE}/gradings", **keyed) for _ in range(2)]
    assert first.json()["id"] == again.json()["id"]
    await bench.client.put(HERE, **sent({"rubric": {**RUBRIC, "title": "Anew"}}))
    third = await bench.client.post(f"{HERE}/gradings", **keyed)
    await bench.client.delete(HERE)
    fourth = await bench.client.post(f"{HERE}/gradings", **keyed)
    assert third.json()["id"] == fourth.json()["id"] == first.json()["id"]
    keyed["content"] = sent({"submissions": SHEETS["submissions"][:1]})["content"]
    assert_problem(await bench.client.post(f"{HERE}/gradings", **keyed), 409, "idempotency-conflict")


async def test_a_job_goes_on_with_the_rubric_it_was_accepted_with(bench: Bench) -> None:
    job = await bench.class_made()
    await bench.client.put("/v1/assignments/sheet", **sent({"rubric": {**RUBRIC, "claims": RUBRIC["claims"][:1]}}))
    await bench.client.delete("/v1/assignments/sheet")
    bench.work(job, range(3))
    (first, *_) = (await bench.client.get(job["links"]["results"])).json()["items"]
    assert (first["grading"]["score"], first["grading"]["max_score"]) == (3.0, 3.0)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"submissions": []}, "/submissions"),
        ({"submissions": [{"id": "", "answers": {}}]}, "/submissions/0/id"),
        ({"submissions": [{"id": "a", "answers": {}}, {"id": "b"}]}, "/submissions/1"),
        ({"submissions": [{"id": "a", "answers": []}]}, "/submissions/0/answers"),
        ({"submissions": [{"id": "a", "answers": {}}] * 2}, ""),
        ({**SHEETS, "rubric": RUBRIC}, "/rubric"),
    ],
)
async def test_what_is_no_class_is_refused_with_a_pointer_to_its_fault(
    client: httpx.AsyncClient, body: Json, pointer: str
) -> None:
    problem = assert_problem(await client.post(f"{HERE}/gradings", **sent(body)), 422, "invalid-request")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


async def test_sheets_by_another_name_are_told_theirs(client: httpx.AsyncClient) -> None:
    problem = assert_problem(await client.post(f"{HERE}/gradings", **sent({"sheets": []})), 422, "invalid-request")
    assert any('write "submissions": [{"id": "ada"' in error["detail"] for error in problem["errors"])


async def test_a_rubric_whose_simulations_are_too_large_grades_nobody(bench: Bench) -> None:
    claim = {"id": "v", "kind": "verdict", "simulation": spec(stack(50, 512), trials=10_000)}
    await bench.client.put(HERE, **sent({"rubric": {"id": "r", "claims": [claim]}}))
    problem = assert_problem(await bench.client.post(f"{HERE}/gradings", **sent(SHEETS)), 422, "budget-exceeded")
    assert "/v1/sweeps" not in problem["detail"]
