"""The results of jobs as they are read: pages, single results, tables, files, and what a chart shows."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

from sqlalchemy import Row

from service.charts.tables import csv_line
from service.core.errors import ChartNotAvailable, ResultNotFound
from service.core.payload import Payload
from service.grading.formats import FormatName
from service.jobs.acceptance import Desk, drawn_items
from service.jobs.job import OPEN
from service.jobs.records import JobRecords
from service.jobs.results import JobResults
from service.jobs.work import WORKS
from service.processes.flights import Threads
from service.store.database import Database

_LINES_AT_ONCE = 2000


class JobReader:
    """Reads the results of jobs; JobNotFound for one that is not kept."""

    def __init__(self, database: Database, desk: Desk) -> None:
        self._desk = desk
        self._records = JobRecords(database)
        self._results = JobResults(database)
        self._threads = Threads()

    async def page(self, job: str, first: int, limit: int, over_gaps: bool = False) -> bytes:
        """A page of results from the item `first` on, as JSON; its cursor is null once there is nothing to come.

        `over_gaps` has those behind missing ones, too; then no cursor is null before the job has ended.
        """
        found = await self._row(job)
        ended = found.status not in OPEN
        lines, reached = await self._threads.run(self._results.lines, job, first, limit, over_gaps=ended or over_gaps)
        whole = reached >= found.total and (ended or not over_gaps)
        over = whole or (ended and len(lines) < limit)
        cursor = b"null" if over else b'"%d"' % reached
        return b'{"items":[%s],"next_cursor":%s}' % (b",".join(lines), cursor)

    async def one(self, job: str, index: int) -> bytes:
        """One result, as JSON; ResultNotFound."""
        found = await self._row(job)
        lines = await self._threads.run(self._results.line, job, index)
        if not lines:
            raise ResultNotFound(
                "The job has not come to this item yet." if index < found.total else "The job has no such item.",
                index=index,
                total=found.total,
            )
        return lines[0]

    async def file(self, job: str, index: int, wanted: FormatName) -> bytes:
        """One result as a platform reads it, or as it is where its kind has one format; ResultNotFound."""
        files = WORKS[(await self._row(job)).kind].files
        line = await self.one(job, index)
        return line if files is None else await self._threads.run(files.file, line, wanted)

    async def archive(self, job: str, wanted: FormatName) -> bytes:
        """A ZIP of the results so far as a platform reads them; ResultNotFound where their kind has one format."""
        found = await self._row(job)
        files = WORKS[found.kind].files
        if files is None:
            raise ResultNotFound(
                f"The results of a job of the kind {found.kind} are a table at results.csv, and no ZIP."
            )
        lines, _ = await self._threads.run(self._results.lines, job, 0, found.total, over_gaps=True)
        return await self._threads.run(files.archive, await self._request(job), lines, wanted)

    async def table(self, job: str) -> AsyncIterator[bytes]:
        """The results as lines of CSV (RFC 4180), below a row of names; what refuses does so before the first line."""
        found = await self._row(job)
        names, row = await self._threads.run(WORKS[found.kind].table, await self._request(job))
        return self._lines(job, names, row, ended=found.status not in OPEN)

    async def _lines(
        self, job: str, names: list[str], row: Callable[[bytes], list[Any]], ended: bool
    ) -> AsyncIterator[bytes]:
        yield csv_line(names)
        reached = 0
        while True:
            lines, reached = await self._threads.run(self._results.lines, job, reached, _LINES_AT_ONCE, over_gaps=ended)
            if not lines:
                return
            yield await self._threads.run(_rows, row, lines)

    async def drawn(self, job: str) -> tuple[str, bytes, list[bytes]]:
        """What draws the chart of a job, its request, and those of its results so far that are drawn.

        ChartNotAvailable where its kind has none.
        """
        found = await self._row(job)
        chart = WORKS[found.kind].chart
        if chart is None:
            raise ChartNotAvailable
        request = await self._request(job)
        items = await self._desk.opened(Payload(request, bytes), partial(drawn_items, found.kind, request))
        return chart.draw, request, await self._threads.run(self._results.some, job, items)

    async def _row(self, job: str) -> Row[Any]:
        return await self._threads.run(self._records.get, job)

    async def _request(self, job: str) -> bytes:
        request, _ = await self._threads.run(self._records.request, job)
        if not request:
            raise ResultNotFound("This job was cancelled before any of it was done: it has no results.")
        return request


def _rows(row: Callable[[bytes], list[Any]], lines: list[bytes]) -> bytes:
    return b"".join(csv_line(row(line)) for line in lines)
