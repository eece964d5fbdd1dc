"""A store that fails says why, is not asked again for a while, and is used again as soon as it can be."""

import logging
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Lock

import pytest
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeout

from api_tests.processes.processes import eventually
from api_tests.store.breaking import no_more_pages, read_only, tiny_disk
from api_tests.store.keeping import Clock, Keeping, Stopwatch, digest_of, report_of
from api_tests.store.postgres import Server
from service.core.errors import StoreUnavailable
from service.store.database import Database
from service.store.failures import CircuitBreaker, Reason
from service.store.migration import Schema

NOISE = 20_000


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that others may enter, which those of pytest are not."""
    with tempfile.TemporaryDirectory(prefix="gradient-verdict-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def over_file(path: Path) -> Keeping:
    return Keeping(f"sqlite:///{path}", Clock())


def refused(store: Keeping) -> str:
    """Why the store does not take a report."""
    with pytest.raises(StoreUnavailable) as refusal:
        store.put_all(99, padding=NOISE)
    return refusal.value.sentence


def filled(store: Keeping) -> int:
    """Put reports until there is no room for another; how many there were."""
    with pytest.raises(StoreUnavailable, match=Reason.FULL):
        store.put_all(*range(1000), padding=NOISE)
    return len(store.numbers(range(1000)))


def test_a_folder_that_cannot_be_made_is_told_without_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = over_file(tmp_path / "file" / "reports.sqlite3")
    assert Reason.UNREACHABLE in refused(store)
    assert str(tmp_path) not in refused(store)


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "reports.sqlite3"
    path.write_bytes(b"no database " * 1000)
    assert Reason.DAMAGED in refused(over_file(path))
    assert path.read_bytes() == b"no database " * 1000


def test_a_damaged_page_costs_what_is_in_it_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "reports.sqlite3"
    store = over_file(path)
    store.put_all(*range(40))
    store.close()
    whole = path.read_bytes()
    size = int.from_bytes(whole[16:18], "big")
    for page in range(1, len(whole) // size):
        path.write_bytes(whole[: page * size] + b"\xff" * size + whole[(page + 1) * size :])
        store.close()
        try:
            found = [readable(store, number) for number in range(40)]
        finally:
            store.close()
        if 0 < sum(found) < 40:
            assert found[found.index(False) :].count(True) > 0, "those behind it are read at once"
            return
    raise AssertionError("no page has some of the reports")


def readable(store: Keeping, number: int) -> bool:
    """Whether a report can be read."""
    try:
        return store.get(digest_of(number)) == report_of(number)
    except StoreUnavailable:
        return False


def test_a_new_store_in_a_folder_that_nobody_may_write_to_is_told(public: Path) -> None:
    with read_only(public):
        assert any(reason in refused(over_file(public / "reports.sqlite3")) for reason in Reason)
        assert Reason.READ_ONLY in refused(over_file(public / "folder" / "reports.sqlite3"))


def test_reports_are_read_while_they_may_not_be_written(public: Path) -> None:
    store = over_file(public / "reports.sqlite3")
    store.put_all(1)
    store.database.close()
    reader = over_file(public / "reports.sqlite3")
    keeper = over_file(public / "reports.sqlite3")
    assert keeper.get(digest_of(1)) == report_of(1)  # so that the files beside the database are there
    with read_only(public):
        assert Reason.READ_ONLY in refused(reader)
        reader.clock.forward(days=1)
        assert reader.get(digest_of(1)) == report_of(1)
    reader.stopwatch.seconds += CircuitBreaker.RETRY_SECONDS
    reader.database.close()
    reader.put_all(2)
    assert reader.get(digest_of(2)) == report_of(2)
    for one in (reader, keeper):
        one.close()


def test_a_full_disk_keeps_nobody_from_reading_and_is_written_to_when_there_is_room(tmp_path: Path) -> None:
    store = over_file(tmp_path / "reports.sqlite3")
    with no_more_pages(60):
        last = filled(store)
        assert last > 0
        store.clock.forward(days=1)
        assert all(store.get(digest_of(number)) == report_of(number, padding=NOISE) for number in range(last))
        store.database.close()
    assert Reason.FULL in refused(store)
    store.stopwatch.seconds += CircuitBreaker.RETRY_SECONDS
    store.put_all(99, padding=NOISE)
    store.close()


def test_a_disk_that_is_really_full_is_told_and_what_was_put_stays(tmp_path: Path) -> None:
    with tiny_disk(tmp_path / "disk", 512):
        store = over_file(tmp_path / "disk" / "reports.sqlite3")
        last = filled(store)
        assert last > 0
        assert all(store.get(digest_of(number)) == report_of(number, padding=NOISE) for number in range(last))
        store.close()


def test_a_file_that_is_removed_is_made_anew(sqlite: Keeping, tmp_path: Path) -> None:
    sqlite.put_all(1)
    for path in tmp_path.iterdir():
        path.unlink()
    sqlite.put_all(2)
    assert (sqlite.get(digest_of(1)), sqlite.get(digest_of(2))) == (None, report_of(2))


def test_a_report_that_is_damaged_in_the_store_is_not_there(keeping: Keeping) -> None:
    keeping.put_all(1)
    with keeping.database.writing() as connection:
        connection.execute(text("UPDATE reports SET report = :bytes"), {"bytes": b"damaged"})
    assert keeping.get(digest_of(1)) is None
    keeping.put_all(1)
    assert keeping.get(digest_of(1)) == report_of(1)


def test_after_a_failure_nothing_is_tried_for_a_while(tmp_path: Path) -> None:
    blocked = tmp_path / "folder"
    blocked.touch()
    store = over_file(blocked / "reports.sqlite3")
    assert Reason.UNREACHABLE in refused(store)
    blocked.unlink()
    store.stopwatch.seconds += CircuitBreaker.RETRY_SECONDS - 0.01
    assert Reason.UNREACHABLE in refused(store)
    assert not blocked.exists()
    store.stopwatch.seconds += 0.01
    store.put_all(1)
    assert store.get(digest_of(1)) == report_of(1)
    assert store.failures == 2
    store.close()


def test_whoever_comes_while_the_database_is_opened_fails_with_that_attempt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts: list[int] = []
    waiting, goes_on = Event(), Event()

    def upgrade(self: Schema) -> None:
        attempts.append(len(attempts))
        waiting.set()
        goes_on.wait(60)
        raise OSError

    class Queued:
        """A lock that counts those who have come to it."""

        def __init__(self) -> None:
            self.came = 0
            self._lock = Lock()

        def __enter__(self) -> None:
            self.came += 1
            self._lock.acquire()

        def __exit__(self, *_: object) -> None:
            self._lock.release()

    monkeypatch.setattr(Schema, "upgrade", upgrade)
    queue = Queued()
    monkeypatch.setattr("service.store.database.Lock", lambda: queue)
    database = Database(f"sqlite:///{tmp_path}/reports.sqlite3", Stopwatch())

    def refusal() -> str:
        with pytest.raises(StoreUnavailable) as refused, database.reading():
            pass
        return str(refused.value.sentence)

    with ThreadPoolExecutor(5) as pool:
        found = [pool.submit(refusal)]
        assert waiting.wait(60)
        found += [pool.submit(refusal) for _ in range(4)]
        assert eventually(lambda: queue.came == 5, 60)
        goes_on.set()
        assert len({one.result(60) for one in found}) == 1
    assert (attempts, database.failures) == ([0], 5)


def test_after_the_pause_one_attempt_is_made_and_all_others_are_refused() -> None:
    stopwatch = Stopwatch()
    breaker = CircuitBreaker("used", stopwatch)
    breaker.failure(Reason.UNREACHABLE, OSError())
    for _ in range(2):
        stopwatch.seconds += CircuitBreaker.RETRY_SECONDS
        breaker.guard()
        for _ in range(3):
            with pytest.raises(StoreUnavailable, match=Reason.UNREACHABLE):
                breaker.guard()
    breaker.success()
    for _ in range(3):
        breaker.guard()


@pytest.mark.parametrize(
    ("failure", "reason", "stays"),
    [(OSError("gone"), Reason.UNREACHABLE, False), (PoolTimeout(), Reason.BUSY, True)],
    ids=["unreachable", "busy"],
)
def test_connections_are_made_anew_unless_the_store_is_only_busy(
    sqlite: Keeping, failure: Exception, reason: Reason, stays: bool
) -> None:
    def is_marked() -> bool:
        with sqlite.database.reading() as connection:
            marks = connection.exec_driver_sql("SELECT count(*) FROM temp.sqlite_master").scalar_one()
            return bool(marks)

    with sqlite.database.reading() as connection:
        connection.exec_driver_sql("CREATE TEMP TABLE mark (x)")
    assert is_marked(), "as long as the connection is there"
    with pytest.raises(StoreUnavailable, match=reason), sqlite.database.reading():
        raise failure
    sqlite.stopwatch.seconds += CircuitBreaker.RETRY_SECONDS
    assert is_marked() is stays


def test_the_log_says_when_a_failure_begins_and_when_it_ends(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "service.store")
    blocked = tmp_path / "folder"
    blocked.touch()
    store = over_file(blocked / "reports.sqlite3")
    for _ in range(5):
        refused(store)
        store.stopwatch.seconds += CircuitBreaker.RETRY_SECONDS
    blocked.unlink()
    for number in range(5):
        store.put_all(number)
    said = [record.message for record in caplog.records if record.name == "service.store"]
    assert len(said) == 2
    assert said[0].startswith(f"the store cannot be used: {Reason.UNREACHABLE} (")
    assert said[1] == "the store can be used again"
    store.close()


def test_a_server_that_stops_is_told_and_used_again_when_it_is_back(postgres: Server) -> None:
    store = Keeping(postgres.database(), Clock())
    store.put_all(1)
    postgres.stop()
    try:
        assert Reason.UNREACHABLE in refused(store)
    finally:
        postgres.start()
    store.stopwatch.seconds += CircuitBreaker.RETRY_SECONDS
    assert store.get(digest_of(1)) == report_of(1)
    store.put_all(2)
    store.close()


def test_a_server_that_was_restarted_meanwhile_is_not_noticed(postgres: Server) -> None:
    store = Keeping(postgres.database(), Clock())
    store.put_all(1)
    postgres.stop()
    postgres.start()
    assert store.get(digest_of(1)) == report_of(1)
    assert store.failures == 0
    store.close()


def test_a_server_that_may_only_be_read_is_read(postgres: Server) -> None:
    store = Keeping(postgres.database(), Clock())
    store.put_all(1)
    name = store.url.rpartition("/")[2]
    with store.database.writing() as connection:
        connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
    store.close()
    assert Reason.READ_ONLY in refused(store)
    assert store.get(digest_of(1)) == report_of(1)
    store.close()
