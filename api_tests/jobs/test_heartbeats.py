"""An executor that does not count on is given up by those that look at it, and ends when it sees that."""

import logging
from collections.abc import Iterable, Iterator

import pytest
from sqlalchemy import event

from api_tests.store.keeping import Stopwatch
from service.jobs import executor as executor_module
from service.jobs.executor import Executor
from service.jobs.heartbeats import SILENT_SECONDS, ExecutorLost, Heartbeats
from service.store.database import Database

pytestmark = pytest.mark.anyio


class Locks:
    """The locks of executors, of which some are free."""

    def __init__(self) -> None:
        self.free: set[str] = set()

    def hold(self) -> None:
        """Nothing to do."""

    def expired(self, executors: Iterable[str]) -> set[str]:
        return self.free.intersection(executors)

    def close(self) -> None:
        """Nothing to do."""


class Watch:
    """One that looks each second, by a clock of its own."""

    def __init__(self, url: str) -> None:
        self.clock, self.locks = Stopwatch(), Locks()
        self.heartbeats = Heartbeats(Database(url), self.locks, self.clock)

    def seen(self, looks: int = 1, seconds: float = 1.0) -> dict[str, bool]:
        """Whether executors are lost, after so many looks."""
        found = self.heartbeats.look()
        for _ in range(looks - 1):
            self.clock.seconds += seconds
            found = self.heartbeats.look()
        return {row.name: row.lost for row in found}


LOOKS = int(SILENT_SECONDS) + 2


@pytest.fixture
def watch(database_url: str) -> Iterator[Watch]:
    found = Watch(database_url)
    yield found
    found.heartbeats.close()


def test_an_executor_that_counts_on_is_alive_whatever_the_clocks_say(watch: Watch) -> None:
    for _ in range(3 * LOOKS):
        watch.heartbeats.beat("one")
        watch.clock.seconds += 60
        assert watch.seen() == {"one": False}


def test_one_that_is_silent_is_given_up_once_and_told_so(watch: Watch, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("one", "other"):
        watch.heartbeats.beat(name)
    for second in range(LOOKS):
        watch.clock.seconds += 1
        watch.heartbeats.beat("other")
        assert (watch.seen()["one"], watch.seen()["other"]) == (second >= SILENT_SECONDS, False), second
    assert watch.seen(2 * LOOKS)["one"]
    assert [record.levelno for record in caplog.records if "one (process" in record.message] == [logging.WARNING]
    with pytest.raises(ExecutorLost):
        watch.heartbeats.beat("one")
    assert watch.heartbeats.lost() == {"one", "other"}, "which was silent meanwhile"
    watch.heartbeats.forget({"one"})
    watch.heartbeats.beat("one")
    assert watch.heartbeats.lost() == {"other"}


def test_one_look_after_a_long_pause_of_who_looks_gives_nobody_up(watch: Watch) -> None:
    watch.heartbeats.beat("one")
    assert watch.seen(3, seconds=1000) == {"one": False}
    watch.heartbeats.beat("one")
    assert watch.seen(3, seconds=1000) == {"one": False}


def test_one_that_has_died_is_forgotten_and_not_given_up(watch: Watch) -> None:
    watch.heartbeats.beat("one")
    watch.locks.free = {"one"}
    assert watch.seen(LOOKS) == {}
    assert watch.heartbeats.lost() == set()


def test_who_looks_waits_for_its_turn_to_write_as_who_counts_does(watch: Watch) -> None:
    watch.heartbeats.beat("one")
    said: list[str] = []
    engine = watch.heartbeats._database._opened()
    event.listen(engine, "before_cursor_execute", lambda *of: said.append(of[2]))
    watch.seen()
    assert said[0] == "BEGIN IMMEDIATE" or "FOR UPDATE" in said[0]


class Engine:
    """An engine in which a lost executor has claimed a chunk."""

    executor = "mine"

    def __init__(self) -> None:
        self.recovered: list[str] = []

    async def claimed(self) -> dict[str, str]:
        return {"chunk": "lost"}

    async def recover(self, executors: set[str]) -> None:
        self.recovered += sorted(executors)

    async def resume(self, workflows: set[str]) -> None:
        assert not workflows

    async def retry(self) -> None:
        """Nothing to do."""


async def test_what_a_lost_executor_has_claimed_is_recovered_although_it_holds_its_lock(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, ends = Engine(), list[int]()
    watch.heartbeats.beat("lost")
    watch.seen(LOOKS)
    executor = Executor(engine, None, None, watch.locks, watch.heartbeats)  # type: ignore[arg-type]
    await executor.recover()
    assert engine.recovered == ["lost"], "at once"
    monkeypatch.setattr(executor_module, "_end_process", ends.append)
    await executor.beat()
    assert ends == []
    engine.executor = "lost"
    await executor.beat()
    assert len(ends) == 1, "one that is continued ends by itself"
