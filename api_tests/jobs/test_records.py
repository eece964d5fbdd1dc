"""Jobs in the database: accepted once, counted, cancelled, dropped, in SQLite and in PostgreSQL alike."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from api_tests.jobs.working import Script
from api_tests.store.keeping import Clock
from service.core.errors import IdempotencyConflict, JobNotFound
from service.core.settings import Settings
from service.jobs.job import JobPage, JobStatus
from service.jobs.records import JobRecords, Requester
from service.jobs.results import JobResults
from service.jobs.work.base import Accepted
from service.store.database import Database
from service.store.listing import Cursor
from service.store.schema import JOBS


class Desk:
    """Records and results over one database, at a time that the test sets."""

    def __init__(self, url: str) -> None:
        self.database = Database(url, durable=True)
        self.clock = Clock()
        self.records = JobRecords(self.database, self.clock)
        self.results = JobResults(self.database, self.clock)

    def accept(self, number: int, requester: Requester | None = None, **changed: Any) -> str:
        """Accept a job of ten items."""
        values = {"digest": f"{number:064x}", "total": 10, "chunk": 3, "request": b"{}", **changed}
        job = Accepted(id=f"{number:032x}", kind="sweep", engine_version="1", estimated_seconds=1.0, **values)
        return str(self.records.accept(job, requester or Requester(), values["digest"]).id)


@pytest.fixture
def desk(database_url: str) -> Any:
    found = Desk(database_url)
    yield found
    found.database.close()


def lines(*numbers: int) -> list[bytes]:
    return [b'{"index":%d,"error":null}' % number for number in numbers]


def test_a_key_makes_asking_twice_harmless(desk: Desk) -> None:
    mine, other = Requester("me", "k"), Requester("you", "k")
    assert desk.accept(1, mine) == desk.accept(2, mine, digest=f"{1:064x}")
    assert desk.accept(3, other) != desk.accept(1, mine)
    for unknown in (Requester("me", "l"), Requester()):
        assert desk.records.known(unknown, "") is None
    assert desk.records.known(mine, f"{1:064x}") is not None
    with pytest.raises(IdempotencyConflict):
        desk.accept(4, mine)
    with pytest.raises(JobNotFound):
        desk.records.get(f"{4:032x}")
    assert desk.accept(5) != desk.accept(6), "without a key, every request is a job"


def test_of_many_requests_with_one_key_at_once_one_is_accepted(desk: Desk) -> None:
    desk.records.open_count()
    with ThreadPoolExecutor(8) as pool:
        jobs = pool.map(lambda number: desk.accept(number, Requester("", "k"), digest=f"{1:064x}"), range(1, 9))
        assert len(set(jobs)) == 1
    assert desk.records.open_count() == 1


def test_results_are_kept_once_and_end_the_job_with_the_last(desk: Desk) -> None:
    job = desk.accept(1)
    assert desk.records.start(job, None)
    assert desk.results.keep(job, 0, lines(0, 1, 2), 0)
    assert not desk.results.keep(job, 0, lines(7, 7, 7), 3), "they are there already"
    assert desk.results.keep(job, 6, lines(6, 7, 8), 2)
    row = desk.records.get(job)
    assert (row.done, row.failed, row.status, row.ended_at) == (6, 2, JobStatus.RUNNING, None)
    assert desk.results.lines(job, 0, 100) == (lines(0, 1, 2), 3), "as far as there is no gap"
    assert desk.results.lines(job, 1, 3, over_gaps=True) == ([*lines(1, 2), *lines(6)], 7)
    assert desk.results.lines(job, 4, 9, over_gaps=True) == (lines(6, 7, 8), 9)
    assert desk.results.lines(job, 0, 2, over_gaps=True) == (lines(0, 1), 2), "what follows is for the next page"
    assert [desk.results.line(job, number) for number in (6, 7, 8)] == [lines(6), lines(7), lines(8)]
    assert (desk.results.has(job, 6), desk.results.has(job, 7)) == (True, False)
    assert [desk.results.line(job, number) for number in (3, 4, 5, 9)] == [[]] * 4
    assert desk.results.some(job, [0, 2, 4, 6, 99]) == lines(0, 2, 6), "as far as they are there"
    desk.results.keep(job, 3, lines(3, 4, 5), 0)
    desk.results.keep(job, 9, lines(9), 0)
    row = desk.records.get(job)
    assert (row.done, row.failed, row.status) == (10, 2, JobStatus.SUCCEEDED)
    assert row.ended_at > row.started_at > row.created_at
    assert [desk.results.lines(job, first, 4) for first in (0, 4, 8, 10)] == [
        (lines(0, 1, 2, 3), 4),
        (lines(4, 5, 6, 7), 8),
        (lines(8, 9), 10),
        ([], 10),
    ]


def test_a_page_of_results_ends_before_a_gap_of_a_single_item(desk: Desk) -> None:
    job = desk.accept(1, total=3, chunk=1)
    for number in (0, 2):
        desk.results.keep(job, number, lines(number), 0)
    assert desk.results.lines(job, 0, 9) == (lines(0), 1)
    assert desk.results.lines(job, 0, 9, over_gaps=True) == (lines(0, 2), 3)
    assert desk.results.some(job, [0, 2]) == lines(0, 2)


def test_results_of_a_hundred_chunks_are_read_to_their_end(desk: Desk) -> None:
    job = desk.accept(1, total=101, chunk=1)
    for number in range(101):
        desk.results.keep(job, number, lines(number), 0)
    assert desk.results.lines(job, 0, 1000) == (lines(*range(101)), 101)
    assert desk.results.some(job, range(101)) == lines(*range(101))


def test_the_chunks_in_which_something_has_failed_are_read_alone(desk: Desk) -> None:
    job, other = desk.accept(1), desk.accept(2)
    for start, failed in ((6, 2), (0, 0), (3, 1)):
        desk.results.keep(job, start, lines(*range(start, start + 3)), failed)
    assert desk.results.failures(job, 1) == lines(3, 4, 5)
    assert desk.results.failures(job, 9) == lines(3, 4, 5, 6, 7, 8)
    assert desk.results.failures(other, 9) == []


def test_results_from_many_executors_at_once_are_counted_exactly(desk: Desk) -> None:
    job = desk.accept(1, total=40, chunk=1)
    with ThreadPoolExecutor(8) as pool:
        kept = list(pool.map(lambda start: desk.results.keep(job, start % 40, lines(start % 40), 1), range(80)))
    row = desk.records.get(job)
    assert (sum(kept), row.done, row.failed, row.status) == (40, 40, 40, JobStatus.SUCCEEDED)
    assert desk.results.lines(job, 0, 100) == (lines(*range(40)), 40)


def test_a_job_that_has_ended_takes_no_results_and_no_other_end(desk: Desk) -> None:
    job = desk.accept(1)
    assert desk.records.end(job, JobStatus.CANCELLED)
    assert not desk.records.end(job, JobStatus.FAILED, "too late")
    assert not desk.records.start(job, None)
    assert not desk.results.keep(job, 0, lines(0), 0)
    row = desk.records.get(job)
    assert (row.status, row.fault, row.done, desk.results.lines(job, 0, 9)) == (JobStatus.CANCELLED, None, 0, ([], 0))
    assert desk.records.open_owners() == {}


def test_pages_follow_one_another_whatever_comes_between(desk: Desk) -> None:
    jobs = [desk.accept(number) for number in range(1, 6)]
    first = JobPage.of(desk.records.page(3), 2)
    desk.accept(9)
    assert first.next_cursor is not None
    second = JobPage.of(desk.records.page(3, Cursor.read(first.next_cursor)), 2)
    found = [item.id for item in first.items + second.items]
    assert found == jobs[:0:-1]
    assert JobPage.of(desk.records.page(7), 6).next_cursor is None, "six jobs end a page of six"
    desk.records.end(jobs[2], JobStatus.CANCELLED)
    assert [row.id for row in desk.records.page(9, status=JobStatus.CANCELLED)] == [jobs[2]]


def test_open_jobs_have_their_owners_the_oldest_first(desk: Desk) -> None:
    jobs = [desk.accept(number, Requester(owner)) for number, owner in ((3, "me"), (2, "you"), (1, "me"))]
    desk.records.start(jobs[0], None)
    desk.records.end(desk.accept(4), JobStatus.CANCELLED)
    assert list(desk.records.open_owners().items()) == list(zip(jobs, ("me", "you", "me"), strict=True))


def test_a_request_is_kept_in_few_bytes_and_read_only_where_it_is_asked_for(desk: Desk) -> None:
    job = desk.accept(1, request=b"[0]" * 10_000)
    assert desk.records.request(job) == (b"[0]" * 10_000, None)
    desk.records.start(job, b"prepared")
    assert desk.records.request(job) == (b"[0]" * 10_000, b"prepared")
    with desk.database.reading() as connection:
        assert len(connection.execute(select(JOBS.c.request)).scalar_one()) < 3000
    for row in (desk.records.get(job), *desk.records.page(1)):
        assert not {"request", "prepared"} & set(row._fields)


def test_old_jobs_are_dropped_patiently_and_their_space_is_given_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    reclaimed: list[bool] = []
    writing = desk.database.writing
    monkeypatch.setattr(desk.database, "reclaim", lambda: reclaimed.append(True))
    desk.records.end(desk.accept(1), JobStatus.CANCELLED)

    def patiently(*, patient: bool = False) -> Any:
        assert patient, "it may take longer than a client waits"
        return writing(patient=patient)

    monkeypatch.setattr(desk.database, "writing", patiently)
    for days in (0, 31, 0):
        desk.clock.forward(days=days)
        desk.records.drop(desk.clock() - timedelta(days=30))
    assert reclaimed == [True]


def test_many_old_jobs_are_dropped_however_many_they_are(desk: Desk) -> None:
    for number in range(41):
        desk.records.end(desk.accept(number), JobStatus.CANCELLED)
    desk.clock.forward(days=31)
    assert desk.records.drop(desk.clock() - timedelta(days=30)) == 41
    assert desk.records.page(9) == []


def test_attempts_are_counted_by_chunk(desk: Desk) -> None:
    job = desk.accept(1)
    assert [desk.records.attempt(job, start) for start in (0, 0, 3, 0, -1)] == [1, 2, 1, 3, 1]
    assert [desk.records.attempts(job, start) for start in (0, 3, 6)] == [3, 1, 0]


def test_old_jobs_are_dropped_with_all_they_have(desk: Desk) -> None:
    old, new, going = (desk.accept(number) for number in (1, 2, 3))
    desk.results.keep(old, 0, lines(0), 0)
    desk.records.attempt(old, 0)
    desk.records.end(old, JobStatus.CANCELLED)
    desk.clock.forward(days=31)
    desk.records.end(new, JobStatus.CANCELLED)
    assert desk.records.drop(desk.clock() - timedelta(days=30)) == 1
    assert [row.id for row in desk.records.page(9)] == [going, new]
    assert not desk.results.has(old, 0)


def test_a_job_that_ended_at_the_very_moment_is_kept(desk: Desk) -> None:
    job = desk.accept(1)
    desk.records.end(job, JobStatus.CANCELLED)
    assert desk.records.drop(desk.records.get(job).ended_at) == 0


def test_a_job_that_is_not_there_is_not_found(desk: Desk) -> None:
    for ask in (desk.records.get, desk.records.request):
        with pytest.raises(JobNotFound):
            ask("0" * 32)


def test_an_accepted_job_outlives_the_machine(desk: Desk) -> None:
    desk.accept(1)
    with desk.database.reading() as connection:
        if connection.dialect.name == "sqlite":
            full = 2
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == full
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


@pytest.mark.parametrize(("total", "chunk"), [(2000, 1), (2001, 2), (4000, 2), (4001, 3)])
def test_a_job_has_two_thousand_chunks_at_most(total: int, chunk: int) -> None:
    assert Script()._accepted((total, 1000.0), b"{}", Settings()).chunk == chunk
