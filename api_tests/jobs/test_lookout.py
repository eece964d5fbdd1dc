"""One look at the database serves all that watch jobs, however many they are."""

from collections.abc import AsyncIterator, Collection
from pathlib import Path
from typing import Any

import anyio
import pytest
from sqlalchemy import Row

from api_tests.http.working import Bench, bench_over
from service.core.errors import JobNotFound
from service.jobs import lookout
from service.jobs.job import Job, JobStatus
from service.jobs.records import JobRecords

pytestmark = pytest.mark.anyio

WATCHERS = 200


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench_over(f"sqlite:///{tmp_path}/jobs.sqlite3") as made:
        yield made


class Counting(JobRecords):
    """Records that count how often they are asked."""

    asked = 0
    single = 0

    def some(self, jobs: Collection[str]) -> list[Row[Any]]:
        self.asked += 1
        return super().some(jobs)

    def get(self, job: str, owner: str | None = None) -> Row[Any]:
        self.single += 1
        return super().get(job, owner)


async def test_many_watchers_of_two_jobs_ask_once_a_look(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [(await bench.made())["id"] for _ in range(2)]
    records = Counting(bench.database)
    monkeypatch.setattr(bench.jobs, "_records", records)
    looks, told = 0, list[list[tuple[int, str]]]()
    slept = anyio.sleep

    async def counted(seconds: float) -> None:
        nonlocal looks
        looks += 1
        await slept(0.01)

    monkeypatch.setattr(lookout, "sleep", counted)

    async def watch(job: str) -> None:
        steps = [(one.progress.done, one.status.value) async for one in bench.jobs.watch(job)]
        told.append(steps)

    async with anyio.create_task_group() as watching:
        for number in range(WATCHERS):
            watching.start_soon(watch, ids[number % 2])
        for first, last in ((0, 2), (2, 4)):
            await anyio.sleep(0.1)
            for job in ids:
                bench.work({"id": job}, range(first, last))
    assert len(told) == WATCHERS
    assert all(steps[-1] == (4, "succeeded") and steps == sorted(steps) for steps in told)
    assert records.single == 0
    assert records.asked <= looks + 1


async def test_who_has_seen_the_end_is_told_nothing_more_and_every_event_has_another_number(bench: Bench) -> None:
    job = (await bench.made())["id"]
    numbers = []
    async for found in bench.jobs.watch(job):
        numbers.append(found.event)
        bench.work({"id": job}, range(found.progress.done, min(4, found.progress.done + 2)))
    assert numbers == sorted(set(numbers))
    assert [one async for one in bench.jobs.watch(job, numbers[-1])] == []
    assert [one.event async for one in bench.jobs.watch(job, numbers[-1] - 1)] == [numbers[-1]]


async def test_a_step_without_a_result_is_an_event_of_its_own(bench: Bench) -> None:
    job = (await bench.made())["id"]
    seen: list[Job] = []
    async for found in bench.jobs.watch(job):
        seen.append(found)
        if found.status is JobStatus.QUEUED:
            JobRecords(bench.database).start(job, None)
        else:
            await bench.jobs.cancel(job)
    assert [one.status.value for one in seen] == ["queued", "running", "cancelled"]


async def test_a_job_that_is_not_kept_cannot_be_watched(bench: Bench) -> None:
    with pytest.raises(JobNotFound):
        _ = [one async for one in bench.jobs.watch("0" * 32)]


async def test_nothing_is_looked_at_once_nobody_watches(bench: Bench) -> None:
    job = (await bench.made())["id"]
    watching = bench.jobs.watch(job)
    await anext(watching)
    await watching.aclose()
    task = bench.jobs._lookout._looking
    assert task is not None
    with anyio.fail_after(60):
        while not task.done():
            await anyio.sleep(0.01)
