"""Work under way is done once for all who ask for the same, as long as one of them waits for it."""

from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from anyio import CancelScope, Event, create_task_group, fail_after
from anyio.lowlevel import checkpoint

from service.core.context import REQUEST, RequestContext
from service.core.errors import DeadlineExceeded
from service.core.payload import Payload, Weighed
from service.core.settings import Settings
from service.processes.flights import Flights
from service.processes.pool import PoolLimits, ProcessPool

pytestmark = pytest.mark.anyio

T = TypeVar("T")
PATIENCE = 60


class Told(ProcessPool):
    """A pool that works here, and notes what it was told that work takes."""

    def __init__(self) -> None:
        super().__init__(PoolLimits.of(Settings()))
        self.costs: list[float | None] = []

    async def run(
        self, task: Callable[[int], T], seconds: float | None = None, *, cost_seconds: float | None = None
    ) -> T:
        """What the task finds."""
        self.costs.append(cost_seconds)
        return task(1)


class Work:
    """Work that counts how often it is begun and given up, and ends when it is told to."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.may_end = Event()
        self.begun = self.ended = 0

    async def __call__(self) -> str:
        """A word, or the error."""
        self.begun += 1
        try:
            await self.may_end.wait()
        finally:
            self.ended += 1
        if self.error is not None:
            raise self.error
        return "found"


@pytest.fixture
def flights() -> Flights:
    return Flights(Told())


async def until(holds: Callable[[], bool]) -> None:
    with fail_after(PATIENCE):
        while not holds():
            await checkpoint()


async def settled() -> None:
    for _ in range(20):
        await checkpoint()


async def test_those_who_ask_for_the_same_wait_for_one_work(flights: Flights) -> None:
    work, other, found = Work(), Work(), []

    async def ask(key: str, of: Work) -> None:
        context = RequestContext()
        REQUEST.set(context)
        found.append((*await flights.join(key, of), context.cache))

    async with create_task_group() as asking:
        for _ in range(5):
            asking.start_soon(ask, "same", work)
        asking.start_soon(ask, "another", other)
        await until(lambda: work.begun == other.begun == 1)
        await settled()
        work.may_end.set()
        other.may_end.set()
    assert (work.begun, other.begun) == (1, 1)
    assert sorted(found) == [("found", False, "")] * 2 + [("found", True, "joined")] * 4


@pytest.mark.parametrize("leaving", [0, 1], ids=["the first", "another"])
async def test_one_who_leaves_does_not_stop_the_others(flights: Flights, leaving: int) -> None:
    work, found = Work(), list[str]()
    scopes = [CancelScope() for _ in range(3)]

    async def ask(scope: CancelScope) -> None:
        with scope:
            found.append((await flights.join("same", work))[0])

    async with create_task_group() as asking:
        for scope in scopes:
            asking.start_soon(ask, scope)
            await until(lambda: work.begun == 1)
        await settled()
        scopes[leaving].cancel()
        await settled()
        assert work.ended == 0
        work.may_end.set()
    assert (work.begun, found) == (1, ["found"] * 2)


async def test_work_that_nobody_waits_for_any_more_is_given_up_and_begun_anew(flights: Flights) -> None:
    work, again = Work(), Work()
    with CancelScope() as scope:
        async with create_task_group() as asking:
            asking.start_soon(flights.join, "same", work)
            await until(lambda: work.begun == 1)
            scope.cancel()
    again.may_end.set()
    assert await flights.join("same", again) == ("found", False)
    await until(lambda: work.ended == 1)
    assert again.begun == 1


async def test_an_error_is_told_to_all_and_is_not_remembered(flights: Flights) -> None:
    work, told = Work(DeadlineExceeded(1.0)), list[BaseException]()

    async def ask() -> None:
        with pytest.raises(DeadlineExceeded) as raised:
            await flights.join("same", work)
        told.append(raised.value)

    async with create_task_group() as asking:
        for _ in range(3):
            asking.start_soon(ask)
        await until(lambda: work.begun == 1)
        await settled()
        work.may_end.set()
    assert (len(told), work.begun) == (3, 1)
    better = Work()
    better.may_end.set()
    assert await flights.join("same", better) == ("found", False)


def weighing(payload: Payload[float], most_seconds: float, _processes: int) -> str | Weighed:
    return "found" if payload.read() <= most_seconds else Weighed(payload.read())


@pytest.mark.parametrize(("takes", "costs"), [(0.001, 1), (50.0, 2)])
async def test_long_work_waits_for_its_turn_by_what_it_takes(takes: float, costs: int) -> None:
    pool, payload = Told(), Payload.of(takes)

    def task(most_seconds: float, processes: int) -> Any:
        return weighing(payload, most_seconds, processes)

    assert await Flights(pool).run(payload, task) == "found"
    assert len(pool.costs) == costs
    assert pool.costs[-1] == (takes if costs == 2 else pool.costs[0])
    assert 0.0 < (pool.costs[0] or 0.0) < 1.0
