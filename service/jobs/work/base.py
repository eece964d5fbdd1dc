"""The base of the kinds of jobs, and what they work with."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from math import ceil
from typing import Any, ClassVar, TypeVar
from uuid import uuid4

from service.core.errors import StoreUnavailable
from service.core.kinds import Model
from service.core.settings import Settings
from service.core.version import ENGINE_VERSION
from service.grading.formats import FormatName
from service.processes.flights import Threads
from service.processes.pool import ProcessPool
from service.simulation.estimate import Limits
from service.simulation.results import ItemError
from service.store.database import Database
from service.store.reports import PointStore
from service.store.stores import Store
from service.studies.evaluation import ChunkResult, bisect_failures

_T = TypeVar("_T")
_LARGEST_CHUNK, _MOST_CHUNKS = 400, 2000


@dataclass(frozen=True)
class Accepted:
    """A job as it is accepted."""

    id: str
    kind: str
    digest: str
    engine_version: str
    total: int
    chunk: int  # how many items are worked on together
    estimated_seconds: float
    request: bytes  # JSON


@dataclass(frozen=True)
class Parent:
    """The resource that a request for a job was sent to, as it is kept, and whether its caller may know all of it."""

    text: bytes
    owner: str
    whole: bool


class JobCache:
    """Points and reports by their digests, shared with everything else that is kept.

    A store that fails costs time, and nothing else; without one for points, none are kept.
    """

    def __init__(self, points: PointStore | None, reports: Store) -> None:
        self._points = points
        self._reports = reports
        self._threads = Threads()

    @property
    def keeps_points(self) -> bool:
        """Whether there is a store for points."""
        return self._points is not None

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

    async def pin(self, digest: str, report: bytes, owner: str) -> None:
        """Keep a report for good, as that of `owner`: it is the evidence of gradings."""
        await self._unless_it_fails(partial(self._reports.put, digest, report, pin=True, owner=owner), False)

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

    @classmethod
    def of(cls, settings: Settings, pool: ProcessPool, cache: JobCache) -> "JobContext":
        """The context with the limits of `settings`."""
        limits = Limits.of(settings, settings.job_patience)
        return cls(pool, cache, limits, settings.job_deadline_seconds)


@dataclass(frozen=True)
class PreparedJob:
    """A job that is being worked on."""

    request: bytes  # JSON
    parts: Any = field(repr=False)  # what its kind has made of the request, once for all chunks


@dataclass(frozen=True)
class JobChart:
    """The chart of a kind of job."""

    draw: str
    """`module:function` of the request, the results that are drawn, a Theme and a ChartFormat; it returns the file.

    It is imported by the process that draws, and by no other.
    """
    items: Callable[[bytes], Sequence[int]]
    """The numbers of the items that are drawn, rising, by the request."""


@dataclass(frozen=True)
class JobFiles:
    """The results of a kind of job in the formats of platforms."""

    file: Callable[[bytes, FormatName], bytes]
    """One result in a format; ResultNotFound where there is none in it."""
    archive: Callable[[bytes, Iterable[bytes], FormatName], bytes]
    """A ZIP of results in a format, by the request and the results."""


class JobWork(ABC):
    """One kind of job: how a request is accepted, prepared and worked on in chunks, and what its results look like.

    A file of this folder has one; the service finds it there.
    """

    kind: ClassVar[str]
    """Its name, of 16 characters at most."""
    result: ClassVar[type[Model]]
    """The model of a result; its `kind` is that of no other model."""
    chart: ClassVar[JobChart | None] = None
    files: ClassVar[JobFiles | None] = None

    def parent(self, name: str, database: Database) -> Parent:
        """The resource of that name that requests are sent to; nothing where there is none."""
        return Parent(b"", "", whole=True)

    def resolve(self, request: Any, parent: Parent) -> Any:
        """The request with what it refers to: the resource `parent`."""
        return request

    @abstractmethod
    def accept(self, request: Any, settings: Settings) -> Accepted:
        """A job by that request; SpecError or BudgetExceeded where it could never be worked on."""

    async def prepare(self, request: bytes, context: JobContext) -> bytes | None:
        """What is worked out once for all items, and kept with the job; None where there is nothing."""
        return None

    @abstractmethod
    def load(self, request: bytes, prepared: bytes | None) -> PreparedJob:
        """The job with that request, and with what `prepare` has made of it."""

    async def chunk(self, job: PreparedJob, items: range, context: JobContext) -> ChunkResult:
        """The results of some items; one that ends its process or takes too long has an error for a result."""
        return await bisect_failures(items, lambda some: self.lines(job, some, context), partial(self.failed, job))

    @abstractmethod
    async def lines(self, job: PreparedJob, items: range, context: JobContext) -> ChunkResult:
        """The results of some items; WorkerFailed or DeadlineExceeded where they cannot be had together."""

    @abstractmethod
    def failed(self, job: PreparedJob, index: int, error: ItemError) -> bytes:
        """The line of an item that has no result."""

    @abstractmethod
    def table(self, request: bytes) -> tuple[list[str], Callable[[bytes], list[Any]]]:
        """The names of the columns of the table of results, and what makes a row of a result."""

    def _accepted(self, size: tuple[int, float], request: bytes, settings: Settings, digest: str = "") -> Accepted:
        """A job of `size`: so many items, with the seconds that each takes of a processor.

        Its digest is that of the engine version and the request, where `digest` is no other.
        """
        total, seconds_an_item = size
        by_time = int(settings.job_chunk_seconds / max(seconds_an_item, 1e-6))
        return Accepted(
            id=uuid4().hex,
            kind=self.kind,
            digest=digest or sha256(f"{ENGINE_VERSION}\n".encode() + request).hexdigest(),
            engine_version=ENGINE_VERSION,
            total=total,
            chunk=max(1, min(by_time, _LARGEST_CHUNK), ceil(total / _MOST_CHUNKS)),
            estimated_seconds=total * seconds_an_item / max(1, settings.job_workers),
            request=request,
        )
