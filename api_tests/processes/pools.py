"""A pool of worker processes of its own for a test, and simulations that nothing keeps from reaching it."""

import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from anyio import sleep

from api_tests.networks import Json, stack
from api_tests.processes.processes import children
from service.core.settings import Settings
from service.processes.pool import ProcessPool
from service.simulation.plan import plan
from service.simulation.simulate import report_json
from service.simulation.spec import SimulationSpec

PATIENCE = 30.0
"""Seconds after which a test gives up waiting."""
PRELOAD = ["service.simulation.simulate"]


def asked(network: Json, **fields: object) -> SimulationSpec:
    return SimulationSpec.model_validate({"network": network, "trials": 1, **fields})


QUICK = asked(stack(2, 4))


async def simulated(pool: ProcessPool, spec: SimulationSpec) -> bytes:
    """The report on `spec`, whatever it costs."""
    return await pool.run(partial(report_json, plan(spec)))


@asynccontextmanager
async def started(
    kind: type[ProcessPool] = ProcessPool, **settings: object
) -> AsyncIterator[tuple[ProcessPool, set[int]]]:
    """A pool and its processes, which end with the block."""
    before = children()
    pool = kind(Settings.model_validate({"workers": 1, "sync_deadline_seconds": 60.0, **settings}), PRELOAD)
    await pool.start()
    try:
        yield pool, children() - before
    finally:
        for process in children() - before:
            os.kill(process, signal.SIGKILL)


async def until(condition: Callable[[], object]) -> None:
    """Wait for `condition` without holding up anybody else."""
    stop = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < stop, "waited in vain"
        await sleep(0.01)
