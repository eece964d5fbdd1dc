"""A service starts what works on its jobs when it is needed, and again when it dies; it is gone with the service."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import anyio
import pytest
from dbos import DBOSPortableJSONSerializer

from api_tests.jobs.executors.working import ROOT, sweep_of
from api_tests.processes.processes import children, eventually
from service.core.payload import Payload
from service.core.settings import Settings
from service.jobs.engine import configuration
from service.jobs.job import OPEN, Job, JobStatus
from service.jobs.jobs import Jobs
from service.jobs.records import Requester
from service.store.database import Database

pytestmark = pytest.mark.anyio


def jobs_of(folder: Path, processes: int) -> tuple[Jobs, Database]:
    """The jobs of a service that has so many processes for them."""
    settings = Settings(database_url=f"sqlite:///{folder}/reports.sqlite3", job_workers=processes, job_niceness=0)
    database = Database(settings.database_url, durable=True)
    return Jobs(settings, database), database


async def ended(jobs: Jobs, job: str) -> Job:
    with anyio.fail_after(60):
        async for found in jobs.watch(job):
            if found.status not in OPEN:
                return found
    raise AssertionError("a watch ends with the job")


async def test_what_works_on_jobs_comes_with_them_and_goes_with_the_service(tmp_path: Path) -> None:
    jobs, database = jobs_of(tmp_path, 1)
    before = children()
    async with anyio.create_task_group() as service:
        service.start_soon(jobs.run)
        await anyio.wait_all_tasks_blocked()
        assert children() <= before, "nothing is started where there is no work"
        first = await jobs.accept("sweep", Payload.of(sweep_of(2)), Requester())
        assert (await ended(jobs, first.id)).status is JobStatus.SUCCEEDED
        (worker,) = children() - before
        os.kill(worker, signal.SIGKILL)
        second = await jobs.accept("sweep", Payload.of(sweep_of(2, seed=1)), Requester())
        assert (await ended(jobs, second.id)).status is JobStatus.SUCCEEDED
        grandchildren = {one for child in children() - before for one in children(child)}
        service.cancel_scope.cancel()
    assert eventually(lambda: children() <= before, 60)
    assert eventually(lambda: not any(Path(f"/proc/{one}").exists() for one in grandchildren), 60)
    database.close()


async def test_a_service_replaces_what_works_on_its_jobs_where_that_hangs(tmp_path: Path) -> None:
    jobs, database = jobs_of(tmp_path, 1)
    before = children()
    async with anyio.create_task_group() as service:
        service.start_soon(jobs.run)
        first = await jobs.accept("sweep", Payload.of(sweep_of(2)), Requester())
        await ended(jobs, first.id)
        (hung,) = children() - before
        os.kill(hung, signal.SIGSTOP)
        second = await jobs.accept("sweep", Payload.of(sweep_of(2, seed=1)), Requester())
        assert (await ended(jobs, second.id)).status is JobStatus.SUCCEEDED
        assert not Path(f"/proc/{hung}").exists()
        with anyio.fail_after(60.0):  # it is looked at now and then
            while (jobs.executors_alive, jobs.executors_lost) != (1, 1):
                await anyio.sleep(0.1)
        service.cancel_scope.cancel()
    await jobs.close()
    database.close()


async def test_a_service_without_workers_leaves_jobs_to_others(tmp_path: Path) -> None:
    jobs, database = jobs_of(tmp_path, 0)
    before = children()
    async with anyio.create_task_group() as service:
        service.start_soon(jobs.run)
        job = await jobs.accept("sweep", Payload.of(sweep_of(2)), Requester())
        await anyio.wait_all_tasks_blocked()
        assert children() <= before
        service.cancel_scope.cancel()
    assert (await jobs.job(job.id)).status is JobStatus.QUEUED
    database.close()


@pytest.mark.parametrize("url", ["sqlite:////data/reports.sqlite3", "postgresql://user:word@host/name"])
def test_an_upgrade_strands_no_job_and_nothing_of_the_engine_is_run(url: str) -> None:
    found = configuration(url, "me")
    assert (found["application_version"], found["executor_id"]) == ("1", "me")
    assert isinstance(found["serializer"], DBOSPortableJSONSerializer), "not by pickles, which are programs"


PARENT = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-m", "service", "worker", "--with-parent", str(os.getpid())])
print(child.pid, flush=True)
child.wait()
"""


@pytest.mark.parametrize("after_seconds", [0.0, 0.05, 0.3, 1.0, 3.0])
def test_no_executor_outlives_a_service_that_is_killed_while_it_starts(tmp_path: Path, after_seconds: float) -> None:
    environment = os.environ | {"GRADIENT_VERDICT_DATABASE_URL": f"sqlite:///{tmp_path}/jobs.sqlite3"}
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        executor = int(parent.stdout.readline())
        time.sleep(after_seconds)
        before = children(executor)
        parent.kill()
    assert eventually(lambda: not is_running(executor), 60)
    assert eventually(lambda: not any(map(is_running, before)), 60)


def is_running(process: int) -> bool:
    """Whether it is there, and no zombie that nobody has waited for."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    except OSError:
        return False
