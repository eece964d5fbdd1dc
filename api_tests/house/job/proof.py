"""The kind of job of the files beside this one, in a copy of the repository that has it."""

import csv
import json
from collections.abc import AsyncIterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from api_tests.house.asking import documented
from api_tests.http.asking import assert_problem, sent, spec
from api_tests.http.working import Bench, bench_over
from api_tests.jobs.classes import Here
from api_tests.networks import Json
from service.core.errors import WorkerFailed
from service.core.settings import Settings
from service.jobs.records import JobRecords
from service.jobs.results import JobResults
from service.jobs.runner import ChunkRunner
from service.jobs.work.base import JobCache, JobContext
from service.store.stores import NullStore

KIND = "repeat"
SEED, TIMES, FAILS = 7, 5, 3
BODY: Json = {"base": spec(seed=SEED), "times": TIMES}

pytestmark = pytest.mark.anyio


class Pool(Here):
    """Processes of which those end that come to one of the items."""

    async def work(self, task: Any, seconds: float) -> Any:
        if FAILS in task.args[1]:
            raise WorkerFailed("It died.")
        return await super().work(task, seconds)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench_over(f"sqlite:///{tmp_path}/jobs.sqlite3") as made:
        yield made


async def worked(bench: Bench, body: Json = BODY) -> Json:
    """The job of `body` at its end, its chunks handed out and worked on as an executor does."""
    answer = await bench.client.post("/v1/repeats", **sent(body))
    assert answer.status_code == 202, answer.text
    job: Json = answer.json()
    context = JobContext.of(Settings(), Pool(), JobCache(None, NullStore()))  # type: ignore[arg-type]
    runner = ChunkRunner(JobRecords(bench.database), JobResults(bench.database), context, 1)
    starts: list[int] = []

    async def enqueue(job: str, start: int, share: str) -> None:
        starts.append(start)

    await runner.dispatch(job["id"], enqueue)
    for start in starts:
        await runner.run(job["id"], start)
    ended: Json = (await bench.client.get(job["links"]["self"])).json()
    return ended


async def test_it_is_accepted_and_worked_on(bench: Bench) -> None:
    accepted = (await bench.client.post("/v1/repeats", **sent(BODY))).json()
    assert (accepted["kind"], accepted["status"], accepted["links"]["chart"]) == (KIND, "queued", None)
    job = await worked(bench)
    assert job["digest"] == accepted["digest"]
    assert (job["status"], job["progress"]) == ("succeeded", {"total": TIMES, "done": TIMES, "failed": 1})
    assert [(error["index"], error["code"]) for error in job["errors"]] == [(FAILS, "worker-failed")]


async def test_its_results_are_read_in_pages_one_by_one_and_as_a_table(bench: Bench) -> None:
    here = (await worked(bench))["links"]
    items = (await bench.client.get(here["results"])).json()["items"]
    assert [(item["kind"], item["seed"]) for item in items] == [("repetition", SEED + n) for n in range(TIMES)]
    for index, item in enumerate(items):
        assert (await bench.client.get(f"{here['results']}/{index}?format=gradescope")).json() == item
        assert (item["label"] is None) == (item["error"] is not None) == (index == FAILS)
        if index != FAILS:
            alone = await bench.client.post("/v1/simulations", **sent({**BODY["base"], "seed": item["seed"]}))
            found = alone.json()["verdict"]
            assert (item["label"], item["depth_ratio"]) == (found["label"], found["depth_ratio"]["median"])
    rows = list(csv.DictReader(StringIO((await bench.client.get(here["csv"])).text, newline="")))
    assert [row["seed"] for row in rows] == [str(item["seed"]) for item in items]
    assert rows[FAILS]["error_code"] == "worker-failed"


async def test_the_same_key_is_the_same_job(bench: Bench) -> None:
    keyed = sent(BODY)
    keyed["headers"]["Idempotency-Key"] = "k"
    first, again = [(await bench.client.post("/v1/repeats", **keyed)).json()["id"] for _ in range(2)]
    assert first == again


async def test_it_has_neither_a_chart_nor_files(bench: Bench) -> None:
    here = (await worked(bench))["links"]["self"]
    assert_problem(await bench.client.get(f"{here}/chart.svg"), 404, "chart-not-available")
    problem = assert_problem(await bench.client.get(f"{here}/results.zip"), 404, "result-not-found")
    assert "of the kind repeat are a table" in problem["detail"]


@pytest.mark.parametrize(("fields", "pointer"), [({"times": 0}, "/times"), ({"base": {}}, "/base")])
async def test_what_it_cannot_mean_is_refused(bench: Bench, fields: Json, pointer: str) -> None:
    problem = assert_problem(await bench.client.post("/v1/repeats", **sent({**BODY, **fields})), 422, "invalid-request")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


async def test_it_is_in_the_document(bench: Bench) -> None:
    document = json.loads((await bench.client.get("/openapi.json")).content)
    assert KIND in document["components"]["schemas"]["JobKind"]["enum"]
    assert document["paths"]["/v1/repeats"]["post"]["operationId"] == "create_repeat"
    schema = await documented(bench.client, "JobResult", "repetition")
    assert "depth_ratio" in schema["properties"]
