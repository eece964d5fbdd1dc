"""Nothing is simulated in a process that is not bound to its share of memory and to its parent's life."""

import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import pytest
from anyio import sleep

from api_tests.processes.pools import QUICK, simulated, started, until
from api_tests.processes.processes import children
from service.core.settings import Settings
from service.processes.pool import ProcessPool

pytestmark = pytest.mark.anyio

T = TypeVar("T")
GIBIBYTE = 1 << 30


def address_space(process: int) -> str:
    """What /proc says of the largest address space of `process`."""
    lines = Path(f"/proc/{process}/limits").read_text(encoding="utf-8").splitlines()
    return next(line.split()[3] for line in lines if line.startswith("Max address space"))


class Bereaved(ProcessPool):
    """A pool whose process is gone between being armed and being used: dead, or taken by another simulation."""

    def __init__(self, settings: Settings, preload: Sequence[str]) -> None:
        super().__init__(settings, preload)
        self.others = children()

    async def _result(self, task: Callable[[], T], seconds: float) -> T:
        for process in children() - self.others:
            os.kill(process, signal.SIGKILL)
        await until(lambda: not children() - self.others)
        await sleep(0.1)  # until the loop has heard of it
        return await super()._result(task, seconds)


async def test_every_process_has_its_limit_from_the_start() -> None:
    async with started(workers=2, memory_bytes_per_worker=GIBIBYTE) as (_, processes):
        assert [address_space(process) for process in processes] == [str(GIBIBYTE)] * 2


async def test_a_process_that_is_started_for_a_simulation_has_its_limit_before_it() -> None:
    others = children()
    async with started(Bereaved, memory_bytes_per_worker=GIBIBYTE) as (pool, _):
        await simulated(pool, QUICK)
        assert [address_space(process) for process in children() - others] == [str(GIBIBYTE)]
