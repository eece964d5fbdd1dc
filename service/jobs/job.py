"""A job as its client sees it."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from service.core.kinds import Double, Int64, Model
from service.simulation.results import ItemError
from service.store.listing import CURSOR

ID = "^[0-9a-f]{32}$"
MOST_ERRORS = 20


class JobKind(StrEnum):
    """What is done."""

    SWEEP = "sweep"
    GRADINGS = "gradings"


class JobStatus(StrEnum):
    """How far it is."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN = (JobStatus.QUEUED, JobStatus.RUNNING)


class Progress(Model):
    """How many items there are, and what became of them."""

    total: Int64
    """Points of a sweep, or answer sheets."""
    done: Int64
    """Those with a result, those that failed among them."""
    failed: Int64
    """Those whose result is an error."""


class FailedItem(ItemError):
    """An item that failed."""

    index: Int64
    """Its number, counted from 0."""


class JobLinks(Model):
    """Where the rest of it is."""

    self: str
    """The job."""
    events: str
    """Its progress as server-sent events."""
    results: str
    """Its results in pages."""
    csv: str
    """Its results as a table."""
    chart: str | None
    """Its results as a picture; null where there is none to draw."""


class Job(Model):
    """Work that was accepted, and how far it is."""

    id: Annotated[str, Field(pattern=ID)]
    """Its name."""
    kind: JobKind
    """What is done."""
    status: JobStatus
    """How far it is; `succeeded` where every item has a result, be it an error of its own."""
    digest: str
    """SHA-256 of the request with every default written out and the engine version: equal requests, equal results."""
    engine_version: str
    """The version of the numbers it was accepted with."""
    created_at: datetime
    """When it was accepted, in UTC."""
    started_at: datetime | None
    """When work on it began; null before that."""
    ended_at: datetime | None
    """When it ended, in whatever way; null before that."""
    progress: Progress
    """How many items are done."""
    estimated_seconds: Double
    """How long it will still take from here, by its size before it has begun and by its pace since; 0 at its end."""
    errors: Annotated[list[FailedItem], Field(max_length=MOST_ERRORS)]
    """The first items that failed; none in lists of jobs."""
    fault: str | None
    """Why the job as a whole has failed; null where it has not."""
    links: JobLinks
    """Where its results are."""


class JobPage(Model):
    """Some of the jobs that are kept, the newest first."""

    items: list[Job]
    """The jobs of this page."""
    next_cursor: Annotated[str, Field(pattern=CURSOR)] | None
    """Where the next page begins, for the parameter `cursor`; null at the end of the list."""
