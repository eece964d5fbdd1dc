"""What a kind of job has to say for itself."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

from service.jobs.job import JobKind
from service.jobs.keeping import Keeping
from service.processes.pool import ProcessPool
from service.simulation.estimate import Limits
from service.simulation.results import ItemError
from service.studies.evaluation import ChunkResult


@dataclass(frozen=True)
class Means:
    """What work is done with: processes, what is kept, how large an item may be, and how long one call may take."""

    pool: ProcessPool
    keeping: Keeping
    limits: Limits  # of one item
    deadline_seconds: float


@dataclass(frozen=True)
class Opened:
    """A job that is being worked on."""

    id: str
    request: bytes  # JSON
    parts: Any = field(repr=False)  # what its kind has made of the request, once for all chunks


class JobWork(ABC):
    """One kind of job: how a request is opened, prepared, and worked on in chunks."""

    kind: JobKind

    @abstractmethod
    def opened(self, job: str, request: bytes, prepared: bytes | None) -> Opened:
        """The job with that request, and with what `prepare` has made of it."""

    async def prepare(self, request: bytes, means: Means) -> bytes | None:
        """What is worked out once for all items; None where there is nothing."""
        return None

    @abstractmethod
    async def lines(self, opened: Opened, items: range, means: Means) -> ChunkResult:
        """The results of some items; WorkerFailed or DeadlineExceeded where they cannot be had together."""

    @abstractmethod
    def failed(self, opened: Opened, index: int, error: ItemError) -> bytes:
        """The line of an item that has no result."""

    @abstractmethod
    def header(self, request: bytes) -> list[str]:
        """The names of the columns of the table of results."""

    @abstractmethod
    def row(self, line: bytes, columns: int) -> list[Any]:
        """A result as a row of that table, which has so many columns."""
