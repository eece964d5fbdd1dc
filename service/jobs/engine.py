"""DBOS, the durable engine, as the jobs use it: two queues, and two workflows that say what an executor does.

DBOS guarantees, and nothing beside it does so again: what is enqueued by an id is there once; one executor at a time
has claimed it; what a given executor has claimed is enqueued again; queues have their limits, and shares their turns.
It knows nothing of what jobs are: results, counters and ends are in the tables of the jobs, and a workflow returns
nothing.
"""

import logging
import sqlite3
import time
from collections.abc import Awaitable, Collection
from contextlib import suppress
from functools import partial
from typing import Any

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetEnqueueOptions, SetWorkflowID, WorkflowStatus, error
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry

from service.jobs.runner import ChunkRunner
from service.processes.flights import Threads
from service.store.database import make_private
from service.store.engine import Address

_NAME = "gradient-verdict"
_VERSION = "1"  # of the workflows below, not of the service: an upgrade that leaves them alone goes on with every job
_JOBS, _CHUNKS = "jobs", "chunks"
ENGINE_FAILURES = (error.DBOSException,)
"""What the engine raises of its own."""

_POLL_SECONDS = 0.2
_JOBS_AT_ONCE = 20
_BUSY_MILLISECONDS = 30_000
_PRAGMAS = (f"busy_timeout={_BUSY_MILLISECONDS}", "foreign_keys=ON", "journal_mode=WAL", "synchronous=FULL")
_SUBSECONDS_SINCE = (3, 42, 0)


class JobEngine:
    """Hands work out to executors, of which this process is one; one engine a process, for DBOS has a global state.

    A job is a workflow by its id, which enqueues its chunks; the workflow of a chunk has the id of the job and where
    the chunk starts. DBOS counts how often each was claimed, and that limit is off: a process claims more than it has
    begun, so its count would end chunks that only waited beside one that kills. `ChunkRunner` counts what was begun.
    """

    def __init__(self, database_url: str, executor: str, runner: ChunkRunner, at_once: int) -> None:
        self.executor = executor
        """The name of this process."""
        self._at_once = at_once
        self._threads = Threads()
        self._begun: set[str] = set()
        DBOS(config=configuration(database_url, executor))

        @DBOS.workflow(name="dispatch", max_recovery_attempts=None)
        async def dispatch(job: str) -> None:
            await self._work(job, runner.dispatch(job, self._enqueue_chunk))

        @DBOS.workflow(name="chunk", max_recovery_attempts=None)
        async def chunk(job: str, start: int) -> None:
            await self._work(_chunk_id(job, start), runner.run(job, start))

        self._dispatch, self._chunk = dispatch, chunk

    async def launch(self) -> None:
        """Begin to take work, in the running event loop."""
        logging.getLogger("dbos").setLevel(logging.ERROR)  # an outage is told by the store, once
        DBOS.listen_queues([_JOBS, _CHUNKS])
        DBOS.launch()
        await self._register(_JOBS, _JOBS_AT_ONCE, None)
        await self._register(_CHUNKS, self._at_once, self._at_once)

    async def close(self) -> None:
        """Take no more work, and end the threads of DBOS; another engine may be made then."""
        await self._threads.run(partial(DBOS.destroy, destroy_registry=True))

    async def jobs(self) -> set[str]:
        """The jobs that were enqueued, and have not been purged."""
        return {one.workflow_id for one in await _listed(name="dispatch")}

    async def enqueue(self, job: str) -> None:
        """Let an executor dispatch a job, once however often it is enqueued."""
        with SetWorkflowID(job):
            await DBOS.enqueue_workflow_async(_JOBS, self._dispatch, job)

    async def purge(self, job: str) -> None:
        """Delete what nothing works on of a job that has ended, and the job with the last of it."""
        found = await _listed(workflow_id_prefix=job)
        idle = {one.workflow_id for one in found if one.status != "PENDING"}
        gone = idle if len(idle) == len(found) else idle - {job}
        if gone:
            await DBOS.delete_workflows_async(sorted(gone))

    async def claimed(self) -> dict[str, str]:
        """What executors have claimed and not ended: the executors by the ids of the workflows."""
        return {one.workflow_id: one.executor_id or "" for one in await _listed(status="PENDING")}

    def has_begun(self, workflow: str) -> bool:
        """Whether this process works on that, or has it wait for its turn."""
        return workflow in self._begun

    async def recover(self, executors: Collection[str]) -> None:
        """Enqueue again what those executors have claimed; DBOS recovers by executor, and is told which is dead."""
        await self._threads.run(DBOS._recover_pending_workflows, sorted(executors))

    async def resume(self, workflows: Collection[str]) -> None:
        """Enqueue again what was claimed and is lost to its executor, which lives: DBOS would recover all it has."""
        for one in workflows:
            with suppress(*ENGINE_FAILURES):  # another executor has purged it
                await DBOS.resume_workflow_async(one, queue_name=_queue_of(one))

    async def retry(self) -> None:
        """Enqueue again what has ended in an error: DBOS does so for steps alone, and forgets it with the process."""
        for one in await _listed(status="ERROR"):
            with suppress(*ENGINE_FAILURES):  # another executor was quicker
                await DBOS.rewind_workflow_async(
                    one.workflow_id,
                    queue_name=_queue_of(one.workflow_id),
                    queue_partition_key=one.queue_partition_key,
                )

    async def _enqueue_chunk(self, job: str, start: int, share: str) -> None:
        """Let an executor work on a chunk, once however often it is enqueued; all shares have the same turn."""
        with SetWorkflowID(_chunk_id(job, start)), SetEnqueueOptions(queue_partition_key=share):
            await DBOS.enqueue_workflow_async(_CHUNKS, self._chunk, job, start)

    async def _work(self, workflow: str, work: Awaitable[None]) -> None:
        self._begun.add(workflow)
        try:
            await work
        finally:
            self._begun.discard(workflow)

    async def _register(self, name: str, at_once: int, of_one_share: int | None) -> None:
        """The last to start decides for all: executors on machines of many sizes share chunks out less evenly."""
        await DBOS.register_queue_async(
            name,
            worker_concurrency=at_once,
            partition_worker_concurrency=of_one_share,
            polling_interval_sec=_POLL_SECONDS,
            on_conflict="always_update",
        )


