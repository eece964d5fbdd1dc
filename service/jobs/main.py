"""The composition root of an executor: settings → worker processes, store → runner → engine → executor."""

import logging
import signal
import socket
from collections.abc import Sequence
from uuid import uuid4

import anyio
from anyio import create_task_group

from service.core.errors import WorkerNotStarted
from service.core.logs import start_logs
from service.core.settings import Settings
from service.jobs.engine import JobEngine
from service.jobs.executor import Executor
from service.jobs.heartbeats import Heartbeats
from service.jobs.liveness import liveness_of
from service.jobs.records import JobRecords
from service.jobs.results import JobResults
from service.jobs.runner import ChunkRunner
from service.jobs.work.base import JobCache, JobContext
from service.processes.pool import PoolLimits, ProcessPool
from service.processes.process import WORKS_ON_JOBS, Launched
from service.store.database import Database
from service.store.space import Space
from service.store.stores import point_store, report_store

_CHUNKS_A_PROCESS = 2  # one that is worked on, and one that waits for it


def work(settings: Settings, launched: Sequence[Launched] = (), for_ever: bool = True) -> None:
    """Work on jobs, for ever or until there are none for a while, by workers that are `launched` already or will be."""
    start_logs(settings.log_format, settings.log_level)
    log = logging.getLogger("service.jobs")
    log.info("%d processes work on jobs", max(1, settings.job_workers))
    for ending in (signal.SIGINT, signal.SIGTERM):  # at once: what outlives a power cut needs no farewell
        signal.signal(ending, signal.SIG_DFL)
    anyio.run(_work, settings, launched, for_ever)


async def _work(settings: Settings, launched: Sequence[Launched], for_ever: bool) -> None:
    processes = max(1, settings.job_workers)
    pool = ProcessPool(PoolLimits.of(settings, processes), WORKS_ON_JOBS, launched=launched)
    database = Database(settings.database_url, durable=True)
    space = Space.of(settings)
    records, name = (
        JobRecords(database, space=space),
        f"{socket.gethostname()}-{uuid4().hex[:12]}",
    )  # no other has or will have
    context = JobContext.of(settings, pool, JobCache(point_store(settings), report_store(settings)))
    results = JobResults(database, space=space)
    runner = ChunkRunner(records, results, context, processes + 1)  # one looks up, the others compute
    engine = JobEngine(settings.database_url, name, runner, _CHUNKS_A_PROCESS * processes)
    liveness = liveness_of(settings.database_url, name)
    executor = Executor(engine, runner, records, liveness, Heartbeats(Database(settings.database_url), liveness))
    async with create_task_group() as beside:
        beside.start_soon(_started, pool)
        await executor.run(for_ever)


async def _started(pool: ProcessPool) -> None:
    """Start the processes while the engine is launched; where that fails, work on chunks starts them later."""
    try:
        await pool.start()
    except* WorkerNotStarted:
        logging.getLogger("service.jobs").warning("no process can be started yet: work on jobs waits for one")
