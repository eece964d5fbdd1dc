"""The pool of processes, option by option: every task has its own answer or its own error, and no process is left."""

import os
import pickle
import resource
import signal
import threading
import time
from functools import partial
from math import inf
from pathlib import Path

import anyio
import pytest
from anyio import create_task_group, move_on_after, sleep
from hypothesis import example, given, settings
from hypothesis import strategies as st

from api_tests.processes.pools import (
    DIES,
    FOREVER,
    HERE,
    PATIENCE,
    any_processors,
    helped,
    met,
    process_of,
    raise_misread,
    raise_of_two,
    raise_unpicklable,
    started,
    survived_signals,
    until,
)
from api_tests.processes.processes import exists, workers
from service.core.errors import DeadlineExceeded, NotReady, QueueFull, Refusal, WorkerFailed, WorkerNotStarted
from service.processes import process as module
from service.processes.pool import PoolLimits, ProcessPool

pytestmark = pytest.mark.anyio

GIBIBYTE = 1 << 30
TOO_MUCH = partial(bytes, 4 * GIBIBYTE)
KINDS = ("answers", "answers at length", "raises", "dies", "takes too much memory", "takes too long", "is cancelled")


async def ended(pool: ProcessPool, kind: str, number: int) -> object:
    """The end of a task of this kind: its answer, or what it is told."""
    tasks = {
        "answers": (partial(divmod, number, 7), PATIENCE),
        "answers at length": (partial(bytes, 1_000_000 + number), PATIENCE),
        "raises": (partial(int, f"x{number}"), PATIENCE),
        "dies": (DIES, PATIENCE),
        "takes too much memory": (TOO_MUCH, PATIENCE),
        "takes too long": (FOREVER, 0.2 + number / 1000),
        "is cancelled": (FOREVER, inf),
    }
    with move_on_after(0.1 if kind == "is cancelled" else inf):
        try:
            return await pool.work(*tasks[kind])
        except ValueError as error:
            return str(error)
        except Refusal as refusal:
            return refusal.code, refusal.facts
    return "cancelled"


def expected(kind: str, number: int) -> object:
    return {
        "answers": divmod(number, 7),
        "answers at length": bytes(1_000_000 + number),
        "raises": f"invalid literal for int() with base 10: 'x{number}'",
        "dies": ("worker-failed", {}),
        "takes too much memory": ("worker-failed", {"limit_bytes": GIBIBYTE}),
        "takes too long": ("deadline-exceeded", {"limit_seconds": 0.2 + number / 1000}),
        "is cancelled": "cancelled",
    }[kind]


async def all_ended(kinds: list[str]) -> None:
    async with started(processes=2, memory_bytes=GIBIBYTE) as pool:
        ends: dict[int, object] = {}

        async def end(number: int, kind: str) -> None:
            ends[number] = await ended(pool, kind, number)

        async with create_task_group() as asking:
            for number, kind in enumerate(kinds):
                asking.start_soon(end, number, kind)
        assert ends == {number: expected(kind, number) for number, kind in enumerate(kinds)}
        await until(lambda: (pool.busy, pool.waiting) == (0, 0))  # those whose callers have left, too
        assert await both_answer(pool)
        assert len(pool._workers) == 2


async def both_answer(pool: ProcessPool) -> bool:
    """Whether two processes of the pool work at the same time."""
    answers: list[bool] = []

    async def meet(own: Path, other: Path) -> None:
        answers.append(await pool.work(partial(met, own, other), 2 * PATIENCE))

    async with anyio.TemporaryDirectory() as folder, create_task_group() as meeting:
        meeting.start_soon(meet, Path(folder, "one"), Path(folder, "other"))
        meeting.start_soon(meet, Path(folder, "other"), Path(folder, "one"))
    return answers == [True, True]


@given(kinds=st.lists(st.sampled_from(KINDS), max_size=10))
@example(kinds=[*KINDS])
@settings(max_examples=8, deadline=None)
async def test_every_task_has_its_own_end_whatever_happens_to_the_others(kinds: list[str]) -> None:
    await all_ended(kinds)


async def test_what_a_task_raises_is_raised_with_the_traceback_of_its_process() -> None:
    async with started() as pool:
        process = await process_of(pool)
        with pytest.raises(ValueError, match="'x'") as error:
            await pool.work(partial(int, "x"), PATIENCE)
        assert "worker.py" in error.value.__notes__[0]
        assert await process_of(pool) == process


