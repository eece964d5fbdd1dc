"""What becomes of a report's row: pinned only when it is asked for, noted after an hour, dropped when it is damaged."""

from datetime import UTC, datetime, timedelta

from api_tests.store.keeping import Keeping, digest_of, report_of
from service.store.reports import ReportStore
from service.store.schema import REPORTS
from service.store.space import Space


def test_a_report_that_is_put_twice_without_a_pin_has_none(sqlite: Keeping) -> None:
    sqlite.put_all(1, 1)
    assert [item.pinned for item in sqlite.page(5).items] == [False]


def test_use_is_noted_when_more_than_an_hour_has_passed(sqlite: Keeping) -> None:
    moments = [datetime(2026, 1, 1, tzinfo=UTC)]
    store = ReportStore(sqlite.database, timedelta(days=1), Space(1 << 20), lambda: moments[-1])
    store.put(digest_of(1), report_of(1))
    for passed, noted in ((timedelta(hours=1), 0), (timedelta(hours=1, microseconds=1), -1)):
        moments.append(moments[0] + passed)
        store.get(digest_of(1))
        assert store.page(1).items[0].last_used_at == moments[noted]


def test_a_report_that_is_damaged_is_dropped_when_it_is_asked_for(sqlite: Keeping) -> None:
    sqlite.put_all(1, 2)
    with sqlite.database.writing() as connection:
        rusted = REPORTS.update().where(REPORTS.c.digest == digest_of(1)).values(report=b"rust")
        connection.execute(rusted)
    assert sqlite.numbers(range(3)) == [1, 2]
    assert sqlite.get(digest_of(1)) is None
    assert sqlite.numbers(range(3)) == [2]
