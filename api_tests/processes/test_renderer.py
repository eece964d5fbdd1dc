"""The process that draws: it dies, takes too long, is asked too much, and goes with its service."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from multiprocessing import active_children

import pytest
from anyio import create_task_group

from api_tests.charts.odd_reports import odd
from api_tests.processes.pools import until
from api_tests.processes.processes import children, cpu_seconds, draws, eventually, exists, server_at
from examples.running_service import running_service
from service.charts.chart import ChartFormat, Theme
from service.charts.kinds import ChartName
from service.charts.renderer import ChartRenderer
from service.core.errors import DeadlineExceeded, QueueFull, WorkerFailed
from service.core.settings import Settings

pytestmark = pytest.mark.anyio

SMALL, LARGE = (odd(name).model_dump_json().encode() for name in ("stable", "5000 layers"))


@asynccontextmanager
async def renderer(**settings: object) -> AsyncIterator[ChartRenderer]:
    """A renderer whose process is ended afterwards."""
    made = ChartRenderer(Settings.model_validate(settings))
    try:
        yield made
    finally:
        made.end()


async def drawn(one: ChartRenderer, report: bytes = SMALL) -> bytes:
    return await one.chart([report], ChartName("gradient"), Theme.LIGHT, ChartFormat.SVG)


async def test_a_process_that_was_killed_is_replaced() -> None:
    before = children()
    async with renderer() as one:
        first = await drawn(one)
        (process,) = {child for child in children() - before if draws(child)}
        os.kill(process, signal.SIGKILL)
        await until(lambda: process not in {child.pid for child in active_children()})
        assert await drawn(one) == first


async def test_a_process_that_dies_at_work_is_told_and_replaced() -> None:
    before = children()
    async with renderer() as one, create_task_group() as working:
        await drawn(one)
        (process,) = {child for child in children() - before if draws(child)}
        used = cpu_seconds(process)

        async def draw() -> None:
            with pytest.raises(WorkerFailed):
                await drawn(one, LARGE)

        working.start_soon(draw)
        await until(lambda: cpu_seconds(process) > used)
        os.kill(process, signal.SIGKILL)
        await until(lambda: not exists(process))
        assert (await drawn(one)).startswith(b"<svg")


async def test_a_chart_beyond_its_time_is_stopped_with_its_process() -> None:
    before = children()
    async with renderer(sync_deadline_seconds=0.05) as one:
        with pytest.raises(DeadlineExceeded):
            await drawn(one, LARGE)
        assert eventually(lambda: not {child for child in children() - before if draws(child)}, 5)


async def test_more_than_may_wait_are_turned_away_and_those_who_wait_are_served() -> None:
    answers: list[bytes] = []
    refused: list[QueueFull] = []
    async with renderer(queue_limit=2) as one:

        async def ask() -> None:
            try:
                answers.append(await drawn(one))
            except QueueFull as refusal:
                refused.append(refusal)

        async with create_task_group() as asking:
            for _ in range(6):
                asking.start_soon(ask)
    assert len(answers) == 3
    assert len(set(answers)) == 1
    assert {refusal.facts["limit"] for refusal in refused} == {2}


async def test_the_script_is_made_once() -> None:
    async with renderer() as one:
        first = await one.script()
        assert first.startswith(b"\x1f\x8b")
        one.end()
        assert await one.script() is first


def test_a_service_takes_its_renderer_with_it() -> None:
    with running_service(draw_at_start=True) as url:
        server = server_at(url)
        assert eventually(lambda: any(draws(child) for child in children(server)), 20)
        (process,) = (child for child in children(server) if draws(child))
    assert eventually(lambda: not exists(process), 5)


@pytest.mark.parametrize("module", ["service.main", "service.processes.pool", "service.jobs.jobs"])
def test_what_draws_is_loaded_by_its_own_process_alone(module: str) -> None:
    heavy = ["altair", "vl_convert", "jinja2"]
    code = f"import sys, {module}; print([one for one in {heavy} if one in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
