"""One bound holds for all that is stored; what is kept on purpose has half of it, and drives out nothing of others."""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from api_tests.store.keeping import Keeping, digest_of, report_of
from api_tests.store.test_assignments import rubric
from service.core.context import REQUEST, Caller, Quotas, RequestContext
from service.core.errors import AssignmentConflict, AssignmentNotFound, JobNotFound, StoreFull
from service.core.settings import Settings
from service.grading.spec import Rubric
from service.jobs.job import JobStatus
from service.jobs.records import JobRecords, Requester
from service.jobs.results import JobResults
from service.jobs.work.base import Accepted
from service.store.assignments import AssignmentStore
from service.store.reports import PointStore
from service.store.retention import Retention
from service.store.space import Space, kept_bytes

HONEST = range(6)


def kept(keeping: Keeping, owner: str | None = None) -> int:
    with keeping.database.reading() as connection:
        return kept_bytes(connection, owner)


def large(seed: int, length: int = 20_000) -> str:
    """A text that does not compress."""
    return Random(seed).randbytes(length // 2).hex()


def accepted(number: int, request: bytes = b"{}") -> Accepted:
    return Accepted(f"{number:032x}", "sweep", "0" * 64, "1", 4, 1, 1.0, request)


def refused(put: Callable[[int], object]) -> StoreFull:
    """The refusal of one of forty."""
    with pytest.raises(StoreFull) as refusal:
        list(map(put, range(40)))
    return refusal.value


@pytest.fixture
def full(keeping: Keeping) -> Iterator[Keeping]:
    """A store of 200 kB with the reports of six honest callers, which are some days old."""
    store = Keeping(keeping.url, keeping.clock, size_bytes=200_000)
    store.put_all(*HONEST, padding=4000)
    store.clock.forward(days=3)
    yield store
    store.close()


def test_evidence_drives_out_no_report_of_others(full: Keeping, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(100, 119):
        assert full.put(digest_of(number), report_of(number, padding=40_000), pin=True, owner="attacker")
        full.retain()
    assert full.numbers(HONEST) == list(HONEST)
    assert 0 < kept(full, "attacker") <= 100_000
    assert "evidence is kept, and not for good" in caplog.text
    pinned = [item for item in full.page(200).items if item.pinned]
    assert pinned
    assert all(item.digest not in map(digest_of, HONEST) for item in pinned)


def rubric_of(number: int) -> bytes:
    """A rubric that takes more than 6 kB."""
    noise = Random(number)
    claims = [
        {"id": f"n{index}", "kind": "number", "expected": 1.5, "title": noise.randbytes(100).hex()}
        for index in range(64)
    ]
    return Rubric.model_validate({"id": "course", "claims": claims}).model_dump_json().encode()


def test_assignments_drive_out_no_report_and_are_refused_beyond_half(full: Keeping) -> None:
    assignments = AssignmentStore(full.database, full.clock, Space(200_000))
    refusal = refused(lambda number: assignments.put(f"x{number}", rubric_of(number), "attacker"))
    assert refusal.facts["limit_bytes"] == 100_000
    full.retain()
    assert full.numbers(HONEST) == list(HONEST)
    assert 80_000 < kept(full) <= 100_000
    assignments.put("x1", rubric_of(100), "attacker")
    assignments.drop("x0", "attacker")
    assignments.put("y", rubric_of(1), "other")


def test_an_owner_has_a_bound_of_its_own_and_a_number_of_assignments(keeping: Keeping) -> None:
    assignments = AssignmentStore(keeping.database, keeping.clock, Space(1 << 30, owner_bytes=20_000, assignments=3))
    refusal = refused(lambda number: assignments.put(f"x{number}", rubric_of(number), "one"))
    assert "of its owner" in refusal.sentence
    assignments.put("y", rubric_of(1), "other")
    for _ in range(5):
        assignments.put("y", rubric("another"), "other")
    for number in range(2):
        assignments.put(f"y{number}", rubric("small"), "other")
    with pytest.raises(StoreFull, match="3 assignments are kept, of 3 allowed"):
        assignments.put("y2", rubric("small"), "other")


def test_a_quota_of_a_key_stands_in_place_of_the_setting(keeping: Keeping) -> None:
    assignments = AssignmentStore(keeping.database, keeping.clock, Space(1 << 30, owner_bytes=1000))
    token = REQUEST.set(RequestContext(caller=Caller("one", quotas=Quotas(stored_bytes=20_000))))
    try:
        assignments.put("x", rubric_of(0), "one")
        refusal = refused(lambda number: assignments.put(f"x{number}", rubric_of(number), "one"))
        assert "of 20000 allowed" in refusal.sentence
        with pytest.raises(StoreFull, match="of 1000 allowed"):
            assignments.put("y", rubric_of(0), "other")
    finally:
        REQUEST.reset(token)


def test_jobs_cancelled_at_once_leave_nothing_and_others_are_refused_beyond_half(full: Keeping) -> None:
    records = JobRecords(full.database, full.clock, Space(200_000))
    for number in range(25):
        records.accept(accepted(number, large(number).encode()), Requester("attacker"), "")
        assert kept(full) > 8_000
        records.end(f"{number:032x}", JobStatus.CANCELLED)
        assert kept(full) == 0
    assert records.request("0" * 32) == (b"", None)
    refused(lambda number: records.accept(accepted(100 + number, large(number).encode()), Requester("attacker"), ""))
    full.retain()
    assert full.numbers(HONEST) == list(HONEST)
    assert 80_000 < kept(full) <= 100_000


def test_results_count_and_a_job_without_room_for_them_fails(full: Keeping) -> None:
    space = Space(200_000)
    records, results = JobRecords(full.database, full.clock, space), JobResults(full.database, full.clock, space)
    records.accept(accepted(1), Requester("me"), "")
    job = f"{1:032x}"
    records.start(job, b"prepared")
    starts = [start for start in range(4) if results.keep(job, start, [large(start, 80_000).encode()], 0)]
    assert starts == [0, 1]
    row = records.get(job)
    assert (row.status, row.done) == (JobStatus.FAILED, 2)
    assert "no room" in row.fault
    assert len(results.lines(job, 0, 10)[0]) == 2, "what there is stays"
    assert 70_000 < kept(full, "me") <= 100_000
    records.delete(job, "me")
    assert kept(full) == 0


def test_sizes_of_jobs_are_those_of_what_is_in_them(keeping: Keeping) -> None:
    records, results = JobRecords(keeping.database), JobResults(keeping.database)
    records.accept(accepted(1, large(1).encode()), Requester("me"), "")
    job = f"{1:032x}"
    sizes = [kept(keeping)]
    for step in (
        lambda: records.start(job, large(2).encode()),
        lambda: records.start(job, large(2).encode()),
        lambda: results.keep(job, 0, [large(3).encode()] * 2, 0),
        lambda: results.keep(job, 2, [large(4).encode()] * 2, 0),
    ):
        step()
        sizes.append(kept(keeping))
    request, prepared, *_ = sizes
    assert prepared == sizes[2] > request + 8_000
    assert sizes[3] > prepared + 8_000
    assert request + 16_000 < sizes[4] < sizes[3] + 12_000 - (prepared - request) + 1000, "what was prepared is dropped"
    assert records.request(job)[1] is None


def test_what_belongs_to_another_is_not_there(keeping: Keeping) -> None:
    keeping.put(digest_of(1), report_of(1), owner="one")
    keeping.put(digest_of(1), report_of(1), owner="other")
    keeping.put(digest_of(2), report_of(2), pin=True, owner="other")
    keeping.put(digest_of(2), report_of(2), pin=True, owner="one")
    assert [[item.digest for item in keeping.page(9, owner=owner).items] for owner in ("one", "other", "")] == [
        [digest_of(1)],
        [digest_of(2)],
        [],
    ]
    keeping.put(digest_of(1), report_of(1), pin=True, owner="other")
    assert keeping.page(9, owner="one").items == []
    assignments = AssignmentStore(keeping.database, keeping.clock)
    put = assignments.put("x", rubric("one"), "one")
    assert (assignments.get("x"), assignments.get("x", "one"), assignments.owner("x")) == (put, put, "one")
    for forbidden in (assignments.get, assignments.drop):
        with pytest.raises(AssignmentNotFound):
            forbidden("x", "other")
    with pytest.raises(AssignmentConflict):
        assignments.put("x", rubric("other"), "other")
    assignments.put("x", rubric("by all"), "admin", of_all=True)
    assert assignments.owner("x") == "one"
    records = JobRecords(keeping.database, keeping.clock)
    records.accept(accepted(1), Requester("one"), "")
    job = f"{1:032x}"
    for look in (records.get, records.delete):
        with pytest.raises(JobNotFound):
            look(job, "other")
    assert not records.end(job, JobStatus.CANCELLED, owner="other")
    with pytest.raises(JobNotFound):
        records.delete(job, "one")  # it has not ended
    assert records.attempt(job, 0) == 1
    assert [len(records.page(9, owner=owner)) for owner in (None, "one", "other")] == [1, 1, 0]
    assert records.end(job, JobStatus.CANCELLED, owner="one")
    records.delete(job)
    assert records.page(9) == []
    assert records.attempt(job, 0) == 0, "an executor may still be at work on it"


def test_points_and_reports_that_are_too_much_go_while_they_are_written(sqlite: Keeping) -> None:
    limit = 4 << 20
    retention = Retention(sqlite.database, sqlite._age, Space(limit), sqlite.clock)
    store, points = (
        Keeping(sqlite.url, sqlite.clock, size_bytes=limit),
        PointStore(sqlite.database, retention=retention),
    )
    for number in range(60):
        store.put(digest_of(number), report_of(number, padding=200_000))
        points.put({digest_of(1000 + number): large(number, 200_000).encode()})
        used = Path(sqlite.url.removeprefix("sqlite:///")).stat().st_size
        assert used < limit + (4 << 20), "one more look a process, and the file itself"
    store.retain()
    assert Path(sqlite.url.removeprefix("sqlite:///")).stat().st_size <= limit + (1 << 20)
    assert 59 in store.numbers(range(60))
    store.close()


def test_small_rows_count_as_what_they_take_of_the_file(sqlite: Keeping) -> None:
    limit = 4 << 20
    store = Keeping(sqlite.url, sqlite.clock, size_bytes=limit)
    for number in range(2500):
        store.put(digest_of(number), report_of(number, padding=3_000))
    store.retain()
    assert Path(sqlite.url.removeprefix("sqlite:///")).stat().st_size <= limit + (1 << 20)
    assert len(store.numbers(range(2500))) > 500
    store.close()


def test_a_service_that_stores_no_reports_keeps_jobs_within_a_bound() -> None:
    assert Space.of(Settings(store_bytes=0)).total_bytes == 2 << 30
    assert Space.of(Settings(store_bytes=1000)).total_bytes == 1000
