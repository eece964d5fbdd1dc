"""The pool of worker processes without HTTP: deadline, death and memory of its processes, and what may run at once."""

import json
import os
import signal
import time
from collections.abc import Awaitable

import pytest
from anyio import create_task_group, sleep

from api_tests.networks import stack
from api_tests.processes.pools import PATIENCE, QUICK, asked, simulated, started, until
from api_tests.processes.processes import children, cpu_seconds, exists
from service.core.errors import BudgetExceeded, DeadlineExceeded, QueueFull, Refusal, WorkerFailed
from service.core.settings import Settings
from service.processes.pool import ProcessPool
from service.simulation.estimate import Limits, cost
from service.simulation.plan import plan
from service.simulation.spec import SimulationSpec
from service.simulation.vocabulary import Label
from service.store.archive import Archive
from service.store.stores import NullStore

pytestmark = pytest.mark.anyio

TWENTY_SECONDS = Settings().sync_budget_flops
"""Operations that take about twenty seconds."""

SHORT = asked(stack(20, 64), trials=40)
ENDLESS = asked(stack(20, 512), trials=10_000)
ROOMY = asked(stack(1, 6000))
"""Weights, their gradient and what they are drawn from: some 300 MB each."""

DEMANDING = {
    "many trials of many layers": asked(stack(60, 1), data={"samples": 1}, trials=6_000),
    "many weights": asked(stack(1, 2500)),
    "many samples": asked(stack(2, 64), data={"samples": 60_000}),
    "histograms": asked(stack(1, 2500), include=["histograms"]),
}


async def outcome(simulation: Awaitable[bytes]) -> str:
    """The label of a report, or the code of a refusal."""
    try:
        label: str = json.loads(await simulation)["verdict"]["label"]
    except Refusal as refusal:
        return refusal.code
    return label


def busy(process: int, since: float = 0.0) -> bool:
    """Whether `process` has worked on something since it had used so many seconds."""
    return cpu_seconds(process) > since + 0.1


async def test_a_simulation_of_hours_is_ended_at_its_deadline_and_so_is_its_process() -> None:
    async with started(sync_deadline_seconds=1.0) as (pool, processes):
        assert cost(plan(ENDLESS)).floating_point_operations > 30 * TWENTY_SECONDS
        began = time.perf_counter()
        with pytest.raises(DeadlineExceeded) as refusal:
            await simulated(pool, ENDLESS)
        assert 1.0 <= time.perf_counter() - began < PATIENCE
        assert refusal.value.facts == {"limit_seconds": 1.0}
        await until(lambda: not any(map(exists, processes)))
        assert await outcome(simulated(pool, QUICK)) == "stable"


async def test_a_process_that_dies_at_work_costs_its_own_simulation_only() -> None:
    async with started(workers=2) as (pool, processes):
        ends: list[str] = []

        async def endure() -> None:
            ends.append(await outcome(simulated(pool, ENDLESS)))

        idle = {process: cpu_seconds(process) for process in processes}
        async with create_task_group() as at_work:
            at_work.start_soon(endure)
            await until(lambda: any(busy(process, idle[process]) for process in processes))
            victim = next(process for process in processes if busy(process, idle[process]))
            assert await outcome(simulated(pool, QUICK)) == "stable"
            os.kill(victim, signal.SIGKILL)
        assert ends == ["worker-failed"]
        assert await outcome(simulated(pool, QUICK)) == "stable"


async def test_processes_that_die_at_rest_are_replaced_and_nobody_notices() -> None:
    async with started(workers=2) as (pool, processes):
        for process in processes:
            os.kill(process, signal.SIGKILL)
        ends = [await outcome(simulated(pool, QUICK)) for _ in range(3)]
        assert ends == ["stable"] * 3


async def test_a_simulation_that_needs_more_memory_than_its_process_may_have_is_refused() -> None:
    async with started(memory_bytes_per_worker=512 << 20) as (pool, _):
        with pytest.raises(WorkerFailed) as refusal:
            await simulated(pool, ROOMY)
        assert refusal.value.facts == {"limit_bytes": 512 << 20}
        assert await outcome(simulated(pool, QUICK)) == "stable"


@pytest.mark.parametrize("spec", DEMANDING.values(), ids=DEMANDING)
async def test_what_a_simulation_is_estimated_to_take_is_enough_for_it(spec: SimulationSpec) -> None:
    reckoned = cost(plan(spec)).bytes
    async with started(memory_bytes_per_worker=reckoned) as (pool, _):
        assert await outcome(simulated(pool, spec)) in set(Label)


async def test_a_process_at_rest_takes_no_more_memory_than_estimates_reckon_with() -> None:
    async with started() as (pool, processes):
        assert await outcome(simulated(pool, QUICK)) == "stable"
        for process in processes:
            with open(f"/proc/{process}/status", encoding="utf-8") as status:
                peak = next(int(line.split()[1]) << 10 for line in status if line.startswith("VmPeak"))
            assert peak < cost(plan(QUICK)).bytes


async def test_as_many_simulations_run_at_once_as_there_are_processes() -> None:
    async with started(workers=2, sync_deadline_seconds=2.0) as (pool, processes):
        assert len(processes) == 2
        idle = {process: cpu_seconds(process) for process in processes}
        ends: list[str] = []

        async def endure() -> None:
            ends.append(await outcome(simulated(pool, ENDLESS)))

        async with create_task_group() as at_work:
            for _ in range(2):
                at_work.start_soon(endure)
            await until(lambda: all(busy(process, idle[process]) for process in processes))
            assert ends == []
        assert ends == ["deadline-exceeded"] * 2


@pytest.mark.parametrize(("limit", "answered"), [(0, 1), (2, 3)])
async def test_no_more_simulations_wait_than_may(limit: int, answered: int) -> None:
    async with started(queue_limit=limit) as (pool, _):
        ends: list[str] = []

        async def ask() -> None:
            ends.append(await outcome(simulated(pool, SHORT)))

        async with create_task_group() as at_work:
            for _ in range(6):
                at_work.start_soon(ask)
        assert sorted(ends) == ["queue-full"] * (6 - answered) + ["stable"] * answered


async def test_a_full_queue_tells_when_to_come_back() -> None:
    async with started(queue_limit=0) as (pool, _), create_task_group() as at_work:
        at_work.start_soon(outcome, simulated(pool, SHORT))
        await sleep(0)  # to the start of the other task
        with pytest.raises(QueueFull) as refusal:
            await simulated(pool, SHORT)
        assert refusal.value.retry_after_seconds >= 1
        assert refusal.value.facts["limit"] == 0


async def test_what_is_over_the_budget_never_reaches_a_process() -> None:
    pool = ProcessPool(Settings(workers=1))
    archive = Archive(pool, NullStore(), Limits(1.0, 1 << 40), cache_bytes=0)
    before = children()
    with pytest.raises(BudgetExceeded, match="POST /v1/sweeps takes more"):
        await archive.answer(QUICK)
    assert children() == before
