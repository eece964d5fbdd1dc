"""What an executor tells the engine: which jobs are open, which have ended, and which executors are dead."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from api_tests.jobs.working import FINE, Desk
from service.jobs import executor as executor_module
from service.jobs.engine import ENGINE_FAILURES
from service.jobs.executor import Executor
from service.jobs.heartbeats import Heartbeats
from service.jobs.job import JobStatus

pytestmark = pytest.mark.anyio


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    found = Desk(tmp_path)
    yield found
    found.database.close()


class Noting:
    """An engine that notes what it is told."""

    executor = "mine"

    def __init__(self) -> None:
        self.enqueued: set[str] = set()
        self.claims: dict[str, str] = {}
        self.begun: set[str] = set()
        self.told: list[tuple[str, str]] = []

    async def launch(self) -> None:
        self.told.append(("launch", ""))

    async def close(self) -> None:
        self.told.append(("close", ""))

    async def jobs(self) -> set[str]:
        return set(self.enqueued)

    async def enqueue(self, job: str) -> None:
        self.told.append(("enqueue", job))
        self.enqueued.add(job)

    async def purge(self, job: str) -> None:
        self.told.append(("purge", job))
        self.enqueued.discard(job)

    async def claimed(self) -> dict[str, str]:
        return dict(self.claims)

    def has_begun(self, workflow: str) -> bool:
        return workflow in self.begun

    async def recover(self, executors: set[str]) -> None:
        self.told += [("recover", one) for one in sorted(executors)]

    async def resume(self, workflows: set[str]) -> None:
        self.told += [("resume", one) for one in sorted(workflows)]

    async def retry(self) -> None:
        self.told.append(("retry", ""))


class Stopped:
    """A runner that works on some jobs, and notes which are stopped."""

    def __init__(self, *jobs: str) -> None:
        self.jobs = set(jobs)
        self.stopped: set[str] = set()

    def running(self) -> set[str]:
        return self.jobs

    def stop(self, jobs: set[str]) -> None:
        self.stopped |= jobs


class Alive:
    """The executors that are alive."""

    def __init__(self, *names: str) -> None:
        self.names = set(names)
        self.held = 0

    def hold(self) -> None:
        self.held += 1

    def close(self) -> None:
        """Nothing to do."""

    def expired(self, executors: Any) -> set[str]:
        return set(executors) - self.names


def executor_over(engine: Noting, desk: Desk, runner: Any = None, alive: Alive | None = None) -> Executor:
    living = alive or Alive("mine")
    heartbeats = Heartbeats(desk.database, living)
    return Executor(engine, runner or Stopped(), desk.records, living, heartbeats)  # type: ignore[arg-type]


async def test_an_open_job_that_the_engine_does_not_have_is_enqueued_once(desk: Desk) -> None:
    job, cancelled = desk.accept(FINE), desk.accept(FINE)
    desk.records.end(cancelled, JobStatus.CANCELLED)
    engine = Noting()
    executor = executor_over(engine, desk)
    for _ in range(2):
        await executor.tend()
    assert engine.told == [("enqueue", job)]


async def test_an_engine_that_has_lost_all_is_told_all_again(desk: Desk) -> None:
    jobs = [desk.accept(FINE) for _ in range(3)]
    desk.records.start(jobs[0], None)
    engine = Noting()
    executor = executor_over(engine, desk)
    await executor.tend()
    engine.enqueued.clear()
    await executor.tend()
    assert engine.told == [("enqueue", job) for job in jobs] * 2


async def test_fifty_jobs_of_one_owner_are_enqueued_at_a_time(desk: Desk) -> None:
    mine = [desk.accept(FINE, owner="me") for _ in range(52)]
    yours = desk.accept(FINE, owner="you")
    engine = Noting()
    executor = executor_over(engine, desk)
    await executor.tend()
    assert engine.enqueued == {*mine[:50], yours}
    await executor.tend()
    assert engine.enqueued == {*mine[:50], yours}, "those that are there count"
    desk.records.end(mine[0], JobStatus.CANCELLED)
    await executor.tend()
    assert engine.enqueued == {*mine[1:51], yours}


async def test_work_on_what_has_ended_is_stopped_and_the_engine_forgets_it(desk: Desk) -> None:
    ended, dropped, going = desk.accept(FINE), "f" * 32, desk.accept(FINE)
    desk.records.end(ended, JobStatus.CANCELLED)
    engine, runner = Noting(), Stopped(ended, going)
    engine.enqueued = {ended, dropped, going}
    await executor_over(engine, desk, runner).tend()
    assert (runner.stopped, sorted(engine.told)) == ({ended}, [("purge", ended), ("purge", dropped)])


async def test_a_job_that_is_accepted_while_the_engine_is_asked_has_not_ended(desk: Desk) -> None:
    runner = Stopped()

    class Late(Noting):
        async def jobs(self) -> set[str]:
            job = desk.accept(FINE)  # and another executor has enqueued it
            runner.jobs = runner.jobs | {job}
            return {job}

    engine = Late()
    await executor_over(engine, desk, runner).tend()
    assert (engine.told, runner.stopped) == ([], set())


async def test_a_job_that_is_accepted_and_begun_after_the_look_at_open_ones_goes_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner, open_owners = Stopped(), desk.records.open_owners

    def then_begun() -> dict[str, str]:
        found = open_owners()
        runner.jobs = {desk.accept(FINE)}
        return found

    monkeypatch.setattr(desk.records, "open_owners", then_begun)
    await executor_over(Noting(), desk, runner).tend()
    assert (len(runner.jobs), runner.stopped) == (1, set())


async def test_what_a_dead_executor_has_claimed_is_recovered_once_it_was_found_dead_twice(desk: Desk) -> None:
    engine = Noting()
    engine.claims = {"a": "dead", "a-0": "dead", "a-4": "mine", "a-8": "other"}
    engine.begun = {"a-4"}
    executor = executor_over(engine, desk, alive=Alive("mine", "other"))
    await executor.recover()
    assert engine.told == [("retry", "")]
    await executor.recover()
    assert engine.told[1:] == [("recover", "dead"), ("retry", "")]


async def test_an_executor_that_is_found_alive_again_keeps_what_it_has(desk: Desk) -> None:
    engine, alive = Noting(), Alive("mine")
    engine.claims = {"a": "other"}
    executor = executor_over(engine, desk, alive=alive)
    for names in ({"mine"}, {"mine", "other"}, {"mine"}):
        alive.names = names
        await executor.recover()
    assert {what for what, _ in engine.told} == {"retry"}


async def test_what_was_claimed_here_and_never_begun_is_resumed(desk: Desk) -> None:
    engine = Noting()
    engine.claims = {"a-0": "mine", "a-4": "mine", "a-8": "other"}
    engine.begun = {"a-4"}
    executor = executor_over(engine, desk, alive=Alive("mine", "other"))
    for _ in range(2):
        await executor.recover()
    assert engine.told == [("retry", ""), ("resume", "a-0"), ("retry", "")]


async def test_an_executor_without_work_for_two_minutes_ends_unless_it_is_to_work_for_ever(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, time, ended = desk.accept(FINE), [1000.0], list[str]()
    monkeypatch.setattr(executor_module, "_TEND_SECONDS", 0.01)
    monkeypatch.setattr(executor_module, "_RECOVER_SECONDS", 0.01)
    monkeypatch.setattr(executor_module, "monotonic", lambda: time[0])
    engine, lasting, alive = Noting(), Noting(), Alive("mine")

    async def run(name: str, executor: Executor, for_ever: bool) -> None:
        await executor.run(for_ever)
        ended.append(name)

    async def looked_at() -> None:
        looks = len(engine.told), len(lasting.told)
        while min(len(engine.told) - looks[0], len(lasting.told) - looks[1]) < 4:
            await anyio.sleep(0.01)

    with anyio.fail_after(60):
        async with anyio.create_task_group() as working:
            working.start_soon(run, "while there is work", executor_over(engine, desk, alive=alive), False)
            working.start_soon(run, "for ever", executor_over(lasting, desk, alive=alive), True)
            await looked_at()
            time[0] = 5000.0
            await looked_at()
            assert ended == [], "there is work"
            desk.records.end(job, JobStatus.CANCELLED)
            while ("purge", job) not in engine.told:
                await anyio.sleep(0.01)
            await looked_at()
            time[0] = 5119.0
            await looked_at()
            assert ended == [], "there may be more"
            time[0] = 5121.0
            while not ended:
                await anyio.sleep(0.01)
            looks = len(lasting.told)
            while len(lasting.told) < looks + 4:
                await anyio.sleep(0.01)
            working.cancel_scope.cancel()
    assert ended == ["while there is work"]
    assert (engine.told[0], engine.told[-1]) == (("launch", ""), ("close", ""))


async def test_an_executor_waits_for_what_fails_and_says_so_in_one_line(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(Noting):
        async def jobs(self) -> set[str]:
            if len(caplog.messages) < 4:
                raise ENGINE_FAILURES[0]("It is lost.\nAnd more.")
            return await super().jobs()

    class Away(Alive):
        def hold(self) -> None:
            super().hold()
            if self.held < 3:
                raise OSError("It is away.\nAnd more.")

    monkeypatch.setattr(executor_module, "_TEND_SECONDS", 0.01)
    monkeypatch.setattr(executor_module, "_RECOVER_SECONDS", 0.01)
    engine, job = Failing(), desk.accept(FINE)
    with caplog.at_level("WARNING", "service.jobs"), anyio.fail_after(60):
        async with anyio.create_task_group() as working:
            working.start_soon(executor_over(engine, desk, alive=Away("mine")).run, True)
            while ("enqueue", job) not in engine.told:
                await anyio.sleep(0.01)
            working.cancel_scope.cancel()
    assert caplog.messages == [
        *["no jobs yet: It is away."] * 2,
        *["the engine of jobs fails: DBOS Error: It is lost."] * 2,
    ]


async def test_an_executor_that_is_cancelled_claims_no_more(desk: Desk) -> None:
    launched = anyio.Event()

    class Slow(Noting):
        async def launch(self) -> None:
            launched.set()

        async def close(self) -> None:
            await anyio.sleep(0.01)
            await super().close()

    engine = Slow()
    with anyio.fail_after(60):
        async with anyio.create_task_group() as working:
            working.start_soon(executor_over(engine, desk).run, True)
            await launched.wait()
            working.cancel_scope.cancel()
    assert engine.told[-1] == ("close", "")


async def test_an_executor_that_fails_claims_no_more(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(Noting):
        async def jobs(self) -> set[str]:
            raise LookupError

    engine = Failing()
    with pytest.raises(ExceptionGroup):
        await executor_over(engine, desk).run(for_ever=True)
    assert engine.told[-1] == ("close", "")
