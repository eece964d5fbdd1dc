"""Simulations in a process of a pool: its memory is what an estimate says, and what costs too much is not simulated."""

import json
from functools import partial

import pytest

from api_tests.networks import Json, stack
from api_tests.processes.pools import PATIENCE, started
from api_tests.processes.processes import workers
from service.core.errors import BudgetExceeded, WorkerFailed
from service.core.payload import Payload
from service.core.settings import Settings
from service.processes.pool import PoolLimits, ProcessPool
from service.simulation.estimate import Limits, cost
from service.simulation.plan import plan
from service.simulation.simulate import report_json
from service.simulation.spec import SimulationSpec
from service.simulation.vocabulary import Label
from service.store.archive import Archive
from service.store.stores import NullStore

pytestmark = pytest.mark.anyio

PRELOAD = ["service.simulation.simulate"]


def asked(network: Json, **fields: object) -> SimulationSpec:
    return SimulationSpec.model_validate({"network": network, "trials": 1, **fields})


async def label(pool: ProcessPool, spec: SimulationSpec) -> str:
    """The label of the report on `spec`, whatever it costs."""
    report = json.loads(await pool.run(partial(report_json, plan(spec)), 2 * PATIENCE))
    found: str = report["verdict"]["label"]
    return found


QUICK = asked(stack(2, 4))
ROOMY = asked(stack(1, 6000))
"""Weights, their gradient and what they are drawn from: some 300 MB each."""

DEMANDING = {
    "many trials of many layers": asked(stack(60, 1), data={"samples": 1}, trials=6_000),
    "many weights": asked(stack(1, 2500)),
    "many samples": asked(stack(2, 64), data={"samples": 60_000}),
    "histograms": asked(stack(1, 2500), include=["histograms"]),
}


async def test_a_simulation_that_needs_more_memory_than_its_process_may_have_is_refused() -> None:
    async with started(memory_bytes=512 << 20, preload=PRELOAD) as pool:
        with pytest.raises(WorkerFailed) as refusal:
            await label(pool, ROOMY)
        assert refusal.value.facts == {"limit_bytes": 512 << 20}
        assert await label(pool, QUICK) == "stable"


@pytest.mark.parametrize("spec", DEMANDING.values(), ids=DEMANDING)
async def test_what_a_simulation_is_estimated_to_take_is_enough_for_it(spec: SimulationSpec) -> None:
    async with started(memory_bytes=cost(plan(spec)).bytes, preload=PRELOAD) as pool:
        assert await label(pool, spec) in set(Label)


async def test_a_process_at_rest_takes_no_more_memory_than_estimates_reckon_with() -> None:
    before = workers()
    async with started(memory_bytes=2 << 30, preload=PRELOAD) as pool:
        assert await label(pool, QUICK) == "stable"
        (process,) = workers() - before
        with open(f"/proc/{process}/status", encoding="utf-8") as status:
            peak = next(int(line.split()[1]) << 10 for line in status if line.startswith("VmPeak"))
        assert peak < cost(plan(QUICK)).bytes


async def test_what_is_over_the_budget_never_reaches_a_process() -> None:
    pool, before = ProcessPool(PoolLimits.of(Settings(workers=1))), workers()
    archive = Archive(pool, NullStore(), Limits(1.0, 1 << 40), cache_bytes=0)
    with pytest.raises(BudgetExceeded, match="POST /v1/sweeps takes more"):
        await archive.answer(Payload.of(QUICK))
    assert workers() == before
