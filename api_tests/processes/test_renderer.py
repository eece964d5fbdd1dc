"""The process that draws: one, without a limit of memory, and dear: it is not ended because somebody leaves."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from anyio import create_task_group, sleep

from api_tests.charts.odd_reports import odd
from api_tests.processes.pools import DIES, until
from api_tests.processes.processes import draws, exists, workers
from service.charts.chart import ChartFormat, Theme
from service.charts.kinds import ChartName
from service.charts.renderer import ChartRenderer
from service.core.errors import WorkerFailed
from service.core.settings import Settings

pytestmark = pytest.mark.anyio

SMALL = odd("stable").model_dump_json().encode()


@asynccontextmanager
async def renderer() -> AsyncIterator[tuple[ChartRenderer, bytes, int]]:
    """A renderer, the chart that it has drawn, and its process."""
    made, before = ChartRenderer(Settings()), workers()
    assert workers() == before, "it is started for the first chart"
    try:
        chart = await drawn(made)
        (process,) = workers() - before
        assert draws(process)
        yield made, chart, process
    finally:
        await made.end()
    assert workers() == before


async def drawn(one: ChartRenderer) -> bytes:
    return await one.chart([SMALL], ChartName("gradient"), Theme.LIGHT, ChartFormat.SVG)


async def test_a_process_that_died_before_it_took_a_drawing_is_replaced_and_the_drawing_made() -> None:
    async with renderer() as (one, chart, process), create_task_group() as drawing:
        drawings: list[bytes] = []

        async def draw() -> None:
            drawings.append(await drawn(one))

        os.kill(process, signal.SIGSTOP)
        drawing.start_soon(draw)
        await until(lambda: one._pool.busy)
        await sleep(0.1)  # until it has been asked
        os.kill(process, signal.SIGKILL)
        await until(lambda: drawings)
        assert drawings == [chart]
        assert not exists(process)


async def test_the_drawing_that_a_process_dies_of_is_told() -> None:
    async with renderer() as (one, chart, _):
        with pytest.raises(WorkerFailed, match=r"^The process that draws died; ask again, there will be a new one\.$"):
            await one._run(DIES)
        assert await drawn(one) == chart


async def test_a_drawing_whose_visitor_has_left_is_finished() -> None:
    async with renderer() as (one, chart, process):
        os.kill(process, signal.SIGSTOP)
        async with create_task_group() as drawing:
            drawing.start_soon(drawn, one)
            await until(lambda: one._pool.busy)
            drawing.cancel_scope.cancel()
        os.kill(process, signal.SIGCONT)
        await until(lambda: not one._pool.busy)
        assert exists(process)
        assert await drawn(one) == chart


async def test_the_script_is_made_once() -> None:
    async with renderer() as (one, _, process):
        first = await one.script()
        assert first.startswith(b"\x1f\x8b")
        await one.end()
        assert not exists(process)
        assert await one.script() is first


@pytest.mark.parametrize("module", ["service.main", "service.processes.pool", "service.jobs.jobs"])
def test_what_draws_is_loaded_by_its_own_process_alone(module: str) -> None:
    heavy = ["altair", "vl_convert", "jinja2"]
    code = f"import sys, {module}; print([one for one in {heavy} if one in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
