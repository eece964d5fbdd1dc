"""A job that is watched: server-sent events over a real socket, taken up again, and no hindrance to stopping."""

import json
import time
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fastapi.routing
import httpx
import pytest
from sqlalchemy import Row

from api_tests.http.asking import Json, assert_problem, sent
from api_tests.http.working import Bench, bench_over, sweep, worked
from examples.running_service import running_service
from service.core.errors import StoreUnavailable
from service.core.settings import Settings
from service.jobs.job import Job, JobStatus
from service.jobs.jobs import Jobs
from service.jobs.records import JobRecords
from service.store.database import Database

pytestmark = pytest.mark.anyio

SECONDS = 60.0
WATCHERS = "gradient_verdict_job_watchers "


@dataclass(frozen=True)
class Service:
    """A real service that leaves its jobs to others, and its database."""

    url: str
    database: Database

    def made(self) -> str:
        """The id of a new job of four points."""
        job: Json = httpx.post(f"{self.url}/v1/sweeps", **sent(sweep())).json()
        return str(job["id"])

    def watched(self) -> float:
        """How many streams of events are open."""
        lines = httpx.get(f"{self.url}/metrics").text.splitlines()
        return next(float(line.split()[-1]) for line in lines if line.startswith(WATCHERS))

    @contextmanager
    def events(self, job: str, last: str | None = None) -> Iterator[Iterator[tuple[str, str, Json]]]:
        """The events of a job: their names, their ids, and the job."""
        headers = {} if last is None else {"Last-Event-ID": last}
        with httpx.stream("GET", f"{self.url}/v1/jobs/{job}/events", headers=headers, timeout=SECONDS) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert answer.headers["cache-control"] == "no-cache"
            yield told(answer.iter_lines())


def told(lines: Iterator[str]) -> Iterator[tuple[str, str, Json]]:
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if line and name:
            fields[name] = value
        elif fields:
            yield fields["event"], fields["id"], json.loads(fields["data"])
            fields = {}


@contextmanager
def served(url: str, **settings: object) -> Iterator[Service]:
    with running_service(database_url=url, workers=1, job_workers=0, **settings) as service:
        database = Database(url, durable=True)
        yield Service(service, database)
        database.close()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with served(f"sqlite:///{tmp_path_factory.mktemp('events')}/jobs.sqlite3") as made:
        yield made


def test_every_step_of_a_job_is_told_and_its_end_is_the_last(service: Service) -> None:
    job = service.made()
    with service.events(job) as events:
        name, done, first = next(events)
        assert (name, done, first["status"]) == ("progress", "0", "queued")
        worked(service.database, job, range(1))
        name, began, second = next(events)
        assert (name, second["status"]) == ("progress", "running")
        worked(service.database, job, range(1, 4))
        *_, (name, last_id, last) = events
    assert (name, last["status"], int(done) < int(began) < int(last_id)) == ("end", "succeeded", True)
    assert last == httpx.get(f"{service.url}/v1/jobs/{job}").json()


def test_a_client_that_returns_gets_the_events_since_the_last_it_saw(service: Service) -> None:
    job = service.made()
    worked(service.database, job, range(2))
    with service.events(job, last="1") as events:
        first, *_ = next(events)[1:]
    with service.events(job, last=first) as events:
        worked(service.database, job, range(2, 4))
        *_, (name, last, told) = events
        assert (name, int(last) > int(first), told["progress"]["done"]) == ("end", True, 4)
    with service.events(job, last=first) as events:
        assert [name for name, _, _ in events] == ["end"]


def test_a_cancelled_job_ends_its_events(service: Service) -> None:
    job = service.made()
    with service.events(job) as events:
        next(events)
        httpx.delete(f"{service.url}/v1/jobs/{job}")
        assert [(name, told["status"]) for name, _, told in events] == [("end", "cancelled")]


