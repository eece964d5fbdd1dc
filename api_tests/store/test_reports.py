"""Reports that are put into a store come out of it as they were, however many put them at once."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import func, select

from api_tests.store.keeping import Clock, Keeping, digest_of, report_of
from service.store.schema import REPORTS

ROOT = Path(__file__).resolve().parent.parent.parent


def rows(keeping: Keeping) -> int:
    with keeping.database.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(REPORTS)).scalar_one())


def writer(url: str, first: int, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "api_tests.store.writer", url, str(first), str(count)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("padding", [0, 100, 1_000_000])
def test_a_report_comes_back_byte_by_byte(keeping: Keeping, padding: int) -> None:
    report = report_of(1, padding=padding)
    assert keeping.put(digest_of(1), report)
    assert keeping.get(digest_of(1)) == report
    assert keeping.get(digest_of(2)) is None


def test_a_store_that_is_opened_again_has_what_was_put(keeping: Keeping) -> None:
    keeping.put_all(1, 2)
    keeping.close()
    again = Keeping(keeping.url, Clock())
    assert [again.get(digest_of(number)) for number in (1, 2)] == [report_of(1), report_of(2)]
    again.close()


def test_the_first_of_two_reports_with_one_digest_stays(keeping: Keeping) -> None:
    keeping.put(digest_of(1), report_of(1))
    keeping.put(digest_of(1), report_of(1, label="dead"))
    assert keeping.get(digest_of(1)) == report_of(1)


@pytest.mark.parametrize("pins", [(True, False), (False, True), (True, True)])
def test_a_report_that_was_pinned_once_stays_pinned(keeping: Keeping, pins: tuple[bool, bool]) -> None:
    for pin in pins:
        keeping.put(digest_of(1), report_of(1), pin=pin)
    assert [item.pinned for item in keeping.page(5).items] == [True]


def test_the_list_shows_what_the_report_says(keeping: Keeping) -> None:
    report = report_of(1, label="vanishing", median=None)
    keeping.put(digest_of(1), report)
    (shown,) = keeping.page(1).items
    assert (shown.digest, shown.label, shown.depth_ratio, shown.layers) == (digest_of(1), "vanishing", None, 2)
    assert (shown.engine_version, shown.report_bytes, shown.pinned) == ("1.1.0", len(report), False)
    assert shown.created_at == shown.last_used_at == keeping.clock.time
    assert shown.created_at.utcoffset() == timedelta(0)


def test_use_is_noted_at_most_once_an_hour(keeping: Keeping) -> None:
    keeping.put_all(1)
    made = keeping.clock.time
    seen = []
    for minutes in (59, 2, 59, 2):
        keeping.clock.forward(minutes=minutes)
        keeping.get(digest_of(1))
        seen.append(round((keeping.page(1).items[0].last_used_at - made) / timedelta(minutes=1)))
    assert seen == [0, 61, 61, 122]


def test_threads_that_put_the_same_reports_at_once_store_each_once(keeping: Keeping) -> None:
    together = Barrier(8)

    def put(_: int) -> list[bytes | None]:
        together.wait()
        keeping.put_all(*range(20))
        return [keeping.get(digest_of(number)) for number in range(20)]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(put, range(8)))
    assert found == [[report_of(number) for number in range(20)]] * 8
    assert rows(keeping) == 20


def test_processes_that_put_the_same_reports_at_once_store_each_once(keeping: Keeping) -> None:
    writers = [writer(keeping.url, 0, 30) for _ in range(3)]
    for process in writers:
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        assert said.split() == [str(number) for number in range(30)]
    assert rows(keeping) == 30
    assert all(keeping.get(digest_of(number)) == report_of(number, padding=3000) for number in range(30))
