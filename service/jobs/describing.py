"""Rows of the database → jobs as their clients see them."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from service.jobs.job import MOST_ERRORS, OPEN, FailedItem, Job, JobKind, JobLinks, JobPage, JobStatus, Progress
from service.jobs.records import now
from service.store.listing import Cursor

HERE = "/v1/jobs"


def described(row: Row[Any], errors: list[FailedItem]) -> Job:
    """The job in `row`."""
    here = f"{HERE}/{row.id}"
    chart = f"{here}/chart.svg" if row.kind == JobKind.SWEEP else None
    return Job(
        id=row.id,
        kind=JobKind(row.kind),
        status=JobStatus(row.status),
        digest=row.digest,
        engine_version=row.engine_version,
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        progress=Progress(total=row.total, done=row.done, failed=row.failed),
        estimated_seconds=_seconds_to_go(row),
        errors=errors,
        fault=row.fault,
        links=JobLinks(
            self=here, events=f"{here}/events", results=f"{here}/results", csv=f"{here}/results.csv", chart=chart
        ),
    )


def page_of(rows: Sequence[Row[Any]], limit: int) -> JobPage:
    """The first `limit` of `rows`, and where the others begin."""
    items = [described(row, []) for row in rows[:limit]]
    last = items[-1] if len(rows) > limit else None
    return JobPage(items=items, next_cursor=None if last is None else Cursor(last.created_at, last.id).write())


def errors_in(lines: Sequence[bytes]) -> list[FailedItem]:
    """The errors among the results `lines`, as many as a job shows."""
    found = [item for item in map(json.loads, lines) if item["error"] is not None]
    return [FailedItem(index=item["index"], **item["error"]) for item in found[:MOST_ERRORS]]


def _seconds_to_go(row: Row[Any]) -> float:
    if row.status not in OPEN:
        return 0.0
    if not row.done:
        return float(row.estimated_seconds)
    so_far = (now() - row.started_at).total_seconds()
    return float(so_far / row.done * (row.total - row.done))