@pytest.mark.parametrize("task", [raise_unpicklable, raise_of_two, raise_misread])
async def test_an_error_that_cannot_be_pickled_is_told_in_words(task: object) -> None:
    async with started() as pool:
        process = await process_of(pool)
        with pytest.raises(RuntimeError, match=f"Traceback(.|\n)* in {task.__name__}\n"):  # type: ignore[attr-defined]
            await pool.work(task, PATIENCE)  # type: ignore[arg-type]
        assert await process_of(pool) == process


async def test_a_result_that_cannot_be_pickled_is_an_error_of_the_task() -> None:
    async with started() as pool:
        process = await process_of(pool)
        with pytest.raises((AttributeError, TypeError, pickle.PicklingError)):
            await pool.work(partial(eval, "lambda: None"), PATIENCE)
        assert await process_of(pool) == process


async def test_a_long_answer_keeps_nothing_else_waiting() -> None:
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            await sleep(0)
            turns += 1

    async with started() as pool, create_task_group() as beside:
        await until(lambda: pool.busy == 0)
        answer = partial(eval, f"__import__('time').sleep(0.1) or bytes({32 << 20})")
        beside.start_soon(take_turns)
        assert await pool.work(answer, PATIENCE) == bytes(32 << 20)
        assert turns > 100
        beside.cancel_scope.cancel()


async def test_no_thread_waits_for_an_answer() -> None:
    async with started(processes=2) as pool, create_task_group() as waiting:
        before = threading.active_count()
        for _ in range(4):
            waiting.start_soon(pool.work, FOREVER, inf)
        await until(lambda: (pool.busy, pool.waiting) == (2, 2))
        assert threading.active_count() <= before
        waiting.cancel_scope.cancel()


async def test_a_process_hears_nothing_of_what_a_terminal_sends_to_all() -> None:
    async with started() as pool:
        assert await pool.work(survived_signals, PATIENCE) == "survived"


async def test_a_process_may_have_helpers_which_end_with_it() -> None:
    async with started() as pool:
        processes = await pool.work(helped, PATIENCE)
        assert len(set(processes)) == 3
        assert processes[0] == await process_of(pool)
    assert not await anyio.to_thread.run_sync(lambda: until_gone(processes))


def until_gone(processes: list[int]) -> set[int]:
    """Those of `processes` that still run after a while."""
    stop = time.monotonic() + PATIENCE
    while any(map(exists, processes)) and time.monotonic() < stop:
        time.sleep(0.01)
    return set(filter(exists, processes))


async def test_a_process_that_died_while_it_was_idle_is_replaced_and_no_task_fails() -> None:
    others = workers()
    async with started(processes=2) as pool:
        before = workers()
        for process in before - others:
            os.kill(process, signal.SIGKILL)
            os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)  # it has died, and is not yet buried
        assert await both_answer(pool)
        assert not workers() & before or len(workers()) == len(before)


async def test_a_process_that_dies_costs_its_own_task_alone(tmp_path: Path) -> None:
    answers: list[bool] = []

    async with started(processes=2) as pool, create_task_group() as beside:

        async def meet() -> None:
            answers.append(await pool.work(partial(met, tmp_path / "here", tmp_path / "later"), PATIENCE))

        beside.start_soon(meet)
        await until((tmp_path / "here").exists)
        with pytest.raises(WorkerFailed, match=r"^The process that simulated died; nothing else was lost\.$"):
            await pool.work(DIES, PATIENCE)
        (tmp_path / "later").touch()
    assert answers == [True]


# --- memory, and what is loaded


@pytest.mark.parametrize("limit", [GIBIBYTE, None])
async def test_every_process_has_its_limit_of_memory_before_its_first_task(limit: int | None) -> None:
    asked = partial(resource.getrlimit, resource.RLIMIT_AS)
    async with started(memory_bytes=limit) as pool:
        first, (_, hard) = await process_of(pool), resource.getrlimit(resource.RLIMIT_AS)
        for _ in range(2):
            soft, _ = await pool.work(asked, PATIENCE)
            assert soft == (hard if limit is None else limit)
            with pytest.raises(WorkerFailed):
                await pool.work(DIES, PATIENCE)
        assert await process_of(pool) != first