def test_a_stream_ends_when_its_client_leaves(service: Service) -> None:
    before, job = service.watched(), service.made()
    with service.events(job) as events:
        next(events)
        assert service.watched() == before + 1
    deadline = time.monotonic() + SECONDS
    while service.watched() > before and time.monotonic() < deadline:
        httpx.get(f"{service.url}/healthz/live")
    assert service.watched() == before


def test_a_client_that_has_seen_the_end_is_told_to_stay_away(service: Service) -> None:
    job = service.made()
    events = f"{service.url}/v1/jobs/{job}/events"
    with service.events(job) as told:
        assert next(told)[0] == "progress"
        httpx.delete(f"{service.url}/v1/jobs/{job}")
        *_, (name, seen, _) = told
    assert name == "end"
    gone = httpx.get(events, headers={"Last-Event-ID": seen})
    assert (gone.status_code, gone.content) == (204, b"")
    assert "retry: 3000" in httpx.get(events).text


def test_a_head_of_events_is_answered_at_once(service: Service) -> None:
    head = httpx.head(f"{service.url}/v1/jobs/{service.made()}/events")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"].startswith("text/event-stream")
    assert httpx.head(f"{service.url}/v1/jobs/{'0' * 32}/events").status_code == 404


@pytest.mark.parametrize("last", ["x", "-1", "1.5"])
def test_a_last_event_id_that_no_event_has_is_refused(service: Service, last: str) -> None:
    answer = httpx.get(f"{service.url}/v1/jobs/{service.made()}/events", headers={"Last-Event-ID": last})
    assert assert_problem(answer, 422, "invalid-request")["errors"][0]["parameter"] == "Last-Event-ID"


def test_an_unknown_job_has_no_events(service: Service) -> None:
    assert_problem(httpx.get(f"{service.url}/v1/jobs/{'0' * 32}/events"), 404, "job-not-found")


def test_a_client_that_watches_a_job_does_not_keep_the_service_from_stopping(tmp_path: Path) -> None:
    # The service may wait ten minutes for running requests; `running_service` allows it two, and raises after that.
    with served(f"sqlite:///{tmp_path}/jobs.sqlite3", shutdown_seconds=600) as service:
        stream = service.events(service.made())
        events = stream.__enter__()
        next(events)
    assert list(events) == []
    stream.__exit__(None, None, None)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench_over(f"sqlite:///{tmp_path}/jobs.sqlite3") as made:
        yield made


async def test_a_connection_on_which_nothing_happens_is_kept_alive(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fastapi.routing, "_PING_INTERVAL", 0.01)
    job = await bench.made()
    jobs = bench.jobs
    look = jobs._lookout._look

    def ends_soon(before: Mapping[str, int]) -> Mapping[str, Job | None]:
        found = look(before)
        for one in found.values():
            assert one is not None
            bench.work(job, range(one.progress.done, one.progress.done + 1))
        return found

    monkeypatch.setattr(jobs._lookout, "_look", ends_soon)
    answer = await bench.client.get(job["links"]["events"])
    assert answer.text.count("event: ") >= 3
    assert ": ping\n\n" in answer.text


class Faltering(JobRecords):
    """Records whose database fails every other time."""

    asked = 0

    def some(self, jobs: Collection[str]) -> list[Row[Any]]:
        """The jobs, or nothing."""
        self.asked += 1
        if self.asked % 2 == 0:
            raise StoreUnavailable("its database is busy")
        return super().some(jobs)


async def test_a_database_that_fails_for_a_while_ends_no_stream(bench: Bench) -> None:
    job = await bench.made()
    seen = []
    jobs = Jobs(Settings(), bench.database)
    jobs._records = Faltering(bench.database)
    async for found in jobs.watch(job["id"]):
        bench.work(job, range(found.progress.done, min(4, found.progress.done + 2)))
        seen.append((found.progress.done, found.status))
    assert seen == [(0, JobStatus.QUEUED), (2, JobStatus.RUNNING), (4, JobStatus.SUCCEEDED)]
