"""A worker of its own for a test, with as little between the test and its processes as can be."""

import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from anyio import sleep

from api_tests.networks import Json, stack
from api_tests.worker.processes import children
from service.core.settings import Settings
from service.processes.pool import Worker
from service.simulation.estimate import Limits
from service.simulation.spec import SimulationSpec

PATIENCE = 30.0
"""Seconds after which a test gives up waiting."""


class Boundless(Worker):
    """A worker that believes every estimate to be within its limits; its processes have those of `settings`."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._limits = Limits(floating_point_operations=1e30, bytes=1 << 60)


def asked(network: Json, **fields: object) -> SimulationSpec:
    return SimulationSpec.model_validate({"network": network, "trials": 1, **fields})


QUICK = asked(stack(2, 4))


@asynccontextmanager
async def started(kind: type[Boundless] = Boundless, **settings: object) -> AsyncIterator[tuple[Worker, set[int]]]:
    """A worker and its processes, which end with the block."""
    before = children()
    worker = kind(Settings.model_validate({"workers": 1, "sync_deadline_seconds": 60.0, **settings}))
    await worker.start()
    try:
        yield worker, children() - before
    finally:
        for process in children() - before:
            os.kill(process, signal.SIGKILL)


async def until(condition: Callable[[], object]) -> None:
    """Wait for `condition` without holding up anybody else."""
    stop = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < stop, "waited in vain"
        await sleep(0.01)
