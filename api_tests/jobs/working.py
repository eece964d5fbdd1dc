"""Work that needs no process: what it does to each item is written in its request."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from service.core.errors import DeadlineExceeded, Refusal, WorkerFailed
from service.core.settings import Settings
from service.core.version import ENGINE_VERSION
from service.jobs.records import JobRecords, Requester
from service.jobs.results import JobResults
from service.jobs.work.base import Accepted, JobContext, JobWork, PreparedJob
from service.simulation.results import ItemError
from service.store.database import Database
from service.studies.evaluation import ChunkResult

FINE, DIES, SLOW = "fine", "dies", "slow"


class Script(JobWork):
    """Does to the item n what the n-th word of the request says; it notes what it was asked to do together."""

    kind = "sweep"

    def __init__(self) -> None:
        self.asked: list[range] = []
        self.prepared = 0
        self.refusal: Refusal | None = None

    def accept(self, request: Any, settings: Settings) -> Accepted:
        raise NotImplementedError("it is written into the database by hand")

    def load(self, request: bytes, prepared: bytes | None) -> PreparedJob:
        return PreparedJob(request, json.loads(request))

    async def prepare(self, request: bytes, context: JobContext) -> bytes | None:
        self.prepared += 1
        if self.refusal is not None:
            raise self.refusal
        return b"prepared"

    async def lines(self, job: PreparedJob, items: range, context: JobContext) -> ChunkResult:
        self.asked.append(items)
        words = [job.parts[index] for index in items]
        if DIES in words:
            raise WorkerFailed("It died.")
        if SLOW in words:
            raise DeadlineExceeded(1.0)
        return ChunkResult([line(index) for index in items])

    def failed(self, job: PreparedJob, index: int, error: ItemError) -> bytes:
        return line(index, error.code)

    def table(self, request: bytes) -> tuple[list[str], Callable[[bytes], list[Any]]]:
        return [], lambda line: []


def line(index: int, code: str | None = None) -> bytes:
    """A result."""
    error = None if code is None else {"code": code, "detail": "", "pointer": None}
    return json.dumps({"index": index, "error": error}).encode()


class Desk:
    """Jobs in a database of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(f"sqlite:///{folder}/reports.sqlite3", durable=True)
        self.records = JobRecords(self.database)
        self.results = JobResults(self.database)

    def accept(self, *words: str, chunk: int = 4, owner: str = "", engine_version: str = ENGINE_VERSION) -> str:
        """A job whose items do that."""
        job = Accepted(
            id=f"{len(self.records.page(99)):032x}",
            kind="sweep",
            digest="0" * 64,
            engine_version=engine_version,
            total=len(words),
            chunk=chunk,
            estimated_seconds=1.0,
            request=json.dumps(words).encode(),
        )
        return str(self.records.accept(job, Requester(owner), "").id)
