"""The queue of jobs tells truly when there is a place again, and has no more of one owner than its key allows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.core.context import REQUEST, Caller, Quotas, RequestContext
from service.core.errors import QueueFull, QuotaExceeded
from service.core.settings import Settings
from service.jobs.jobs import Jobs
from service.jobs.records import JobRecords, Requester
from service.jobs.results import JobResults
from service.jobs.work.base import Accepted
from service.simulation.estimate import OPERATIONS_PER_SECOND
from service.store.database import Database


def accepted(number: int, seconds: float) -> Accepted:
    return Accepted(f"{number:032x}", "sweep", "0" * 64, "1", 4, 1, seconds, b"{}")


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    database = Database(f"sqlite:///{tmp_path}/jobs.sqlite3")
    found = Jobs(Settings(job_limit=3, job_workers=2), database)
    yield found
    found._heartbeats.close()
    database.close()


def keep(jobs: Jobs, number: int, seconds: float, owner: str = "") -> None:
    jobs._kept(accepted(number, seconds), Requester(owner), "")


def test_a_full_queue_says_when_the_first_of_its_jobs_ends(jobs: Jobs) -> None:
    keep(jobs, 1, 160.0, "one")
    keep(jobs, 2, 100.0, "one")
    keep(jobs, 3, 40.0, "other")
    with pytest.raises(QueueFull) as refusal:
        keep(jobs, 4, 1.0, "third")
    assert refusal.value.retry_after_seconds == 80, "two owners have the same turn, and 40 s are left of the shortest"
    JobRecords(jobs._database).start(f"{3:032x}", None)
    JobResults(jobs._database).keep(f"{3:032x}", 0, [b"{}"] * 3, 0)
    with pytest.raises(QueueFull) as refusal:
        keep(jobs, 4, 1.0, "third")
    assert refusal.value.retry_after_seconds == 20, "three quarters of that are done"


def test_an_owner_has_no_more_operations_under_way_than_its_key_allows(jobs: Jobs) -> None:
    allowed = 2 * OPERATIONS_PER_SECOND * 100
    keep(jobs, 2, 1000.0, "other")
    token = REQUEST.set(RequestContext(caller=Caller("one", quotas=Quotas(queued_operations=allowed))))
    try:
        keep(jobs, 1, 90.0, "one")
        with pytest.raises(QuotaExceeded) as refusal:
            keep(jobs, 3, 20.0, "one")
        assert refusal.value.retry_after_seconds == 90
        assert refusal.value.facts["limit_operations"] == allowed
        keep(jobs, 4, 10.0, "one")
    finally:
        REQUEST.reset(token)
