"""Processes that hang, that lose their parent, and that end without anybody looking: found, replaced, reaped."""

import os
import random
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from api_tests.processes.pools import PATIENCE, any_processors, helped, process_of, started, until
from api_tests.processes.processes import eventually, exists, workers
from service.core.errors import NotReady
from service.processes import fork_map, process
from service.processes import workers as module

pytestmark = pytest.mark.anyio


async def test_stopped_processes_are_replaced_and_their_work_is_done_within_its_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(process, "_HANGS_SECONDS", 0.5)
    others = workers()
    async with started(processes=2) as pool:
        stopped = workers() - others
        for one in stopped:
            os.kill(one, signal.SIGSTOP)
        assert await pool.run(partial(any_processors, os.getpid)) not in stopped
        await until(lambda: pool.counts.hangs == 2)
        await until(lambda: len(pool._workers) == 2)
        assert not any(map(exists, stopped))
        assert (pool.counts.deaths, pool.counts.deadlines) == (0, 0)


async def test_readiness_tells_when_no_process_answers_though_nothing_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(process, "_HANGS_SECONDS", 0.5)
    monkeypatch.setattr(module, "_LOOK_SECONDS", 0.1)
    others = workers()
    async with started() as pool:
        (stopped,) = workers() - others
        os.kill(stopped, signal.SIGSTOP)

        def is_told() -> bool:
            try:
                pool.check_ready()
            except NotReady:
                return True
            return False

        await until(is_told)
        await until(lambda: not is_told())
        assert await process_of(pool) != stopped


async def test_a_process_that_is_not_asked_for_a_while_answers_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOOK_SECONDS", 0.02)
    async with started(processes=2) as pool:
        first = {await process_of(pool) for _ in range(200)}
        assert len(first) <= 2
        assert (pool.counts.hangs, pool.counts.restarts) == (0, 0)


async def test_helpers_that_have_ended_are_no_zombies_though_nothing_is_asked() -> None:
    async with started() as pool:
        helpers = set((await pool.work(helped, PATIENCE))[1:])
        assert len(helpers) == 2
        for helper in helpers:
            os.kill(helper, signal.SIGKILL)
        await until(lambda: not any(Path(f"/proc/{helper}").exists() for helper in helpers))


def test_reaping_leaves_those_that_work() -> None:
    found = fork_map.fork_map(_process, [0, 1])
    assert fork_map.reap_helpers() is not None
    assert fork_map.fork_map(_process, [0, 1]) == found


def _process(_: int) -> int:
    return os.getpid()


START = """
import anyio
from service.processes.pool import PoolLimits, ProcessPool
async def main():
    pool = ProcessPool(PoolLimits(2, 60.0, 1), ["service.grading.tasks"])
    print("begins", flush=True)
    await pool.start()
    await anyio.sleep(60)
anyio.run(main)
"""
EXECUTOR = """
import os, subprocess, sys, time
print("begins", flush=True)
subprocess.Popen([sys.executable, "-m", "service", "worker", "--with-parent", str(os.getpid())])
time.sleep(60)
"""


@pytest.mark.parametrize(("program", "kills"), [(START, 20), (EXECUTOR, 12)], ids=["a pool", "an executor"])
def test_a_parent_that_is_killed_at_any_moment_of_a_start_leaves_no_orphan(
    program: str, kills: int, tmp_path: Path
) -> None:
    mark = f"ORPHAN_TEST={tmp_path.name}-{os.getpid()}"
    name, _, value = mark.partition("=")
    url = f"sqlite:///{tmp_path}/jobs.sqlite3"
    environment = os.environ | {name: value, "GRADIENT_VERDICT_DATABASE_URL": url, "GRADIENT_VERDICT_WORKERS": "1"}
    draw = random.Random()
    for _ in range(kills):
        parent = subprocess.Popen(
            [sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        with parent:
            assert parent.stdout is not None
            assert parent.stdout.readline() == b"begins\n"
            time.sleep(draw.random() ** 2 * 2.0)
            parent.kill()
    assert eventually(lambda: not _marked(mark.encode()), PATIENCE), _marked(mark.encode())


def test_a_process_whose_parent_ended_before_it_asked_ends_at_once() -> None:
    code = "from service.processes.system import die_with_parent; die_with_parent(1 << 22); print('goes on')"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, timeout=PATIENCE)
    assert (ended.returncode, ended.stdout) == (1, b"")


def _marked(mark: bytes) -> dict[int, bytes]:
    """The processes whose environment has `mark`, with their commands."""
    found = {}
    for path in Path("/proc").iterdir():
        try:
            if path.name.isdigit() and mark in (path / "environ").read_bytes() and exists(int(path.name)):
                found[int(path.name)] = (path / "cmdline").read_bytes()
        except OSError:  # it has ended
            continue
    return found
