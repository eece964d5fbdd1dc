"""Jobs are done by executors in processes of their own, over SQLite and over PostgreSQL, whatever becomes of these."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from api_tests.engine.working import COURSE, HEAVY, Workplace, sweep_of, workplace
from api_tests.worker.processes import cpu_seconds, eventually
from service.jobs import engine
from service.jobs.job import JobStatus
from service.jobs.records import Asker
from service.simulation.simulate import simulate_plan
from service.store.engine import url_of
from service.studies.evaluation import evaluate
from service.studies.sweep import Grid, SweepSpec

pytestmark = pytest.mark.anyio

ARMED_SECONDS = 4.0
"""Of a processor: more than it takes to load what computes."""


def expected(spec: SweepSpec) -> list[bytes]:
    """What a sweep finds, worked out here."""
    return evaluate(Grid(spec), range(spec.total), {}, simulate_plan).lines


@pytest.fixture
def place(database_url: str) -> Iterator[Workplace]:
    """One executor over a new database, with small chunks."""
    with workplace(database_url, job_chunk_seconds=0.02) as found:
        yield found


async def test_a_sweep_gives_what_its_points_give_one_by_one(place: Workplace) -> None:
    spec = sweep_of(40)
    job = await place.sweep(spec)
    found = await place.ended(job)
    assert (found.status, found.progress.done, found.progress.failed) == (JobStatus.SUCCEEDED, 40, 0), place.said()
    assert await place.lines(job) == expected(spec)
    assert place.database.failures == 0
    again = await place.sweep(spec)
    await place.ended(again)
    assert await place.lines(again) == await place.lines(job)


async def test_a_cancelled_job_frees_its_processors_within_two_seconds(place: Workplace) -> None:
    job = await place.sweep(sweep_of(100, HEAVY))
    assert eventually(lambda: any(cpu_seconds(one) > ARMED_SECONDS for one in place.processes()), 30), place.said()
    (computing,) = place.processes()
    await place.jobs.cancel(job)
    assert eventually(lambda: computing not in place.processes(), 2), "it is killed in the middle of a point"
    other = await place.sweep(sweep_of(3))
    assert (await place.ended(other)).status is JobStatus.SUCCEEDED
    found = await place.jobs.job(job)
    assert (found.status, found.estimated_seconds) == (JobStatus.CANCELLED, 0)
    assert found.progress.done < found.progress.total


async def test_what_a_dead_executor_has_left_another_finishes_within_fifteen_seconds(place: Workplace) -> None:
    spec = sweep_of(60, {**COURSE, "trials": 400})
    job = await place.sweep(spec)
    await place.begun(job)
    place.hire()
    place.kill()
    assert (await place.ended(job, 15)).progress.failed == 0, place.said()
    assert await place.lines(job) == expected(spec)


async def test_small_jobs_do_not_wait_for_large_ones(place: Workplace) -> None:
    large = await place.sweep(sweep_of(3000, {**COURSE, "trials": 64}), "one")
    await place.begun(large)
    small = await place.sweep(sweep_of(5, seed=1), "other")
    await place.ended(small, 20)
    assert (await place.jobs.job(large)).status is JobStatus.RUNNING
    await place.jobs.cancel(large)


async def test_the_engine_forgets_what_has_ended(place: Workplace) -> None:
    job = await place.sweep(sweep_of(5))
    await place.ended(job)
    database = create_engine(url_of(place.settings.database_url))
    if database.dialect.name == "sqlite":
        database.dispose()
        database = create_engine(f"{place.settings.database_url}.engine")
    schema = "" if database.dialect.name == "sqlite" else "dbos."

    def left() -> int:
        with database.connect() as connection:
            return int(connection.execute(text(f"SELECT count(*) FROM {schema}workflow_status")).scalar_one())

    assert eventually(lambda: left() == 0, 15)
    database.dispose()
    assert (await place.jobs.job(job)).progress.done == 5


def test_the_engine_starts_where_sqlite_has_no_parts_of_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 40, 1))
    connection = sqlite3.connect(tmp_path / "file")
    engine._prepare(connection, None)  # type: ignore[arg-type] # no use is made of the record
    (found,) = connection.execute("SELECT unixepoch('now', 'subsec')").fetchone()
    (level,) = connection.execute("PRAGMA synchronous").fetchone()
    (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    connection.close()
    assert found % 1 != 0
    assert (level, mode) == (2, "wal")


async def test_an_owner_and_a_key_are_one_job(place: Workplace) -> None:
    spec = sweep_of(3)
    first, second = [await place.jobs.sweep(spec, Asker("me", "key")) for _ in range(2)]
    assert first.id == second.id
    await place.ended(first.id)
