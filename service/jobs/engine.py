"""DBOS, the durable engine, as the jobs use it: two queues, and workflows that say what an executor does.

It knows nothing of what jobs are; results and counters are in the tables of the jobs, and a workflow returns nothing.
"""

import logging
import sqlite3
import time
from dataclasses import dataclass
from typing import Any

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetEnqueueOptions, SetWorkflowID, error
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry

from service.jobs.runner import WHOLE, ChunkRunner
from service.store.engine import Address

_NAME = "gradient-verdict"
_VERSION = "1"  # of the workflows below, not of the service: an upgrade that leaves them alone goes on with every job
_JOBS, _CHUNKS = "jobs", "chunks"
_FAILED = ("ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
_DONE = ("SUCCESS", "CANCELLED", *_FAILED)
_ALL = ("PENDING", *_DONE, "ENQUEUED", "DELAYED")
ENGINE_FAILURES = (error.DBOSException,)
"""What the engine raises of its own."""

_POLL_SECONDS = 0.2
_JOBS_AT_ONCE = 20
_BUSY_MILLISECONDS = 30_000
_PRAGMAS = (f"busy_timeout={_BUSY_MILLISECONDS}", "foreign_keys=ON", "journal_mode=WAL", "synchronous=FULL")
_SUBSECONDS_SINCE = (3, 42, 0)


@dataclass(frozen=True)
class WorkItem:
    """A workflow that was handed out: a chunk by its start, or a whole job, to be dispatched."""

    id: str
    job: str
    start: int
    status: str
    executor: str
    share: str

    @property
    def is_pending(self) -> bool:
        """Whether an executor has taken it, and has not come to its end."""
        return self.status == "PENDING"

    @property
    def is_done(self) -> bool:
        """Whether it has ended, in whatever way."""
        return self.status in _DONE

    @property
    def has_failed(self) -> bool:
        """Whether it has ended in an error."""
        return self.status in _FAILED


class JobEngine:
    """Hands work out to executors, of which this process is one; one engine a process."""

    def __init__(self, database_url: str, executor: str, runner: ChunkRunner, at_once: int) -> None:
        self.executor = executor
        """The name of this process."""
        self._at_once = at_once
        DBOS(config=configuration(database_url, executor))

        @DBOS.workflow(name="dispatch")
        async def dispatch(job: str) -> None:
            await runner.dispatch(job, self.enqueue_chunk)

        @DBOS.workflow(name="chunk")
        async def chunk(job: str, start: int) -> None:
            await runner.run(job, start)

        self._dispatch, self._chunk = dispatch, chunk

    async def launch(self) -> None:
        """Begin to take work, in the running event loop."""
        logging.getLogger("dbos").setLevel(logging.ERROR)  # an outage is told by the store, once
        DBOS.listen_queues([_JOBS, _CHUNKS])
        DBOS.launch()
        await self._register(_JOBS, _JOBS_AT_ONCE, None)
        await self._register(_CHUNKS, self._at_once, self._at_once)

    async def _register(self, name: str, at_once: int, of_one_share: int | None) -> None:
        """The last to start decides for all: executors on machines of many sizes share chunks out less evenly."""
        await DBOS.register_queue_async(
            name,
            worker_concurrency=at_once,
            partition_worker_concurrency=of_one_share,
            polling_interval_sec=_POLL_SECONDS,
            on_conflict="always_update",
        )

    async def enqueue_job(self, job: str) -> None:
        """Let an executor dispatch a job, once however often it is enqueued."""
        with SetWorkflowID(job):
            await DBOS.enqueue_workflow_async(_JOBS, self._dispatch, job)

    async def restart(self, item: WorkItem) -> None:
        """Hand out once more what has ended in an error."""
        await self.purge([item])
        if item.start == WHOLE:
            await self.enqueue_job(item.job)
        else:
            await self.enqueue_chunk(item.job, item.start, item.share)

    async def enqueue_chunk(self, job: str, start: int, share: str) -> None:
        """Let an executor work on a chunk, once however often it is handed out; all shares have the same turn."""
        with SetWorkflowID(f"{job}-{start}"), SetEnqueueOptions(queue_partition_key=share):
            await DBOS.enqueue_workflow_async(_CHUNKS, self._chunk, job, start)

    async def pending(self) -> list[WorkItem]:
        """The items that executors have taken, and that have not come to their end."""
        return await self._items(("PENDING",))

    async def failed(self) -> list[WorkItem]:
        """The items that have ended in an error."""
        return await self._items(_FAILED)

    async def of_job(self, job: str) -> list[WorkItem]:
        """All that was handed out of a job."""
        return await self._items(_ALL, job)

    async def _items(self, statuses: tuple[str, ...], job: str | None = None) -> list[WorkItem]:
        found = await DBOS.list_workflows_async(
            status=list(statuses),
            name=["dispatch", "chunk"],  # not by their queue: what is cancelled is in none
            workflow_id_prefix=job,
            load_input=False,
            load_output=False,
        )
        return [_item(one) for one in found]

    async def dispatch_of(self, job: str) -> WorkItem | None:
        """The dispatch of a job, where there is one."""
        found = await DBOS.list_workflows_async(workflow_ids=[job], load_input=False, load_output=False)
        return _item(found[0]) if found else None

    async def reclaim(self, item: WorkItem) -> None:
        """Let an executor go on with what another has left."""
        await DBOS.resume_workflow_async(item.id, queue_name=_JOBS if item.start == WHOLE else _CHUNKS)

    async def purge(self, items: list[WorkItem]) -> None:
        """Drop what is done, and cancel the rest."""
        going = [item.id for item in items if not item.is_done]
        if going:
            await DBOS.cancel_workflows_async(going)
        done = [item.id for item in items if item.is_done]
        if done:
            await DBOS.delete_workflows_async(done)


def _item(found: Any) -> WorkItem:
    job, _, start = found.workflow_id.partition("-")
    return WorkItem(
        id=found.workflow_id,
        job=job,
        start=int(start) if start else WHOLE,
        status=found.status,
        executor=found.executor_id or "",
        share=found.queue_partition_key or job,
    )


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
    beside = url.set(database=str(file.with_name(f"{file.name}.engine")))
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
