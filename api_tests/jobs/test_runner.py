"""What an executor does for a job: chunks are handed out once, failures stay where they belong, ends are ends."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from api_tests.jobs.working import DIES, FINE, SLOW, Desk, Script, line
from service.core.errors import DeadlineExceeded, SpecError, StoreUnavailable, WorkerFailed, WorkerNotStarted
from service.core.version import ENGINE_VERSION
from service.jobs import runner as runner_module
from service.jobs.job import JobStatus
from service.jobs.runner import ChunkRunner
from service.jobs.work import WORKS
from service.jobs.work.base import JobContext, PreparedJob
from service.studies.evaluation import ChunkResult
from service.studies.sweep import SweepSpec

pytestmark = pytest.mark.anyio

NO_CONTEXT: JobContext = None  # type: ignore[assignment] # a script needs none


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    found = Script()
    monkeypatch.setitem(WORKS, "sweep", found)
    return found


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    found = Desk(tmp_path)
    yield found
    found.database.close()


@pytest.fixture
def runner(desk: Desk) -> ChunkRunner:
    return ChunkRunner(desk.records, desk.results, NO_CONTEXT, 1)


async def test_every_chunk_of_a_job_is_handed_out_to_its_owners_share(
    desk: Desk, runner: ChunkRunner, script: Script
) -> None:
    handed: list[tuple[str, int, str]] = []

    async def enqueue(job: str, start: int, share: str) -> None:
        handed.append((job, start, share))

    job, owned = desk.accept(*[FINE] * 9), desk.accept(FINE, owner="me")
    await runner.dispatch(job, enqueue)
    await runner.dispatch(owned, enqueue)
    assert handed == [(job, 0, job), (job, 4, job), (job, 8, job), (owned, 0, "me")]
    assert desk.records.get(job).status == JobStatus.RUNNING
    await runner.dispatch(job, enqueue)
    assert script.prepared == 2, "what was prepared once is not prepared again"


async def test_a_job_that_cannot_be_prepared_fails_and_says_why(
    desk: Desk, runner: ChunkRunner, script: Script
) -> None:
    async def enqueue(*_: Any) -> None:
        raise AssertionError("nothing is handed out")

    script.refusal = SpecError("No. " * 200)
    wordy = desk.accept(FINE)
    await runner.dispatch(wordy, enqueue)
    assert desk.records.get(wordy).fault == "No. " * 125, "and no more than 500 characters"
    script.refusal = DeadlineExceeded(1.0)
    job = desk.accept(FINE)
    await runner.dispatch(job, enqueue)
    row = desk.records.get(job)
    assert (row.status, row.fault) == (JobStatus.FAILED, script.refusal.sentence)
    await runner.dispatch(job, enqueue)
    await runner.dispatch("0" * 31 + "f", enqueue)


async def test_a_process_that_dies_while_it_prepares_a_job_may_try_again(
    desk: Desk, runner: ChunkRunner, script: Script
) -> None:
    handed: list[int] = []

    async def enqueue(job: str, start: int, share: str) -> None:
        handed.append(start)

    script.refusal = WorkerFailed("It died.")
    job, hopeless = desk.accept(FINE), desk.accept(FINE)
    for _ in range(24):
        desk.records.attempt(hopeless, -1)  # of the job as a whole
    for one in (job, hopeless):
        with pytest.raises(WorkerFailed):
            await runner.dispatch(one, enqueue)
    await runner.dispatch(hopeless, enqueue)
    script.refusal = None
    await runner.dispatch(job, enqueue)
    assert (handed, desk.records.get(job).status) == ([0], JobStatus.RUNNING)
    assert desk.records.get(hopeless).status == JobStatus.FAILED


async def test_a_dispatch_is_no_attempt_of_any_chunk(desk: Desk, runner: ChunkRunner, script: Script) -> None:
    async def enqueue(*_: Any) -> None:
        """Nothing is done."""

    job = desk.accept(*[FINE] * 3, chunk=1)
    await runner.dispatch(job, enqueue)
    assert [desk.records.attempts(job, start) for start in range(3)] == [0, 0, 0]


@pytest.mark.parametrize("done", [0, 4])
async def test_a_job_that_another_engine_accepted_ends_and_says_so(
    desk: Desk, runner: ChunkRunner, script: Script, done: int
) -> None:
    async def enqueue(*_: Any) -> None:
        raise AssertionError("nothing is handed out")

    dispatched, chunked = [desk.accept(*[FINE] * 9, engine_version="1.1.0") for _ in range(2)]
    for job in (dispatched, chunked):
        desk.records.start(job, b"old")
        if done:
            desk.results.keep(job, 0, [line(index) for index in range(done)], 0)
    await runner.dispatch(dispatched, enqueue)
    await runner.run(chunked, 4)
    said = f"It was accepted by engine 1.1.0, and this service computes with engine {ENGINE_VERSION}; POST it again."
    for job in (dispatched, chunked):
        row = desk.records.get(job)
        assert (row.status, row.fault, row.done) == (JobStatus.FAILED, said, done)
    assert (script.prepared, script.asked) == (0, [])


async def test_a_job_that_another_engine_has_finished_stays_as_it_is(
    desk: Desk, runner: ChunkRunner, script: Script
) -> None:
    job = desk.accept(FINE, engine_version="1.1.0")
    desk.results.keep(job, 0, [line(0)], 0)
    await runner.run(job, 0)
    assert (desk.records.get(job).status, desk.records.get(job).fault) == (JobStatus.SUCCEEDED, None)


async def test_a_request_that_this_version_cannot_read_ends_its_job(
    desk: Desk, runner: ChunkRunner, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(*_: Any) -> Any:
        SweepSpec.model_validate({})

    async def enqueue(*_: Any) -> None:
        raise AssertionError("nothing is handed out")

    monkeypatch.setattr(script, "load", unreadable)
    run, dispatched = desk.accept(FINE), desk.accept(FINE)
    await runner.run(run, 0)
    await runner.dispatch(dispatched, enqueue)
    for job in (run, dispatched):
        row = desk.records.get(job)
        assert (row.status, "base" in row.fault, row.done) == (JobStatus.FAILED, True, 0)


async def test_fifty_chunks_are_handed_out_between_two_looks_at_their_job(
    desk: Desk, runner: ChunkRunner, script: Script
) -> None:
    handed: list[int] = []

    async def enqueue(job: str, start: int, share: str) -> None:
        handed.append(start)
        if start == 10:
            desk.records.end(job, JobStatus.CANCELLED)

    await runner.dispatch(desk.accept(*[FINE] * 120, chunk=1), enqueue)
    assert handed == list(range(50))


async def test_nothing_is_done_for_a_job_that_was_cancelled(desk: Desk, runner: ChunkRunner, script: Script) -> None:
    async def enqueue(*_: Any) -> None:
        raise AssertionError("nothing is handed out")

    job = desk.accept(FINE)
    desk.records.end(job, JobStatus.CANCELLED)
    await runner.run(job, 0)
    await runner.dispatch(job, enqueue)
    assert (script.asked, script.prepared, desk.records.attempts(job, 0)) == ([], 0, 0)


@pytest.mark.parametrize(("count", "loads"), [(8, 8), (9, 18)])
async def test_eight_jobs_are_held_ready(
    desk: Desk, runner: ChunkRunner, script: Script, monkeypatch: pytest.MonkeyPatch, count: int, loads: int
) -> None:
    loaded: list[bytes] = []
    load = script.load

    def noted(request: bytes, prepared: bytes | None) -> PreparedJob:
        loaded.append(request)
        return load(request, prepared)

    monkeypatch.setattr(script, "load", noted)
    jobs = [desk.accept(FINE, FINE, chunk=1) for _ in range(count)]
    for start in (0, 1):
        for job in jobs:
            await runner.run(job, start)
    assert len(loaded) == loads


@pytest.mark.parametrize(("word", "code"), [(DIES, "worker-failed"), (SLOW, "deadline-exceeded")])
async def test_one_item_that_ends_its_process_fails_alone(
    desk: Desk, runner: ChunkRunner, script: Script, word: str, code: str
) -> None:
    job = desk.accept(FINE, FINE, word, FINE, FINE, FINE, FINE, chunk=7)
    await runner.run(job, 0)
    row = desk.records.get(job)
    assert (row.status, row.done, row.failed) == (JobStatus.SUCCEEDED, 7, 1)
    assert desk.results.lines(job, 0, 9)[0] == [line(index, code if index == 2 else None) for index in range(7)]
    assert len(script.asked) <= 8


async def test_a_chunk_that_is_worked_on_twice_counts_once(desk: Desk, runner: ChunkRunner, script: Script) -> None:
    job = desk.accept(*[FINE] * 9)
    for start in (4, 4, 0, 4):
        await runner.run(job, start)
    assert (desk.records.get(job).done, script.asked) == (8, [range(4, 8), range(4)]), "what is there is not done again"
    await runner.run(job, 8)
    await runner.run(job, 0)
    assert (desk.records.get(job).done, len(script.asked)) == (9, 3), "nothing is done for a job that has ended"


async def test_work_on_a_cancelled_job_stops_and_leaves_nothing(
    desk: Desk, runner: ChunkRunner, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = anyio.Event()

    async def endless(*_: Any) -> Any:
        begun.set()
        await anyio.sleep_forever()

    monkeypatch.setattr(script, "lines", endless)
    job, other = desk.accept(FINE), desk.accept(FINE)
    async with anyio.create_task_group() as working:
        for one in (job, other):
            working.start_soon(runner.run, one, 0)
        await begun.wait()
        desk.records.end(job, JobStatus.CANCELLED)
        runner.stop({job})
        with anyio.fail_after(60):
            while runner.running() != {other}:
                await anyio.sleep(0.01)
        working.cancel_scope.cancel()
    assert desk.records.get(job).done == 0


async def test_a_chunk_waits_for_a_process_and_that_is_no_attempt_of_its_own(
    desk: Desk, runner: ChunkRunner, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[range] = []

    async def at_the_seventh_try(loaded: Any, items: range, context: Any) -> ChunkResult:
        tries.append(items)
        if len(tries) < 7:
            raise WorkerNotStarted("No worker process could be started.")
        return ChunkResult([line(index) for index in items])

    monkeypatch.setattr(runner_module, "_AGAIN_SECONDS", 0.001)
    monkeypatch.setattr(script, "lines", at_the_seventh_try)
    job = desk.accept(FINE, FINE)
    await runner.run(job, 0)
    assert (desk.records.get(job).status, desk.records.get(job).failed) == (JobStatus.SUCCEEDED, 0)
    assert (desk.records.attempts(job, 0), tries) == (1, [range(2)] * 7)


async def test_an_item_whose_process_died_waits_for_another_to_be_started_for_its_second_chance(
    desk: Desk, runner: ChunkRunner, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals: list[Exception] = [WorkerFailed("It died."), WorkerNotStarted("None could be started.")]

    async def at_the_third_try(loaded: Any, items: range, context: Any) -> ChunkResult:
        if refusals:
            raise refusals.pop(0)
        return ChunkResult([line(index) for index in items])

    monkeypatch.setattr(runner_module, "_AGAIN_SECONDS", 0.001)
    monkeypatch.setattr(script, "lines", at_the_third_try)
    job = desk.accept(FINE)
    await runner.run(job, 0)
    assert (desk.records.get(job).status, desk.records.get(job).failed) == (JobStatus.SUCCEEDED, 0)


async def test_results_wait_for_a_database_that_is_away(
    desk: Desk, runner: ChunkRunner, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep, tries = desk.results.keep, []

    def at_the_third_try(*what: Any) -> bool:
        tries.append(what)
        if len(tries) < 3:
            raise StoreUnavailable("its database is not reachable")
        return keep(*what)

    monkeypatch.setattr(runner_module, "_AGAIN_SECONDS", 0.001)
    monkeypatch.setattr(desk.results, "keep", at_the_third_try)
    job = desk.accept(FINE)
    await runner.run(job, 0)
    assert (desk.records.get(job).status, len(tries)) == (JobStatus.SUCCEEDED, 3)


@pytest.mark.parametrize(("begun", "failed", "code"), [(4, 0, None), (5, 4, "abandoned")])
async def test_a_chunk_that_ends_every_executor_ends_as_an_error_after_five_of_them(
    desk: Desk, runner: ChunkRunner, script: Script, begun: int, failed: int, code: str | None
) -> None:
    job = desk.accept(*[FINE] * 9)
    for _ in range(begun):
        desk.records.attempt(job, 4)  # and died
    await runner.run(job, 4)
    row = desk.records.get(job)
    assert (row.done, row.failed, script.asked) == (4, failed, [] if failed else [range(4, 8)])
    assert desk.results.line(job, 5) == [line(5, code)]


class Noted:
    """Lines that note how many chunks are worked on together, and wait for `goes_on` before they end."""

    def __init__(self, goes_on: Callable[[], bool]) -> None:
        self.going = 0
        self.together: list[int] = []
        self._goes_on = goes_on

    async def lines(self, loaded: Any, items: range, context: Any) -> ChunkResult:
        self.going += 1
        self.together.append(self.going)
        with anyio.fail_after(60):
            while not self._goes_on():
                await anyio.sleep(0.01)
        await anyio.sleep(0.2)
        self.going -= 1
        return ChunkResult([line(index) for index in items])


async def test_a_chunk_that_was_begun_before_works_alone(
    desk: Desk, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = ChunkRunner(desk.records, desk.results, NO_CONTEXT, 3)
    attempts, looked_up = desk.records.attempts, set[int]()

    def noted(job: str, start: int) -> int:
        looked_up.add(start)
        return attempts(job, start)

    found = Noted(lambda: looked_up == {0, 4, 8})  # by then all would have begun
    monkeypatch.setattr(desk.records, "attempts", noted)
    monkeypatch.setattr(script, "lines", found.lines)
    job = desk.accept(*[FINE] * 12)
    for start in (0, 4):  # the third is begun for the first time, and beside neither
        desk.records.attempt(job, start)
    async with anyio.create_task_group() as working:
        for start in (0, 4, 8):
            working.start_soon(runner.run, job, start)
    assert (found.together, desk.records.get(job).status) == ([1, 1, 1], JobStatus.SUCCEEDED)


async def test_two_chunks_that_have_to_be_alone_do_not_wait_for_each_other(desk: Desk) -> None:
    runner, went = ChunkRunner(desk.records, desk.results, NO_CONTEXT, 2), list[int]()

    async def go(number: int) -> None:
        async with runner._slot(alone=True):
            went.append(number)

    with anyio.fail_after(60):
        async with anyio.create_task_group() as working:
            for number in range(2):
                working.start_soon(go, number)
    assert went == [0, 1]


async def test_chunks_that_begin_work_together(desk: Desk, script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    runner = ChunkRunner(desk.records, desk.results, NO_CONTEXT, 3)
    found = Noted(lambda: 3 in found.together)
    monkeypatch.setattr(script, "lines", found.lines)
    job = desk.accept(*[FINE] * 12)
    async with anyio.create_task_group() as working:
        for start in (0, 4, 8):
            working.start_soon(runner.run, job, start)
    assert (max(found.together), desk.records.get(job).status) == (3, JobStatus.SUCCEEDED)