def _chunk_id(job: str, start: int) -> str:
    return f"{job}-{start}"


def _queue_of(workflow: str) -> str:
    return _CHUNKS if "-" in workflow else _JOBS


async def _listed(**which: Any) -> list[WorkflowStatus]:
    return await DBOS.list_workflows_async(**which, load_input=False, load_output=False)


def configuration(database_url: str, executor: str) -> DBOSConfig:
    """The settings of DBOS: its own tables in the database of PostgreSQL, or in a file beside that of SQLite."""
    address = Address.of(database_url)
    url, file = address.url, address.file
    config: DBOSConfig = {
        "name": _NAME,
        "application_version": _VERSION,
        "executor_id": executor,
        "serializer": DBOSPortableJSONSerializer(),
        "use_listen_notify": False,
        "log_level": "ERROR",
        "sys_db_pool_size": 10,
    }
    if file is None:
        return {**config, "system_database_url": url.render_as_string(hide_password=False)}
    own = file.with_name(f"{file.name}.engine")
    with suppress(OSError):  # its folder is made with the store, or cannot be
        make_private(own)
    beside = url.set(database=str(own))
    return {**config, "system_database_url": str(beside), "system_database_engine": _sqlite(str(beside))}


def _sqlite(url: str) -> Engine:
    engine = create_engine(url)
    event.listen(engine, "connect", _prepare)
    return engine


def _prepare(connection: Any, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = "IMMEDIATE"  # writers wait for their turn at the beginning
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").close()
    if sqlite3.sqlite_version_info < _SUBSECONDS_SINCE:
        connection.create_function("unixepoch", -1, lambda *_: time.time())  # which has no parts of seconds there
