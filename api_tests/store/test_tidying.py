"""What the archive does every ten minutes, with a store that says what it is asked and no clock."""

import logging
from collections.abc import Callable, Sequence
from math import inf
from typing import Any

import pytest

from api_tests.store.test_archive import EVIDENCE, GRADING, LIMITS, ROOM, SPEC, Simulator
from service.core.cache import Cache
from service.core.errors import BudgetExceeded, StoreUnavailable
from service.core.payload import Payload
from service.grading.spec import GradingSpec
from service.grading.tasks import graded
from service.simulation.estimate import Limits
from service.store import archive as archives
from service.store.archive import Archive, Provenance
from service.store.failures import Reason
from service.store.reports import Made
from service.store.stores import NullStore

pytestmark = pytest.mark.anyio


class Telling(NullStore):
    """A store that keeps what it is handed, says what it is asked in its order, and fails while it is told to."""

    def __init__(self, dropped: int = 0) -> None:
        self.dropped = dropped
        self.told: list[Any] = []
        self.kept: dict[str, bool] = {}
        self.broken = False

    def _say(self, *what: Any) -> None:
        self.told.append(what)
        if self.broken:
            raise StoreUnavailable(Reason.BUSY)

    def put(self, digest: str, report: bytes, pin: bool = False) -> bool:
        """Keep its digest, and whether it is pinned."""
        self._say("put", digest, pin)
        self.kept[digest] = pin
        return True

    def put_made(self, made: Sequence[Made]) -> list[bool]:
        """The same of each, which nobody pins."""
        return [self.put(one.digest, one.report) for one in made]

    def touch(self, digests: Any) -> None:
        """Say what is used."""
        self._say("touch", sorted(digests))

    def retain(self) -> int:
        """As many as it was made with."""
        self._say("retain")
        return self.dropped

    def close(self) -> None:
        """Say so."""
        self.told.append(("close",))


class Enough(BaseException):
    """Ends what would go on for ever."""


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> Callable[[Archive, int], Any]:
    """Tidy an archive so many times; how long it slept between them."""

    async def tidied(archive: Archive, times: int) -> list[float]:
        seconds: list[float] = []

        async def sleep(pause: float) -> None:
            seconds.append(pause)
            if len(seconds) == times:
                raise Enough

        monkeypatch.setattr(archives, "sleep", sleep)
        with pytest.raises(Enough):
            await archive.tidy()
        return seconds

    return tidied


@pytest.mark.parametrize(("dropped", "level"), [(0, "DEBUG"), (1, "INFO"), (7, "INFO")])
async def test_every_ten_minutes_what_was_used_is_noted_and_what_is_old_is_dropped(
    slept: Any, caplog: pytest.LogCaptureFixture, dropped: int, level: str
) -> None:
    caplog.set_level(logging.DEBUG, "service.store")
    store = Telling(dropped)
    archive = Archive(Simulator(), store, LIMITS, ROOM)
    made, again = [await archive.answer(SPEC) for _ in range(2)]
    assert (made.source, again.source) == (Provenance.SIMULATION, Provenance.MEMORY)
    assert await slept(archive, 2) == [600.0, 600.0]
    assert store.told[1:] == [("touch", [made.digest]), ("retain",), ("touch", []), ("retain",)]
    said = [(record.levelname, record.getMessage()) for record in caplog.records if record.name == "service.store"]
    assert said == [(level, f"{dropped} reports and points are dropped")] * 2


async def test_a_store_that_fails_is_tidied_the_next_time(slept: Any) -> None:
    store = Telling()
    archive = Archive(Simulator(), store, LIMITS, ROOM)
    store.broken = True
    made = await archive.answer(SPEC)
    await archive.grade(GRADING, "native")
    assert (made.kept, made.store_failed, store.kept) == (True, True, {})
    await slept(archive, 2)
    assert store.kept == {}
    store.broken = False
    await slept(archive, 1)
    assert store.kept == {made.digest: False, **dict.fromkeys(EVIDENCE, True)}
    store.told.clear()
    await archive.close()
    assert store.told == [("touch", []), ("close",)]


async def test_an_archive_is_closed_although_its_store_fails() -> None:
    store = Telling()
    store.broken = True
    archive = Archive(Simulator(), store, LIMITS, ROOM)
    await archive.close()
    assert store.told[-1] == ("close",)


async def test_what_memory_has_let_go_of_is_owed_no_longer() -> None:
    store = Telling()
    store.broken = True
    archive = Archive(Simulator(), store, LIMITS, 0)
    assert not (await archive.answer(SPEC)).kept
    store.broken = False
    await archive.catch_up()
    assert (store.kept, archive._owed) == ({}, {})


async def test_what_the_store_has_can_be_had_again(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Telling()
    monkeypatch.setattr(store, "get", lambda _digest: b"kept")
    found = await Archive(Simulator(), store, LIMITS, 0).answer(SPEC)
    assert (found.report, found.source, found.kept, found.store_failed) == (b"kept", Provenance.STORE, True, False)


async def test_a_report_that_is_read_from_memory_is_used_and_one_of_the_store_is_remembered() -> None:
    store = Telling()
    archive = Archive(Simulator(), store, LIMITS, ROOM)
    made = await archive.answer(SPEC)
    await archive.catch_up()
    store.told.clear()
    assert await archive.report(made.digest) == made.report
    await archive.catch_up()
    assert store.told == [("touch", [made.digest])]


async def test_what_costs_too_much_is_refused_with_what_takes_more() -> None:
    archive = Archive(Simulator(), NullStore(), Limits(1.0, 1 << 40), ROOM)
    with pytest.raises(BudgetExceeded, match="POST /v1/sweeps takes more"):
        await archive.answer(SPEC)
    assert b'"within_budget":false' in await archive.estimate(SPEC)
    claims = [{"id": "v", "kind": "verdict", "simulation": SPEC.read().model_dump(mode="json")}]
    asked = GradingSpec.model_validate({"rubric": {"id": "r", "claims": claims}, "answers": {}})
    with pytest.raises(BudgetExceeded) as refused:
        graded(Payload.of(asked), Limits(1.0, 1 << 40), "native", inf)
    assert "/v1/sweeps" not in refused.value.sentence


def test_a_memory_is_full_to_the_last_byte() -> None:
    cache = Cache(4)
    assert [cache.put(name, b"12") for name in "ab"] == [True, True]
    assert (cache.size, cache.get("a"), cache.get("b")) == (4, b"12", b"12")
    assert cache.put("c", b"1")
    assert (cache.size, cache.get("a"), cache.get("b"), cache.get("c")) == (3, None, b"12", b"1")
    assert not cache.put("d", b"12345")
    assert cache.put("d", b"1234")
    assert (cache.size, cache.get("b"), cache.get("c"), cache.get("d")) == (4, None, None, b"1234")
    assert cache.get("d") == b"1234"
