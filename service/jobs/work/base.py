"""What a kind of job has to say for itself, and what it works with."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar
from uuid import uuid4

from service.core.errors import StoreUnavailable
from service.core.settings import Settings
from service.core.version import ENGINE_VERSION
from service.jobs.job import JobKind
from service.jobs.records import Accepted
from service.jobs.size import chunk_of
from service.processes.pool import ProcessPool
from service.processes.threads import Threads
from service.simulation.estimate import Limits
from service.simulation.results import ItemError
from service.store.reports import PointStore
from service.store.stores import Store
from service.studies.evaluation import ChunkResult

_T = TypeVar("_T")


class JobCache:
    """Points and reports by their digests, shared with everything else that is kept.

    A store that fails costs time, and nothing else; without one for points, none are kept.
    """

    def __init__(self, points: PointStore | None, reports: Store) -> None:
        self._points = points
        self._reports = reports
        self._threads = Threads()

    async def points(self, digests: Collection[str]) -> dict[str, bytes]:
        """Those of the points that are kept, as JSON by their digests."""
        return await self._unless_it_fails(partial(self._points.get, digests), {}) if self._points else {}

    async def keep_points(self, points: Mapping[str, bytes]) -> None:
        """Keep points for the jobs that need them next."""
        if self._points:
            await self._unless_it_fails(partial(self._points.put, points), None)

    async def report(self, digest: str) -> bytes | None:
        """The report with that digest as JSON, if it is kept."""
        return await self._unless_it_fails(partial(self._reports.get, digest), None)

    async def pin(self, digest: str, report: bytes) -> None:
        """Keep a report for good: it is the evidence of gradings."""
        await self._unless_it_fails(partial(self._reports.put, digest, report, pin=True), False)

    async def _unless_it_fails(self, work: Callable[[], _T], otherwise: _T) -> _T:
        try:
            return await self._threads.run(work)
        except StoreUnavailable:
            return otherwise


@dataclass(frozen=True)
class JobContext:
    """What jobs are worked on with: processes, a cache, how large an item may be, and how long one call may take."""

    pool: ProcessPool
    cache: JobCache
    limits: Limits  # of one item
    deadline_seconds: float


@dataclass(frozen=True)
class PreparedJob:
    """A job that is being worked on."""

    id: str
    request: bytes  # JSON
    parts: Any = field(repr=False)  # what its kind has made of the request, once for all chunks


class JobWork(ABC):
    """One kind of job: how a request is prepared, loaded, and worked on in chunks, and what its results look like."""

    kind: JobKind

    async def prepare(self, request: bytes, context: JobContext) -> bytes | None:
        """What is worked out once for all items, and kept with the job; None where there is nothing."""
        return None

    @abstractmethod
    def load(self, job: str, request: bytes, prepared: bytes | None) -> PreparedJob:
        """The job with that request, and with what `prepare` has made of it."""

    @abstractmethod
    async def lines(self, job: PreparedJob, items: range, context: JobContext) -> ChunkResult:
        """The results of some items; WorkerFailed or DeadlineExceeded where they cannot be had together."""

    @abstractmethod
    def failed(self, job: PreparedJob, index: int, error: ItemError) -> bytes:
        """The line of an item that has no result."""

    @abstractmethod
    def header(self, request: bytes) -> list[str]:
        """The names of the columns of the table of results."""

    @abstractmethod
    def row(self, line: bytes, columns: int) -> list[Any]:
        """A result as a row of that table, which has so many columns."""

    def _accepted(self, digest: str, size: tuple[int, float], request: bytes, settings: Settings) -> Accepted:
        """A job of `size`: so many items, with the seconds that each takes of a processor."""
        total, seconds_an_item = size
        return Accepted(
            id=uuid4().hex,
            kind=self.kind,
            digest=digest,
            engine_version=ENGINE_VERSION,
            total=total,
            chunk=chunk_of(total, seconds_an_item, settings.job_chunk_seconds),
            estimated_seconds=total * seconds_an_item / max(1, settings.job_workers),
            request=request,
        )
