"""`POST /v1/trainings`: answered at once, or as a job; drawn; and refused where nothing could come of it."""

import csv
import json
from collections.abc import AsyncIterator
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest

from api_tests.http.asking import SMALL, assert_problem, sent
from api_tests.http.working import Bench, bench_over
from api_tests.jobs.classes import Here
from api_tests.networks import Json
from service.core.settings import Settings
from service.jobs.records import JobRecords
from service.jobs.results import JobResults
from service.jobs.runner import ChunkRunner
from service.jobs.trainings import Trainings
from service.jobs.work.base import JobCache, JobContext
from service.simulation.estimate import Limits
from service.store.stores import NullStore
from service.studies.training import Training

pytestmark = pytest.mark.anyio

BODY: Json = {
    "network": SMALL,
    "loss": {"kind": "cross_entropy_with_logits"},
    "data": {"inputs": {"kind": "blobs"}, "samples": 20},
    "trials": 2,
    "rates": [0.01, 0.1, 1e6],
    "steps": 15,
}


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench_over(f"sqlite:///{tmp_path}/jobs.sqlite3") as made:
        yield made


@pytest.fixture
def nothing_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is asked for takes longer than what is answered at once."""
    before = Trainings.__init__

    def made(self: Trainings, settings: Settings, *others: Any) -> None:
        before(self, settings, *others)
        self._limits = Limits(1.0, 1 << 40)

    monkeypatch.setattr(Trainings, "__init__", made)


def test_a_training_is_answered_with_its_sentence_its_rates_and_its_verdict(service_url: str) -> None:
    answer = httpx.post(f"{service_url}/v1/trainings", json=BODY, timeout=60)
    assert answer.status_code == 200, answer.text
    found = Training.model_validate_json(answer.content)
    assert [one.rate for one in found.rates] == BODY["rates"]
    assert found.sentence.startswith(f"Verdict: {found.verdict.label.value}, risk ")
    again = httpx.post(f"{service_url}/v1/trainings", json=BODY, timeout=60)
    assert again.content == answer.content  # from memory
    report = httpx.post(f"{service_url}/v1/simulations", json=found.spec.simulation().model_dump(mode="json"))
    assert report.json()["digest"] == found.verdict.digest
    assert report.json()["verdict"]["label"] == found.verdict.label.value


def test_a_training_is_drawn_without_being_trained_again(service_url: str) -> None:
    for name, begins in (("svg", b"<svg"), ("png", b"\x89PNG"), ("json", b"{")):
        drawn = httpx.post(f"{service_url}/v1/trainings/chart.{name}?theme=dark", json=BODY, timeout=60)
        assert drawn.status_code == 200, drawn.text
        assert drawn.content.startswith(begins)
    rows = json.loads(drawn.content)["datasets"]["steps"]
    assert {row["rate"] for row in rows} == {"rate 0.01", "rate 0.1", "rate 1e+06"}
    assert {row["step"] for row in rows} == set(range(16))


async def worked(bench: Bench) -> Json:
    """The job of a training at its end, worked on as an executor does."""
    answer = await bench.client.post("/v1/trainings", **sent(BODY))
    assert answer.status_code == 202, answer.text
    job: Json = answer.json()
    assert answer.headers["location"] == job["links"]["self"]
    context = JobContext.of(Settings(), Here(), JobCache(None, NullStore()))  # type: ignore[arg-type]
    runner = ChunkRunner(JobRecords(bench.database), JobResults(bench.database), context, 1)
    starts: list[int] = []

    async def enqueue(job: str, start: int, share: str) -> None:
        starts.append(start)

    await runner.dispatch(job["id"], enqueue)
    for start in starts:
        await runner.run(job["id"], start)
    ended: Json = (await bench.client.get(job["links"]["self"])).json()
    return ended


@pytest.mark.usefixtures("nothing_at_once")
async def test_what_takes_longer_is_a_job_with_an_item_for_each_rate(bench: Bench) -> None:
    job = await worked(bench)
    assert (job["kind"], job["status"]) == ("training", "succeeded")
    assert job["progress"] == {"total": 3, "done": 3, "failed": 0}
    items = (await bench.client.get(job["links"]["results"])).json()["items"]
    assert [one["rate"] for one in items] == BODY["rates"]
    assert all("; verdict: " in one["sentence"] for one in items)
    rows = list(csv.DictReader(StringIO((await bench.client.get(job["links"]["csv"])).text, newline="")))
    assert [float(row["rate"]) for row in rows] == BODY["rates"]
    chart = await bench.client.get(job["links"]["chart"])
    assert chart.status_code == 200


@pytest.mark.parametrize(
    ("fields", "code", "pointer"),
    [
        ({"rates": []}, "invalid-request", "/rates"),
        ({"rates": [0.0]}, "invalid-request", "/rates/0"),
        ({"steps": 2001}, "invalid-request", "/steps"),
        ({"lr": 0.1}, "invalid-request", "/lr"),
        ({"optimizer": {"kind": "rmsprop"}}, "invalid-request", "/optimizer"),
        ({"batch_size": 21}, "incompatible-choice", "/batch_size"),
        ({"precision": "bfloat16"}, "incompatible-choice", "/precision"),
        ({"data": {"inputs": {"kind": "blobs", "classes": 7}}}, "incompatible-choice", "/data/inputs/classes"),
        ({"data": {"targets": {"kind": "class_labels", "classes": 7}}}, "incompatible-choice", "/data/targets/classes"),
    ],
)
async def test_what_cannot_be_trained_is_refused_at_its_place(
    bench: Bench, fields: Json, code: str, pointer: str
) -> None:
    problem = assert_problem(await bench.client.post("/v1/trainings", **sent({**BODY, **fields})), 422, code)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


async def test_what_no_job_could_do_is_refused_with_what_would_fit(bench: Bench) -> None:
    wide = {"features": 512, "layers": [{"kind": "dense", "units": 4096}, {"kind": "dense", "units": 3}]}
    huge = {**BODY, "network": wide, "data": {"samples": 4096}, "trials": 100, "steps": 2000}
    problem = assert_problem(await bench.client.post("/v1/trainings", **sent(huge)), 422, "budget-exceeded")
    assert "would fit" in problem["detail"] or "smaller" in problem["detail"] or "Take fewer" in problem["detail"]
