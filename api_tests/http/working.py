"""Jobs in tests: what is asked for, and results that are kept as an executor keeps them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from api_tests.http.asking import Json, sent, spec
from service.core.settings import Settings
from service.grading.batch import BatchRequest, Submission, grade_batch
from service.grading.spec import Rubric
from service.http.app import Application
from service.jobs.jobs import Jobs
from service.jobs.records import JobRecords
from service.jobs.results import JobResults
from service.main import create_app
from service.simulation.simulate import simulate
from service.store.database import Database
from service.studies.evaluation import ChunkResult, evaluate
from service.studies.sweep import Grid, SweepSpec

WIDTH: Json = {"name": "width", "values": [2, 3, 4, 5]}
RUBRIC: Json = {
    "id": "sheet",
    "claims": [
        {"id": "d", "kind": "expression", "derivative_of": {"kind": "stanh"}, "points": 2},
        {"id": "n", "kind": "number", "expected": 1.7535, "relative_tolerance": 1e-3},
    ],
}
SHEETS: Json = {
    "submissions": [
        {"id": "ada", "answers": {"d": "tanh(z) + z*sech(z)^2", "n": 1.7535}},
        {"id": "ben", "answers": {"d": "tanh(z)", "n": 1.7535}},
        {"id": "eve", "answers": {}},
    ]
}


def sweep(*axes: Json, **fields: Any) -> Json:
    """A sweep of a small network, over its width unless axes are given."""
    return {"base": spec(), "axes": list(axes) or [WIDTH], **fields}


@dataclass(frozen=True)
class Bench:
    """An application that nothing works for, and its database, to do its work by hand."""

    client: httpx.AsyncClient
    database: Database
    jobs: Jobs

    async def made(self, body: Json | None = None, **headers: str) -> Json:
        """The job of a sweep."""
        request = sent(body or sweep())
        answer = await self.client.post("/v1/sweeps", **{**request, "headers": request["headers"] | headers})
        assert answer.status_code == 202, answer.text
        job: Json = answer.json()
        return job

    async def class_made(self) -> Json:
        """The job of a class of three."""
        await self.client.put("/v1/assignments/sheet", **sent({"rubric": RUBRIC}))
        answer = await self.client.post("/v1/assignments/sheet/gradings", **sent(SHEETS))
        assert answer.status_code == 202, answer.text
        job: Json = answer.json()
        return job

    def work(self, job: Json, items: range) -> list[bytes]:
        """Do some items of a job, which runs from then on; their lines."""
        return worked(self.database, job["id"], items)


def worked(database: Database, job: str, items: range) -> list[bytes]:
    """Do the items `items` of `job`, as an executor does; their lines."""
    records = JobRecords(database)
    records.start(job, None)
    request, _ = records.request(job)
    found = _swept(request, items) if b'"axes"' in request else _graded(request, items)
    JobResults(database).keep(job, items.start, found.lines, found.failed)
    return found.lines


def _swept(request: bytes, items: range) -> ChunkResult:
    return evaluate(Grid(SweepSpec.model_validate_json(request)), items, {})


def _graded(request: bytes, items: range) -> ChunkResult:
    batch = BatchRequest.model_validate_json(request)
    rubric, sheets = Rubric.model_validate(batch.rubric), [_json(batch.submissions[index]) for index in items]
    return grade_batch(rubric, zip(items, sheets, strict=True), simulate)


def _json(submission: Submission) -> bytes:
    return submission.model_dump_json().encode()


@asynccontextmanager
async def bench_over(url: str, **settings: Any) -> AsyncIterator[Bench]:
    """A bench over the database at `url`."""
    app: Application = create_app(Settings(database_url=url, workers=1, **settings))
    database = Database(url, durable=True)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        yield Bench(client, database, app.state.services.jobs)
    await app.state.services.renderer.end()
    await app.state.services.pool.end()
    await app.state.services.archive.close()
    await app.state.services.jobs.close()
    database.close()
