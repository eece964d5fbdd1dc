"""What is dropped and what stays: by age, by size, and never what a grading is founded on."""

import pytest
from sqlalchemy import func, select

from api_tests.store.keeping import Clock, Keeping, digest_of, report_of
from service.store.schema import REPORTS


def stored_bytes(keeping: Keeping) -> int:
    with keeping.database.reading() as connection:
        return int(connection.execute(select(func.sum(REPORTS.c.stored_bytes))).scalar_one())


@pytest.fixture
def small(keeping: Keeping) -> Keeping:
    """That store, of ten reports of one size, the first used longest ago, with room for six."""
    keeping.put_all(*range(10), padding=4000)
    return Keeping(keeping.url, keeping.clock, size_bytes=int(6.5 * stored_bytes(keeping) / 10))


def test_what_was_not_used_for_long_is_dropped(keeping: Keeping) -> None:
    keeping.put_all(1, 2)
    keeping.clock.forward(days=60)
    keeping.put_all(3)
    keeping.get(digest_of(1))
    keeping.clock.forward(days=60)
    assert keeping.retain() == 1
    assert keeping.numbers(range(5)) == [1, 3]
    assert keeping.retain() == 0


def test_the_age_is_counted_from_the_last_use_to_the_day(keeping: Keeping) -> None:
    keeping.put_all(1)
    keeping.clock.forward(days=89, hours=23)
    assert keeping.retain() == 0
    keeping.clock.forward(hours=2)
    assert keeping.retain() == 1


def test_what_fits_exactly_stays(keeping: Keeping) -> None:
    keeping.put_all(1)
    first = stored_bytes(keeping)
    keeping.put_all(2, 3)
    stored = stored_bytes(keeping)
    for size, dropped in ((stored, 0), (stored - first, 1), (stored - first - 1, 1)):
        full = Keeping(keeping.url, keeping.clock, size_bytes=size)
        assert full.retain() == dropped
        full.close()


def test_what_was_used_longest_ago_gives_way_until_all_fits(small: Keeping) -> None:
    small.clock.forward(hours=2)
    small.get(digest_of(0))
    assert small.retain() == 4
    assert small.numbers(range(10)) == [0, 5, 6, 7, 8, 9]
    assert small.retain() == 0
    small.close()


def test_what_is_pinned_is_never_dropped(small: Keeping) -> None:
    for number in (0, 1, 9):
        small.put(digest_of(number), report_of(number), pin=True)
    assert small.retain() == 4
    assert small.numbers(range(10)) == [0, 1, 6, 7, 8, 9]
    small.clock.forward(days=1000)
    assert small.retain() == 3
    assert small.numbers(range(10)) == [0, 1, 9]
    assert small.get(digest_of(0)) == report_of(0, padding=4000)
    small.close()


def test_pinned_reports_that_are_too_much_alone_drive_out_all_others_and_stay(keeping: Keeping) -> None:
    keeping.put_all(1, 2)
    keeping.put(digest_of(3), report_of(3, padding=4000), pin=True)
    full = Keeping(keeping.url, Clock(), size_bytes=1000)
    assert full.retain() == 2
    assert full.numbers(range(5)) == [3]
    full.close()


def test_an_empty_store_drops_nothing(keeping: Keeping) -> None:
    assert keeping.retain() == 0


def test_the_file_shrinks_when_reports_are_dropped(sqlite: Keeping) -> None:
    def pages() -> int:
        with sqlite.database.reading() as connection:
            return int(connection.exec_driver_sql("PRAGMA page_count").scalar_one())

    sqlite.put_all(*range(12), padding=60_000)
    before = pages()
    sqlite.clock.forward(days=1000)
    assert sqlite.retain() == 12
    assert pages() < before / 5
