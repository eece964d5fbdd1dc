"""Points by their digests: kept once, found again, told when they are used, dropped when they are not."""

import tempfile
from datetime import timedelta
from hashlib import shake_256
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from api_tests.store.breaking import read_only
from api_tests.store.keeping import Clock, Keeping, digest_of
from service.core.errors import StoreUnavailable
from service.store.reports import PointStore
from service.store.schema import POINTS


def point_of(number: int, padding: int = 0) -> bytes:
    """A point, and `padding` bytes that do not compress."""
    return b'{"number":%d,"noise":"%s"}' % (number, shake_256(str(number).encode()).hexdigest(padding).encode())


def some(*numbers: int, padding: int = 0) -> dict[str, bytes]:
    return {digest_of(number): point_of(number, padding) for number in numbers}


@pytest.fixture
def points(keeping: Keeping) -> PointStore:
    """The points of the same database, by the same clock."""
    return PointStore(keeping.database, keeping.clock)


def used_at(keeping: Keeping) -> dict[str, float]:
    """When each point was last used, in hours since the clock began."""
    begin = Clock().time
    with keeping.database.reading() as connection:
        rows = connection.execute(select(POINTS.c.digest, POINTS.c.last_used_at)).all()
    return {row.digest: round((row.last_used_at - begin) / timedelta(hours=1), 2) for row in rows}


def numbers_in(keeping: Keeping, among: int = 20) -> list[int]:
    return [number for number in range(among) if digest_of(number) in used_at(keeping)]


def test_points_are_found_as_they_were_put_and_others_are_not(points: PointStore) -> None:
    points.put(some(1, 2, 3))
    points.put({digest_of(1): b"another", **some(4)})
    assert points.get([digest_of(number) for number in (1, 3, 4, 5)]) == some(1, 3, 4)
    assert points.get([]) == {}
    points.put({})


def test_points_are_put_in_the_order_of_their_digests(sqlite: Keeping) -> None:
    falling = dict(sorted(some(*range(9)).items(), reverse=True))
    PointStore(sqlite.database, sqlite.clock).put(falling)
    with sqlite.database.reading() as connection:
        put = connection.execute(text("SELECT digest FROM points ORDER BY rowid")).scalars().all()
    assert put == sorted(falling)


def test_more_are_asked_for_at_once_than_one_statement_takes(points: PointStore) -> None:
    points.put(some(*range(1203)))
    assert points.get({digest_of(number) for number in range(1300)}) == some(*range(1203))


def test_use_is_noted_once_an_hour_at_most(points: PointStore, keeping: Keeping) -> None:
    points.put(some(1, 2))
    keeping.clock.forward(hours=0.99)
    points.get(some(1))
    assert used_at(keeping) == dict.fromkeys(some(1, 2), 0.0)
    keeping.clock.forward(hours=0.02)
    points.get(some(1, 7))
    assert used_at(keeping) == {digest_of(1): 1.01, digest_of(2): 0.0}


def test_a_point_that_the_disk_has_forgotten_is_dropped(points: PointStore, keeping: Keeping) -> None:
    points.put(some(1, 2))
    with keeping.database.writing() as connection:
        connection.execute(POINTS.update().where(POINTS.c.digest == digest_of(1)).values(point=b"rust"))
    assert points.get(some(1, 2)) == some(2)
    assert numbers_in(keeping) == [2]
    points.put(some(1))
    assert points.get(some(1, 2)) == some(1, 2)


def test_what_was_not_used_for_long_is_dropped_with_the_reports(points: PointStore, keeping: Keeping) -> None:
    points.put(some(1, 2))
    keeping.put_all(1)
    keeping.clock.forward(days=60)
    points.get(some(1))
    keeping.clock.forward(days=60)
    assert keeping.retain() == 2
    assert (numbers_in(keeping), keeping.numbers(range(3))) == ([1], [])


def test_points_and_reports_give_way_among_themselves(points: PointStore, keeping: Keeping) -> None:
    points.put(some(*range(10), padding=2000))
    keeping.put_all(1)
    keeping.clock.forward(hours=2)
    points.get(some(0))
    with keeping.database.reading() as connection:
        stored = int(connection.execute(select(func.sum(POINTS.c.stored_bytes))).scalar_one())
    small = Keeping(keeping.url, keeping.clock, size_bytes=int(6.5 * stored / 10))
    assert small.retain() == 4
    left = numbers_in(keeping)
    assert len(left) == 6
    assert 0 in left
    assert small.numbers(range(3)) == [1]
    assert small.retain() == 0
    small.close()


def test_whoever_reads_can_do_without_a_note_of_it() -> None:
    with tempfile.TemporaryDirectory(prefix="gradient-verdict-") as folder:  # which others may enter
        stores = [Keeping(f"sqlite:///{folder}/reports.sqlite3", Clock()) for _ in range(2)]
        reader, keeper = (PointStore(store.database, store.clock) for store in stores)
        keeper.put(some(1))  # so that the files beside the database are there
        stores[0].clock.forward(hours=2)
        with read_only(Path(folder)):
            assert reader.get(some(1)) == some(1)
            with pytest.raises(StoreUnavailable):
                reader.put(some(2))
        for store in stores:
            store.close()
