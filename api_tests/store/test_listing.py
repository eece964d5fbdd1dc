"""The list of reports in pages: every report once, whatever is put between two pages."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_tests.store.keeping import Keeping, digest_of, report_of
from service.store.listing import Cursor


def pages(keeping: Keeping, limit: int, label: str | None = None, meanwhile: range = range(0)) -> Iterator[list[str]]:
    """The digests page by page; before each page but the first one more of the reports `meanwhile` is put."""
    cursor, more = None, iter(meanwhile)
    while True:
        page = keeping.page(limit, cursor, label)
        yield [item.digest for item in page.items]
        if page.next_cursor is None:
            return
        keeping.put_all(*[number for number, _ in zip(more, [0], strict=False)])
        cursor = Cursor.read(page.next_cursor)


@pytest.mark.parametrize("limit", [1, 3, 10, 11])
def test_pages_have_every_report_once_and_the_newest_first(keeping: Keeping, limit: int) -> None:
    keeping.put_all(*range(10))
    found = list(pages(keeping, limit))
    assert [digest for page in found for digest in page] == [digest_of(number) for number in reversed(range(10))]
    assert all(len(page) == limit for page in found[:-1])
    assert found[-1]


def test_what_is_put_between_two_pages_moves_nothing(keeping: Keeping) -> None:
    keeping.put_all(*range(20))
    found = [digest for page in pages(keeping, 3, meanwhile=range(100, 110)) for digest in page]
    assert found == [digest_of(number) for number in reversed(range(20))]


def test_reports_of_one_moment_are_told_apart_by_their_digests(keeping: Keeping) -> None:
    moment = keeping.clock()
    for number in range(9):
        keeping.clock.time = moment
        keeping.put_all(number)
    found = [digest for page in pages(keeping, 2) for digest in page]
    assert found == sorted((digest_of(number) for number in range(9)), reverse=True)


def test_a_label_chooses_among_them(keeping: Keeping) -> None:
    labels = ["stable", "vanishing", "exploding"]
    for number in range(12):
        keeping.put(digest_of(number), report_of(number, label=labels[number % 3]))
    found = [digest for page in pages(keeping, 2, label="vanishing") for digest in page]
    assert found == [digest_of(number) for number in (10, 7, 4, 1)]
    assert keeping.page(5, label="dead").items == []


def test_an_empty_store_has_one_empty_page(keeping: Keeping) -> None:
    assert list(pages(keeping, 5)) == [[]]


def test_the_last_place_of_all_is_a_place(keeping: Keeping) -> None:
    keeping.put_all(1)
    first, last = (Cursor.read(f"{14 * digit}-{64 * digit}") for digit in "0f")
    assert keeping.page(5, first).items == []
    assert [item.digest for item in keeping.page(5, last).items] == [digest_of(1)]


def test_a_cursor_counts_microseconds_from_1970() -> None:
    assert Cursor.read(None) is None
    assert Cursor(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), "a" * 64).write() == f"000000000f4240-{64 * 'a'}"


MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(4000, 1, 1), timezones=st.just(UTC))


@given(MOMENTS, st.integers(0, 2**256 - 1))
def test_a_cursor_is_read_as_it_was_written(moment: datetime, number: int) -> None:
    cursor = Cursor(moment, f"{number:064x}")
    assert re.fullmatch(Cursor.PATTERN, cursor.write())
    assert Cursor.read(cursor.write()) == cursor
