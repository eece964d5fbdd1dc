"""A job as its client sees it."""

import json
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from service.core.clock import now
from service.core.kinds import Double, Int64, Model
from service.jobs.work import WORKS, JobKind
from service.simulation.results import ItemError
from service.store.listing import Cursor

ID = "^[0-9a-f]{32}$"
MOST_ERRORS = 20
_HERE = "/v1/jobs"
_COLUMNS = ("id", "kind", "status", "digest", "engine_version", "created_at", "started_at", "ended_at", "fault")


class JobStatus(StrEnum):
    """How far a job is."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN = (JobStatus.QUEUED, JobStatus.RUNNING)
_EVENTS_A_STEP = len(OPEN) + 1


class Progress(Model):
    """How many items there are, how many of them are done, and how many have failed."""

    total: Int64
    """Points of a sweep, or answer sheets."""
    done: Int64
    """Those with a result, including those that failed."""
    failed: Int64
    """Those whose result is an error."""


class FailedItem(ItemError):
    """An item that failed."""

    index: Int64
    """Its number, counted from 0."""

    @classmethod
    def first_in(cls, lines: Sequence[bytes]) -> "list[FailedItem]":
        """The errors among the results `lines`, as many as a job shows."""
        found = [item for item in map(json.loads, lines) if item["error"] is not None]
        return [cls(index=item["index"], **item["error"]) for item in found[:MOST_ERRORS]]


class JobLinks(Model):
    """Where a job and its results are."""

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

    @property
    def event(self) -> int:
        """The number of the event that tells this: each further step has a greater one, and the end the greatest."""
        return _EVENTS_A_STEP * self.progress.done + (len(OPEN) if self.status not in OPEN else OPEN.index(self.status))

    @classmethod
    def of(cls, row: Any) -> "Job":
        """The job in `row`, which has the columns of the table that are not heavy, without its errors."""
        here = f"{_HERE}/{row.id}"
        chart = None if WORKS[row.kind].chart is None else f"{here}/chart.svg"
        return cls(
            **{name: getattr(row, name) for name in _COLUMNS},
            progress=Progress(total=row.total, done=row.done, failed=row.failed),
            estimated_seconds=_seconds_to_go(row),
            errors=[],
            links=JobLinks(
                self=here, events=f"{here}/events", results=f"{here}/results", csv=f"{here}/results.csv", chart=chart
            ),
        )


class JobPage(Model):
    """Some of the jobs that are kept, the newest first."""

    items: list[Job]
    """The jobs of this page."""
    next_cursor: Annotated[str, Field(pattern=Cursor.PATTERN)] | None
    """Where the next page begins, for the parameter `cursor`; null at the end of the list."""

    @classmethod
    def of(cls, rows: Sequence[Any], limit: int) -> "JobPage":
        """The first `limit` of `rows`, and where the others begin."""
        items = [Job.of(row) for row in rows[:limit]]
        last = items[-1] if len(rows) > limit else None
        return cls(items=items, next_cursor=None if last is None else Cursor(last.created_at, last.id).write())


def _seconds_to_go(row: Any) -> float:
    if row.status not in OPEN:
        return 0.0
    if not row.done:
        return float(row.estimated_seconds)
    so_far = (now() - row.started_at).total_seconds()
    return float(so_far / row.done * (row.total - row.done))
