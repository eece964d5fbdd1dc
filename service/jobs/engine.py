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

from service.jobs.acting import WHOLE, Acting
from service.store.engine import file_of, url_of

NAME = "gradient-verdict"
VERSION = "1"
"""Of the workflows below, not of the service: an upgrade that leaves them as they are goes on with every job."""
JOBS, CHUNKS = "jobs", "chunks"
PENDING = ("PENDING",)
DONE = ("SUCCESS", "CANCELLED", "ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
FAILED = ("ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
ALL = (*PENDING, *DONE, "ENQUEUED", "DELAYED")
ENGINE_FAILURES = (error.DBOSException,)
"""What the engine raises of its own."""

_POLL_SECONDS = 0.2
_JOBS_AT_ONCE = 20
_BUSY_MILLISECONDS = 30_000
_PRAGMAS = (f"busy_timeout={_BUSY_MILLISECONDS}", "foreign_keys=ON", "journal_mode=WAL", "synchronous=FULL")
_SUBSECONDS_SINCE = (3, 42, 0)


@dataclass(frozen=True)
class Handed:
    """A workflow that was handed out: a chunk by its start, or a whole job, to be dispatched."""

    id: str
    job: str
    start: int
    status: str
    executor: str
    share: str


class JobEngine:
    """Hands work out to executors, of which this process is one; one engine a process."""

    def __init__(self, database_url: str, executor: str, acting: Acting, at_once: int) -> None:
        self.executor = executor
        """The name of this process."""
        self._at_once = at_once
        DBOS(config=_configuration(database_url, executor))

        @DBOS.workflow(name="dispatch")
        async def dispatch(job: str) -> None:
            await acting.dispatch(job, self.hand_out)

        @DBOS.workflow(name="chunk")
        async def chunk(job: str, start: int) -> None:
            await acting.chunk(job, start)

        self._dispatch, self._chunk = dispatch, chunk

    async def launch(self) -> None:
        """Begin to take work, in the running event loop."""
        logging.getLogger("dbos").setLevel(logging.ERROR)  # an outage is told by the store, once
        DBOS.listen_queues([JOBS, CHUNKS])
        DBOS.launch()
        await self._register(JOBS, _JOBS_AT_ONCE, None)
        await self._register(CHUNKS, self._at_once, self._at_once)

    async def _register(self, name: str, at_once: int, of_one_share: int | None) -> None:
        """The last to start decides for all: executors on machines of many sizes share chunks out less evenly."""
        await DBOS.register_queue_async(
            name,
            worker_concurrency=at_once,
            partition_worker_concurrency=of_one_share,
            polling_interval_sec=_POLL_SECONDS,
            on_conflict="always_update",
        )

    async def hand_in(self, job: str) -> None:
        """Let an executor dispatch a job, once however often it is handed in."""
        with SetWorkflowID(job):
            await DBOS.enqueue_workflow_async(JOBS, self._dispatch, job)

    async def begin_anew(self, one: Handed) -> None:
        """Hand out once more what has ended in an error."""
        await self.forget([one])
        if one.start == WHOLE:
            await self.hand_in(one.job)
        else:
            await self.hand_out(one.job, one.start, one.share)

    async def hand_out(self, job: str, start: int, share: str) -> None:
        """Let an executor work on a chunk, once however often it is handed out; all shares have the same turn."""
        with SetWorkflowID(f"{job}-{start}"), SetEnqueueOptions(queue_partition_key=share):
            await DBOS.enqueue_workflow_async(CHUNKS, self._chunk, job, start)

    async def handed(self, statuses: tuple[str, ...], job: str | None = None) -> list[Handed]:
        """What was handed out, of `job` alone where that is named, and has one of `statuses`."""
        found = await DBOS.list_workflows_async(
            status=list(statuses),
            name=["dispatch", "chunk"],  # not by their queue: what is cancelled is in none
            workflow_id_prefix=job,
            load_input=False,
            load_output=False,
        )
        return [_handed(one) for one in found]

    async def dispatch_of(self, job: str) -> Handed | None:
        """The dispatch of a job, where there is one."""
        found = await DBOS.list_workflows_async(workflow_ids=[job], load_input=False, load_output=False)
        return _handed(found[0]) if found else None

    async def take_up(self, one: Handed) -> None:
        """Let an executor go on with what another has left."""
        await DBOS.resume_workflow_async(one.id, queue_name=JOBS if one.start == WHOLE else CHUNKS)

    async def forget(self, handed: list[Handed]) -> None:
        """Drop what is done, and cancel the rest."""
        going = [one.id for one in handed if one.status not in DONE]
        if going:
            await DBOS.cancel_workflows_async(going)
        done = [one.id for one in handed if one.status in DONE]
        if done:
            await DBOS.delete_workflows_async(done)


def _handed(found: Any) -> Handed:
    job, _, start = found.workflow_id.partition("-")
    return Handed(
        id=found.workflow_id,
        job=job,
        start=int(start) if start else WHOLE,
        status=found.status,
        executor=found.executor_id or "",
        share=found.queue_partition_key or job,
    )


def _configuration(database_url: str, executor: str) -> DBOSConfig:
    url = url_of(database_url)
    file = file_of(url)
    config: DBOSConfig = {
        "name": NAME,
        "application_version": VERSION,
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
