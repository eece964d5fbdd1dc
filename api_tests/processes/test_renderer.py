"""The process that draws: one, without a limit of memory, and dear: it is not ended because somebody leaves."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
from anyio import create_task_group, sleep

from api_tests.charts.odd_reports import odd
from api_tests.processes.pools import DIES, until
from api_tests.processes.processes import draws, exists, workers
from service.charts.chart import ChartFormat, Theme
from service.charts.kinds import ChartName
from service.charts.renderer import ChartRenderer, ChartTooLarge
from service.core.errors import WorkerFailed
from service.core.settings import Settings

pytestmark = pytest.mark.anyio

SMALL = odd("stable").model_dump_json().encode()


@asynccontextmanager
async def renderer(cache_bytes: int = 0) -> AsyncIterator[tuple[ChartRenderer, bytes, int]]:
    """A renderer, the chart that it has drawn, and its process; it remembers nothing unless said otherwise."""
    made, before = ChartRenderer(Settings(cache_bytes=cache_bytes)), workers()
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


async def test_what_was_drawn_is_drawn_again_by_nobody() -> None:
    async with renderer(cache_bytes=1 << 20) as (one, chart, process):
        page = await one.page(SMALL)
        os.kill(process, signal.SIGSTOP)  # it could not
        assert await drawn(one) == chart
        assert await one.page(SMALL) == page
        os.kill(process, signal.SIGCONT)
        dark = await one.chart([SMALL], ChartName("gradient"), Theme.DARK, ChartFormat.SVG)
        assert dark != chart


async def test_drawings_that_are_the_same_are_made_once_at_a_time() -> None:
    async with renderer() as (one, chart, process), create_task_group() as drawing:
        drawings: list[bytes] = []

        async def draw() -> None:
            drawings.append(await drawn(one))

        os.kill(process, signal.SIGSTOP)
        for _ in range(5):
            drawing.start_soon(draw)
        await until(lambda: one._pool.busy)
        await sleep(0.1)
        assert (one._pool.busy, one.waiting) == (1, 0)
        os.kill(process, signal.SIGCONT)
        await until(lambda: len(drawings) == 5)
        assert set(drawings) == {chart}


async def test_reports_that_are_too_much_for_one_chart_are_refused_before_anything_is_read() -> None:
    one = ChartRenderer(Settings())
    large = bytes(9 << 20)  # no report
    with pytest.raises(ChartTooLarge, match=r"^The 2 reports are 18874368 bytes together, and 16777216 are drawn"):
        await one.chart([large, large], ChartName("comparison"), Theme.LIGHT, ChartFormat.SVG)
    assert one._pool.busy == 0


async def test_what_draws_has_a_limit_of_memory_and_one_that_asks_for_more_is_told() -> None:
    async with renderer() as (one, chart, process):
        with open(f"/proc/{process}/limits", encoding="utf-8") as limits:
            (data,) = (line.split()[3] for line in limits if line.startswith("Max data size"))
        assert int(data) == 2 << 30
        with pytest.raises((MemoryError, WorkerFailed)):
            await one._run(partial(bytearray, 3 << 30))
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