async def test_a_task_that_runs_out_of_memory_is_told_how_much_it_has() -> None:
    async with started(memory_bytes=GIBIBYTE) as pool:
        process = await process_of(pool)
        with pytest.raises(WorkerFailed, match=f"^The simulation ran out of the memory of its process, {GIBIBYTE} b"):
            await pool.work(TOO_MUCH, PATIENCE)
        assert await process_of(pool) == process


async def test_modules_are_imported_and_functions_called_before_the_first_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STARTS", str(tmp_path / "starts"))
    async with started(preload=["api_tests.networks", f"{HERE}:begin"]) as pool:
        assert (tmp_path / "starts").read_text() == f"{await process_of(pool)}\n"
        assert await pool.work(partial(eval, "'api_tests.networks' in __import__('sys').modules"), PATIENCE)


@pytest.mark.parametrize("failures", [0, 2])
async def test_a_process_whose_start_fails_is_tried_again(
    failures: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STARTS", str(tmp_path / "starts"))
    monkeypatch.setenv("STARTS_FAILED", str(failures))
    async with started(preload=[f"{HERE}:begin"]) as pool:
        *dead, living = map(int, (tmp_path / "starts").read_text().split())
        assert len(dead) == failures
        assert await process_of(pool) == living
        assert not any(map(exists, dead))


async def test_after_three_failed_starts_the_caller_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STARTS", str(tmp_path / "starts"))
    monkeypatch.setenv("STARTS_FAILED", "100")
    pool, before = ProcessPool(PoolLimits(1, PATIENCE, 1), [f"{HERE}:begin"]), workers()
    with pytest.raises(WorkerNotStarted):
        await process_of(pool)
    assert len((tmp_path / "starts").read_text().split()) == 3
    assert workers() == before
    assert pool.busy == 0


async def test_where_the_system_has_no_more_processes_the_caller_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise BlockingIOError("no more processes")

    opened = len(os.listdir("/proc/self/fd"))
    monkeypatch.setattr(module, "Popen", refused)
    with pytest.raises(WorkerNotStarted):
        await process_of(ProcessPool(PoolLimits(1, PATIENCE, 1)))
    assert len(os.listdir("/proc/self/fd")) == opened


async def test_a_process_that_was_killed_is_replaced_at_once_and_no_caller_starts_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = tmp_path / "starts"
    starts.touch()
    monkeypatch.setenv("STARTS", str(starts))
    async with started(preload=[f"{HERE}:begin"]) as pool:
        with pytest.raises(WorkerFailed):
            await pool.work(DIES, PATIENCE)
        await until(lambda: starts.read_text().count("\n") == 2)  # and nothing has been asked
        await until(lambda: len(pool._workers) == 1)
        assert await process_of(pool) == int(starts.read_text().split()[1])
        assert starts.read_text().count("\n") == 2
        assert (pool.counts.starts, pool.counts.restarts, pool.counts.deaths) == (2, 1, 1)


async def test_a_task_waits_for_a_start_no_longer_than_its_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STARTS", str(tmp_path / "starts"))
    async with started(deadline_seconds=1.0, preload=[f"{HERE}:begin"]) as pool:
        monkeypatch.setenv("GATE", str(tmp_path / "gate"))
        with pytest.raises(WorkerFailed):
            await pool.work(DIES, PATIENCE)
        with pytest.raises(WorkerNotStarted):
            await pool.run(partial(any_processors, os.getpid))
        with pytest.raises(NotReady, match="No worker process answers"):
            pool.check_ready()
        (tmp_path / "gate").touch()
        await until(lambda: len(pool._workers) == 1)
        pool.check_ready()


async def test_a_spare_process_takes_the_place_of_one_that_was_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STARTS", str(tmp_path / "starts"))
    async with started(spare=1, preload=[f"{HERE}:begin"]) as pool:
        await until(lambda: pool.spare == 1)
        monkeypatch.setenv("GATE", str(tmp_path / "gate"))  # the next start takes its time
        with pytest.raises(WorkerFailed):
            await pool.work(DIES, PATIENCE)
        assert pool.spare == 0
        await process_of(pool)
        (tmp_path / "gate").touch()
        await until(lambda: pool.spare == 1)


async def test_no_more_tasks_are_worked_on_at_a_time_though_there_is_a_spare_process() -> None:
    async with started(spare=1) as pool, create_task_group() as asking:
        await until(lambda: pool.spare == 1)
        for _ in range(2):
            asking.start_soon(pool.work, FOREVER, inf)
        await until(lambda: (pool.busy, pool.waiting) == (1, 1))
        asking.cancel_scope.cancel()


async def test_a_pool_is_ready_once_all_processes_are_there() -> None:
    pool = ProcessPool(PoolLimits(2, PATIENCE, 1))
    with pytest.raises(NotReady):
        pool.check_ready()
    async with started(processes=2) as pool:
        pool.check_ready()
        assert len(pool._workers) == 2


# --- queue and deadline


@pytest.mark.parametrize("queue", [0, 2])
async def test_no_more_tasks_wait_than_may_and_those_that_wait_are_answered(queue: int, tmp_path: Path) -> None:
    answers: list[bool] = []
    async with started(queue=queue) as pool, create_task_group() as asking:
        task = partial(any_processors, partial(met, tmp_path / "here", tmp_path / "later"))

        async def ask() -> None:
            answers.append(await pool.run(task))

        for _ in range(1 + queue):
            asking.start_soon(ask)
        await until(lambda: (pool.busy, pool.waiting) == (1, queue))
        with pytest.raises(QueueFull) as refusal:
            await pool.run(task)
        assert refusal.value.facts | {"retry_after_seconds": 1} == {
            "waiting": queue,
            "limit": queue,
            "retry_after_seconds": 1,
        }
        (tmp_path / "later").touch()
    assert answers == [True] * (1 + queue)


async def test_a_full_queue_tells_when_another_would_have_its_turn() -> None:
    async with started(processes=2, queue=3) as pool, create_task_group() as asking:
        for _ in range(5):
            asking.start_soon(partial(pool.run, partial(any_processors, FOREVER), cost_seconds=1.0))
        await until(lambda: (pool.busy, pool.waiting) == (2, 3))
        with pytest.raises(QueueFull) as refusal:
            await pool.run(partial(any_processors, FOREVER), cost_seconds=1.0)
        assert refusal.value.retry_after_seconds == 2  # two at a time: a second for two, and for two more
        asking.cancel_scope.cancel()


async def test_a_task_whose_cost_is_not_told_is_expected_to_take_what_such_tasks_took() -> None:
    async with started() as pool:
        task = partial(any_processors, os.getpid)
        await pool.run(task)
        (kind,) = pool._learnt
        pool._learnt[kind] = 1000.0
        for _ in range(30):
            await pool.run(task)
        assert pool._learnt[kind] <= PATIENCE


async def test_a_task_waits_for_a_process_as_long_as_it_may_take_and_no_longer() -> None:
    async with started(deadline_seconds=0.5) as pool, create_task_group() as beside:
        beside.start_soon(pool.work, FOREVER, inf)
        await until(lambda: pool.busy)
        with pytest.raises(QueueFull):
            await pool.run(partial(any_processors, os.getpid))
        beside.cancel_scope.cancel()


async def test_the_work_of_a_job_waits_for_a_process_as_long_as_it_takes(tmp_path: Path) -> None:
    async with started(deadline_seconds=0.1, queue=0) as pool, create_task_group() as beside:
        beside.start_soon(pool.work, partial(met, tmp_path / "here", tmp_path / "later"), PATIENCE)
        await until((tmp_path / "here").exists)
        beside.start_soon(pool.work, os.getpid, PATIENCE)
        await sleep(0.5)
        assert (pool.busy, pool.waiting) == (1, 1)
        (tmp_path / "later").touch()


@pytest.mark.parametrize("given_seconds", [None, 0.5])
async def test_a_task_is_ended_at_its_deadline_with_its_process(given_seconds: float | None) -> None:
    async with started(deadline_seconds=0.5 if given_seconds is None else PATIENCE) as pool:
        process = await process_of(pool)
        with anyio.fail_after(PATIENCE), pytest.raises(DeadlineExceeded) as refusal:
            await pool.run(partial(any_processors, FOREVER), given_seconds)
        assert refusal.value.facts == {"limit_seconds": 0.5}
        await until(lambda: not exists(process))
        assert await process_of(pool) != process


async def test_a_task_may_use_its_own_processor_and_those_of_idle_processes(tmp_path: Path) -> None:
    async with started(processes=3) as pool, create_task_group() as beside:
        assert await pool.run(partial(max, 0)) == 3
        beside.start_soon(pool.work, partial(met, tmp_path / "here", tmp_path / "later"), PATIENCE)
        await until((tmp_path / "here").exists)
        assert await pool.run(partial(max, 0)) == 2
        (tmp_path / "later").touch()


# --- a caller that leaves, and the end


async def test_a_caller_that_is_cancelled_leaves_at_once_and_long_work_ends_with_its_process() -> None:
    async with started() as pool:
        process = await process_of(pool)
        async with create_task_group() as asking:
            asking.start_soon(partial(pool.run, partial(any_processors, FOREVER), cost_seconds=20.0))
            await until(lambda: pool.busy)
            asking.cancel_scope.cancel()
        assert exists(process), "the caller has waited for the end of its work"
        await until(lambda: not exists(process))
        assert pool.counts.aborts == 1
        assert await process_of(pool) != process
        assert (pool.busy, pool.counts.restarts) == (0, 1)


async def test_short_work_is_finished_though_its_caller_is_cancelled(tmp_path: Path) -> None:
    async with started() as pool:
        process = await process_of(pool)
        async with create_task_group() as asking:
            task = partial(any_processors, partial(met, tmp_path / "here", tmp_path / "later"))
            asking.start_soon(partial(pool.run, task, cost_seconds=0.1))
            await until((tmp_path / "here").exists)
            asking.cancel_scope.cancel()
        assert pool.busy == 1
        (tmp_path / "later").touch()
        await until(lambda: pool.busy == 0)
        assert await process_of(pool) == process
        assert pool.counts.restarts == 0


async def test_work_of_a_job_whose_caller_is_cancelled_ends_within_seconds() -> None:
    async with started() as pool:
        process = await process_of(pool)
        async with create_task_group() as asking:
            asking.start_soon(pool.work, FOREVER, inf)
            await until(lambda: pool.busy)
            asking.cancel_scope.cancel()
        await until(lambda: not exists(process))


async def test_a_task_that_is_not_cancellable_is_finished_though_its_caller_is_cancelled(tmp_path: Path) -> None:
    async with started(cancellable=False) as pool:
        process = await process_of(pool)
        async with create_task_group() as asking:
            task = partial(any_processors, partial(met, tmp_path / "here", tmp_path / "later"))
            asking.start_soon(partial(pool.run, task, 2 * PATIENCE, cost_seconds=60.0))
            await until((tmp_path / "here").exists)
            asking.cancel_scope.cancel()
        assert pool.busy == 1
        await sleep(2.0)  # longer than what may be killed has
        (tmp_path / "later").touch()
        await until(lambda: pool.busy == 0)
        assert await process_of(pool) == process


async def test_a_task_that_is_not_cancellable_still_has_a_deadline() -> None:
    async with started(cancellable=False) as pool:
        process = await process_of(pool)
        async with create_task_group() as asking:
            asking.start_soon(ended_in_time, pool)
            await until(lambda: pool.busy)
            asking.cancel_scope.cancel()
        await until(lambda: not exists(process))


async def ended_in_time(pool: ProcessPool) -> None:
    with pytest.raises(DeadlineExceeded):
        await pool.work(FOREVER, 0.5)


async def test_the_end_of_a_pool_is_told_to_the_tasks_it_is_at_and_the_next_task_starts_a_process() -> None:
    told: list[str] = []
    async with started() as pool, create_task_group() as asking:
        process = await process_of(pool)

        async def ask() -> None:
            with pytest.raises(WorkerFailed) as failure:
                await pool.work(FOREVER, inf)
            told.append(failure.value.code)

        asking.start_soon(ask)
        await until(lambda: pool.busy)
        await pool.end()
        assert not exists(process)
        await until(lambda: told)
        assert await process_of(pool) != process


async def test_the_end_of_a_pool_is_told_to_a_task_whose_process_still_starts_and_no_other_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = tmp_path / "starts"
    starts.touch()
    monkeypatch.setenv("STARTS", str(starts))
    monkeypatch.setenv("GATE", str(tmp_path / "never"))
    pool, before = ProcessPool(PoolLimits(1, PATIENCE, 1), [f"{HERE}:begin"], cancellable=False), workers()

    async def ask() -> None:
        with pytest.raises(WorkerFailed):
            await process_of(pool)

    async with create_task_group() as asking:
        asking.start_soon(ask)
        await until(starts.read_text)
        await pool.end()
    assert starts.read_text().count("\n") == 1
    assert workers() == before
