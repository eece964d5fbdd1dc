"""The composition root of an executor: settings → worker, store → acting → engine → executor."""

import logging
import os

import anyio
from anyio import create_task_group

from service.core.settings import Settings
from service.jobs.acting import Acting
from service.jobs.engine import JobEngine
from service.jobs.executor import Executor, crash_only, executor_name
from service.jobs.keeping import Keeping
from service.jobs.liveness import liveness_of
from service.jobs.records import JobRecords
from service.jobs.results import JobResults
from service.jobs.work.base import Means
from service.processes.pool import ProcessPool
from service.simulation.estimate import Limits
from service.store.chosen import store_of
from service.store.database import Database
from service.store.nothing import NoPoints
from service.store.points import PointStore

_CHUNKS_A_PROCESS = 2  # one that is worked on, and one that waits for it
_PRELOAD = ("service.studies.evaluation", "service.grading.tasks", "service.theory.bounds:prove_built_ins")


def work(for_ever: bool = True) -> None:
    """Work on jobs, for ever or until there are none for a while, behind everything else on this machine."""
    settings = Settings()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    log = logging.getLogger("service.jobs")
    log.info("%d processes work on jobs", max(1, settings.job_workers))
    os.nice(settings.job_niceness)
    crash_only()
    anyio.run(_work, settings, for_ever)


async def _work(settings: Settings, for_ever: bool) -> None:
    processes = max(1, settings.job_workers)
    pool = ProcessPool(settings.model_copy(update={"workers": processes}), _PRELOAD)
    database = Database(settings.database_url, durable=True)
    records, name = JobRecords(database), executor_name()
    points = PointStore(Database(settings.database_url)) if settings.store_bytes else NoPoints()
    keeping = Keeping(points, store_of(settings))
    limits = Limits(settings.sync_budget_flops * settings.job_patience, settings.memory_bytes_per_worker)
    means = Means(pool, keeping, limits, settings.job_deadline_seconds)
    acting = Acting(records, JobResults(database), means, processes + 1)  # one looks up while the others compute
    engine = JobEngine(settings.database_url, name, acting, _CHUNKS_A_PROCESS * processes)
    executor = Executor(engine, acting, records, liveness_of(settings.database_url, name))
    async with create_task_group() as beside:
        beside.start_soon(pool.start)
        await executor.run(for_ever)
    os._exit(0)  # what still runs is the engine's own, and would be waited for
