"""Jobs are done by executors in processes of their own, over SQLite and over PostgreSQL, although these are killed."""

import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from api_tests.conftest import DATABASES, new_database
from api_tests.jobs.executors.working import COURSE, ENDLESS, Workplace, sweep_of, workplace
from api_tests.processes.processes import cpu_seconds, eventually
from service.core.payload import Payload
from service.jobs.engine import configuration
from service.jobs.job import JobStatus
from service.jobs.records import Requester
from service.store.engine import Address
from service.studies.evaluation import evaluate
from service.studies.sweep import Grid, SweepSpec

pytestmark = pytest.mark.anyio


def expected(spec: SweepSpec) -> list[bytes]:
    """What a sweep finds, worked out here."""
    return evaluate(Grid(spec), range(spec.total), {}).lines


@pytest.fixture(scope="module", params=DATABASES)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    """One executor over a database of all these tests, with small chunks."""
    url = new_database(request, tmp_path_factory.mktemp("jobs"))
    with workplace(url, job_chunk_seconds=0.02) as found:
        yield found


async def test_a_sweep_gives_what_its_points_give_one_by_one(place: Workplace) -> None:
    spec = sweep_of(40, seed=1)
    job = await place.sweep(spec)
    found = await place.ended(job)
    assert (found.status, found.progress.done, found.progress.failed) == (JobStatus.SUCCEEDED, 40, 0), place.said()
    assert await place.lines(job) == expected(spec)
    again = await place.sweep(spec)
    await place.ended(again)
    assert await place.lines(again) == await place.lines(job)


async def test_a_cancelled_job_frees_its_processors_in_the_middle_of_a_point(place: Workplace) -> None:
    assert eventually(lambda: len(place.processes()) == 1, 60), place.said()
    (computing,) = place.processes()
    before = cpu_seconds(computing)
    job = await place.sweep(sweep_of(2, ENDLESS))
    assert eventually(lambda: cpu_seconds(computing) > before + 0.5, 60), place.said()
    await place.jobs.cancel(job)
    assert eventually(lambda: computing not in place.processes(), 60), "a point of this takes longer by far"
    other = await place.sweep(sweep_of(3, seed=2))
    assert (await place.ended(other)).status is JobStatus.SUCCEEDED
    found = await place.jobs.job(job)
    assert (found.status, found.estimated_seconds) == (JobStatus.CANCELLED, 0)
    assert found.progress.done == 0


async def test_what_a_dead_executor_has_left_another_finishes(place: Workplace) -> None:
    spec = sweep_of(60, {**COURSE, "trials": 400}, seed=3)
    place.hire()
    assert eventually(lambda: len(place.processes()) == 2, 60), place.said()
    job = await place.sweep(spec)
    await place.begun(job)
    place.kill()
    assert (await place.ended(job)).progress.failed == 0, place.said()
    assert await place.lines(job) == expected(spec)


async def test_what_a_stopped_executor_has_claimed_another_finishes_and_it_ends_once_it_goes_on(
    place: Workplace,
) -> None:
    spec = sweep_of(60, {**COURSE, "trials": 400}, seed=8)
    place.hire()
    assert eventually(lambda: len(place.processes()) == 2, 60), place.said()
    job = await place.sweep(spec)
    await place.begun(job)
    stopped = place.executors[0]
    stopped.send_signal(signal.SIGSTOP)
    found = await place.ended(job)
    assert (found.progress.done, found.progress.failed) == (60, 0), place.said()
    assert eventually(lambda: "has not been heard of" in place.said(), 60), place.said()
    stopped.send_signal(signal.SIGCONT)
    assert stopped.wait(timeout=60) == 4, place.said()
    assert await place.lines(job) == expected(spec)
    assert (await place.jobs.job(job)).progress.done == 60
    place.kill()


async def test_small_jobs_do_not_wait_for_large_ones(place: Workplace) -> None:
    large = await place.sweep(sweep_of(3000, {**COURSE, "trials": 1000}, seed=4), "one")
    await place.begun(large)
    small = await place.sweep(sweep_of(5, seed=5), "other")
    await place.ended(small)
    assert (await place.jobs.job(large)).status is JobStatus.RUNNING
    await place.jobs.cancel(large)


async def test_the_engine_forgets_what_has_ended(place: Workplace) -> None:
    job = await place.sweep(sweep_of(5, seed=6))
    await place.ended(job)
    database = create_engine(Address.of(place.settings.database_url).url)
    if database.dialect.name == "sqlite":
        database.dispose()
        database = create_engine(f"{place.settings.database_url}.engine")
    schema = "" if database.dialect.name == "sqlite" else "dbos."

    def left() -> int:
        with database.connect() as connection:
            of_job = f"SELECT count(*) FROM {schema}workflow_status WHERE workflow_uuid LIKE '{job}%'"
            return int(connection.execute(text(of_job)).scalar_one())

    assert eventually(lambda: left() == 0, 60)
    database.dispose()
    assert (await place.jobs.job(job)).progress.done == 5


def test_the_engine_starts_where_sqlite_has_no_parts_of_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 40, 1))
    engine = configuration(f"sqlite:///{tmp_path}/file", "me")["system_database_engine"]
    assert engine is not None
    with engine.connect() as connection:
        found = connection.execute(text("SELECT unixepoch('now', 'subsec')")).scalar_one()
        level = connection.execute(text("PRAGMA synchronous")).scalar_one()
        mode = connection.execute(text("PRAGMA journal_mode")).scalar_one()
    engine.dispose()
    assert found % 1 != 0
    assert (level, mode) == (2, "wal")


async def test_an_owner_and_a_key_are_one_job(place: Workplace) -> None:
    spec = sweep_of(3, seed=7)
    first, second = [await place.jobs.accept("sweep", Payload.of(spec), Requester("me", "key")) for _ in range(2)]
    assert first.id == second.id
    await place.ended(first.id)
