"""Everything that is kept has an owner: what belongs to another key is not found, and an administrator sees all."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from api_tests.http.asking import Json, assert_problem, sent, spec
from api_tests.http.keyed import bearer, write_keys
from api_tests.http.working import RUBRIC, SHEETS, Bench, bench_over, sweep, worked
from service.core.keys import Keys

pytestmark = pytest.mark.anyio

EVERYTHING = ["read", "simulate", "grade", "teach"]
OWNERS = {"ada": EVERYTHING, "ben": EVERYTHING, "root": ["admin"], "anonymous": EVERYTHING}
HERE = "/v1/assignments/sheet"
RESULTS = ["", "/events", "/results", "/results/0", "/results.csv", "/results.zip", "/chart.json", "/chart.svg"]


class Shared:
    """A bench that several owners ask."""

    def __init__(self, bench: Bench, keys: dict[str, str], file: Path) -> None:
        self.bench = bench
        self.keys = keys
        self.file = file

    async def ask(self, who: str, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        request = {"headers": {}} if body is None else sent(body)
        mine = bearer(self.keys[who]) if who in self.keys else {}
        return await self.bench.client.request(
            method, path, **{**request, "headers": {**request["headers"], **mine, **headers}}
        )

    async def swept(self, who: str, body: Json | None = None, **headers: str) -> Json:
        answer = await self.ask(who, "POST", "/v1/sweeps", body or sweep(), **headers)
        assert answer.status_code == 202, answer.text
        job: Json = answer.json()
        return job

    async def listed(self, who: str, path: str, member: str) -> list[str]:
        return [one[member] for one in (await self.ask(who, "GET", path)).json()["items"]]


@pytest.fixture
async def shared(tmp_path: Path) -> AsyncIterator[Shared]:
    file = tmp_path / "keys.json"
    keys = write_keys(file, OWNERS)
    async with bench_over(f"sqlite:///{tmp_path}/jobs.sqlite3", api_keys_file=str(file)) as bench:
        yield Shared(bench, keys, file)


async def test_a_job_is_not_found_by_another_owner_wherever_it_is_asked_for(shared: Shared) -> None:
    job = await shared.swept("ada")
    worked(shared.bench.database, job["id"], range(4))
    here = f"/v1/jobs/{job['id']}"
    missing = await shared.ask("ben", "GET", f"/v1/jobs/{'0' * 32}")
    for path in RESULTS:
        for other in ("ben", "anonymous"):
            answer = await shared.ask(other, "GET", here + path)
            problem = assert_problem(answer, 404, "job-not-found")
            assert problem["detail"] == missing.json()["detail"]
    for who in ("ada", "root"):
        assert (await shared.ask(who, "GET", f"{here}/results")).status_code == 200
        assert (await shared.ask(who, "GET", f"{here}/results.csv")).status_code == 200


async def test_only_the_owner_and_an_administrator_cancel_a_job(shared: Shared) -> None:
    first, second = await shared.swept("ada"), await shared.swept("ada")
    for other in ("ben", "anonymous"):
        assert_problem(await shared.ask(other, "DELETE", first["links"]["self"]), 404, "job-not-found")
    assert (await shared.ask("ada", "GET", first["links"]["self"])).json()["status"] == "queued"
    assert (await shared.ask("ada", "DELETE", first["links"]["self"])).json()["status"] == "cancelled"
    assert (await shared.ask("root", "DELETE", second["links"]["self"])).json()["status"] == "cancelled"


async def test_lists_are_of_ones_own(shared: Shared) -> None:
    jobs = {who: (await shared.swept(who))["id"] for who in ("ada", "ben", "anonymous")}
    for who, job in jobs.items():
        assert await shared.listed(who, "/v1/jobs", "id") == [job]
    assert set(await shared.listed("root", "/v1/jobs", "id")) == set(jobs.values())


async def test_the_list_of_reports_is_of_those_who_made_them_and_a_digest_is_enough_to_read_one(
    shared: Shared,
) -> None:
    made = {who: await shared.ask(who, "POST", "/v1/simulations", spec(seed=n)) for n, who in enumerate(OWNERS)}
    digests = {who: answer.json()["digest"] for who, answer in made.items()}
    for who in ("ada", "ben", "anonymous"):
        assert await shared.listed(who, "/v1/simulations", "digest") == [digests[who]]
    assert set(await shared.listed("root", "/v1/simulations", "digest")) == set(digests.values())
    assert (await shared.ask("ben", "GET", f"/v1/simulations/{digests['ada']}")).status_code == 200


async def test_an_idempotency_key_is_its_owners(shared: Shared) -> None:
    mine = await shared.swept("ada", **{"Idempotency-Key": "homework-1"})
    yours = await shared.swept("ben", sweep(combine="zip"), **{"Idempotency-Key": "homework-1"})
    theirs = await shared.swept("anonymous", **{"Idempotency-Key": "homework-1"})
    assert len({mine["id"], yours["id"], theirs["id"]}) == 3
    assert (await shared.swept("ada", **{"Idempotency-Key": "homework-1"}))["id"] == mine["id"]


async def test_an_assignment_is_read_replaced_and_deleted_by_its_owner(shared: Shared) -> None:
    assert (await shared.ask("ada", "PUT", HERE, {"rubric": RUBRIC})).status_code == 200
    assert_problem(await shared.ask("ben", "GET", HERE), 404, "assignment-not-found")
    assert_problem(await shared.ask("ben", "DELETE", HERE), 404, "assignment-not-found")
    assert_problem(await shared.ask("ben", "PUT", HERE, {"rubric": RUBRIC}), 409, "assignment-conflict")
    assert (await shared.ask("root", "PUT", HERE, {"rubric": {**RUBRIC, "title": "Anew"}})).status_code == 200
    assert (await shared.ask("ada", "GET", HERE)).json()["rubric"]["title"] == "Anew"
    assert (await shared.ask("ada", "DELETE", HERE)).status_code == 204


async def test_a_revoked_key_asks_nothing_more_and_its_jobs_are_those_of_the_name(shared: Shared) -> None:
    job = await shared.swept("ada")
    read = Keys.read(shared.file)
    Keys(keys=[key for key in read.keys if key.name != "ada"]).write(shared.file)
    assert_problem(await shared.ask("ada", "GET", job["links"]["self"]), 401, "key-unknown")
    assert_problem(await shared.ask("ben", "GET", job["links"]["self"]), 404, "job-not-found")
    assert (await shared.ask("root", "GET", job["links"]["self"])).json()["status"] == "queued"
    shared.keys |= write_keys(shared.file, {"ada": ["read"]})
    assert (await shared.ask("ada", "GET", job["links"]["self"])).json()["id"] == job["id"]


async def test_without_keys_all_are_one_owner_whatever_header_they_send(tmp_path: Path) -> None:
    async with bench_over(f"sqlite:///{tmp_path}/jobs.sqlite3") as bench:
        mine = await bench.made(**{"Idempotency-Key": "1", "Authorization": "Bearer a"})
        yours = await bench.made(**{"Idempotency-Key": "1", "Authorization": "Bearer b"})
        assert mine["id"] == yours["id"]
        assert len((await bench.client.get("/v1/jobs")).json()["items"]) == 1
        await bench.client.put(HERE, **sent({"rubric": RUBRIC}))
        assert (await bench.client.get(HERE, headers={"Authorization": "Bearer c"})).status_code == 200
        answer = await bench.client.post(f"{HERE}/gradings", **sent(SHEETS))
        (line, *_) = bench.work(answer.json(), range(3))
        assert json.loads(line)["grading"]["checks"][0]["message"]
