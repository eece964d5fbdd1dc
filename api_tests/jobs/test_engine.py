"""What DBOS guarantees to jobs, in this process: an id is there once, and what is lost, failed or ended is seen to."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import anyio
import pytest
from sqlalchemy import create_engine, text

from service.jobs.engine import JobEngine

pytestmark = pytest.mark.anyio

JOB, OTHER = "a" * 32, "b" * 32
Enqueue = Callable[[str, int, str], Awaitable[None]]


class Scripted:
    """A runner that hands two chunks out, and fails or waits where it is told."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.failures: dict[str, int] = {}
        self.waits: dict[str, anyio.Event] = {}

    async def dispatch(self, job: str, enqueue: Enqueue) -> None:
        await self._do(job)
        for start in (0, 4):
            await enqueue(job, start, "share")

    async def run(self, job: str, start: int) -> None:
        await self._do(f"{job}-{start}")

    async def _do(self, what: str) -> None:
        self.begun.append(what)
        if self.failures.get(what, 0) > 0:
            self.failures[what] -= 1
            raise RuntimeError("as it was told")
        if self.begun.count(what) == 1 and what in self.waits:
            await self.waits[what].wait()


class Running:
    """An engine over a file, and a look into that."""

    def __init__(self, folder: Path) -> None:
        self.runner = Scripted()
        self.engine = JobEngine(f"sqlite:///{folder}/file", "mine", self.runner, 4)  # type: ignore[arg-type]
        self._file = create_engine(f"sqlite:///{folder}/file.engine")

    def statuses(self) -> dict[str, str]:
        """The statuses of the workflows by their ids."""
        with self._file.connect() as connection:
            return {
                row[0]: row[1] for row in connection.execute(text("SELECT workflow_uuid, status FROM workflow_status"))
            }

    def give(self, workflow: str, executor: str) -> None:
        """Let `executor` have claimed that."""
        with self._file.begin() as connection:
            change = text("UPDATE workflow_status SET executor_id = :executor WHERE workflow_uuid = :id")
            connection.execute(change, {"executor": executor, "id": workflow})

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for that, a minute at most."""
        with anyio.fail_after(60):
            while not condition():
                await anyio.sleep(0.02)

    async def close(self) -> None:
        """End it, with what waits."""
        for event in self.runner.waits.values():
            event.set()
        await self.engine.close()
        self._file.dispose()


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    found = Running(tmp_path)
    await found.engine.launch()
    yield found
    await found.close()


def done(running: Running, *workflows: str) -> Callable[[], bool]:
    return lambda: all(running.statuses().get(one) == "SUCCESS" for one in workflows)


async def test_a_job_that_is_enqueued_twice_is_done_once_and_purged_with_its_chunks(running: Running) -> None:
    for _ in range(2):
        await running.engine.enqueue(JOB)
    await running.until(done(running, JOB, f"{JOB}-0", f"{JOB}-4"))
    await running.engine.enqueue(JOB)
    assert await running.engine.jobs() == {JOB}, "not its chunks"
    assert sorted(running.runner.begun) == [JOB, f"{JOB}-0", f"{JOB}-4"]
    await running.engine.enqueue(OTHER)
    await running.until(done(running, OTHER, f"{OTHER}-0", f"{OTHER}-4"))
    await running.engine.purge(JOB)
    assert await running.engine.jobs() == {OTHER}
    assert set(running.statuses()) == {OTHER, f"{OTHER}-0", f"{OTHER}-4"}


async def test_what_has_failed_is_tried_again_until_it_succeeds(running: Running) -> None:
    running.runner.failures = {JOB: 1, f"{JOB}-4": 2}
    await running.engine.enqueue(JOB)
    with anyio.fail_after(60):
        while not done(running, JOB, f"{JOB}-0", f"{JOB}-4")():
            await running.engine.retry()
            await anyio.sleep(0.1)
    assert [running.runner.begun.count(one) for one in (JOB, f"{JOB}-0", f"{JOB}-4")] == [2, 1, 3]


async def test_what_an_executor_has_claimed_is_recovered_and_nothing_of_another(running: Running) -> None:
    dead, alive = f"{JOB}-0", f"{JOB}-4"
    running.runner.waits = {dead: anyio.Event(), alive: anyio.Event()}
    await running.engine.enqueue(JOB)
    await running.until(lambda: {dead, alive} <= set(running.runner.begun))
    running.give(dead, "dead")
    running.give(alive, "alive")
    assert (await running.engine.claimed()) == {dead: "dead", alive: "alive"}
    await running.engine.recover({"dead", "never-was"})
    await running.until(done(running, dead))
    assert [running.runner.begun.count(one) for one in (dead, alive)] == [2, 1]


async def test_what_is_lost_to_its_executor_is_resumed_alone(running: Running) -> None:
    lost, kept = f"{JOB}-0", f"{JOB}-4"
    running.runner.waits = {lost: anyio.Event(), kept: anyio.Event()}
    await running.engine.enqueue(JOB)
    await running.until(lambda: {lost, kept} <= set(running.runner.begun))
    assert running.engine.has_begun(lost)
    assert not running.engine.has_begun(f"{JOB}-8")
    await running.engine.resume([f"{OTHER}-0", lost])  # the first was purged meanwhile
    await running.until(done(running, lost))
    assert [running.runner.begun.count(one) for one in (lost, kept)] == [2, 1]


async def test_what_is_worked_on_is_purged_after_its_end(running: Running) -> None:
    going = f"{JOB}-0"
    running.runner.waits = {going: anyio.Event()}
    await running.engine.enqueue(JOB)
    await running.until(done(running, JOB, f"{JOB}-4"))
    await running.until(lambda: going in running.runner.begun)
    await running.engine.purge(JOB)
    assert set(running.statuses()) == {JOB, going}
    assert await running.engine.jobs() == {JOB}, "so that it is purged once more"
    running.runner.waits[going].set()
    await running.until(done(running, going))
    await running.engine.purge(JOB)
    assert running.statuses() == {}
