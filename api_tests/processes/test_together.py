"""Work that several ask for at one time is done by one call in a thread."""

import threading
from collections.abc import Sequence

import pytest
from anyio import CancelScope, create_task_group, lowlevel, to_thread

from api_tests.processes.pools import until
from service.processes.flights import Threads, Together

pytestmark = pytest.mark.anyio


class Work:
    """Doubles numbers, in calls that wait until they are let go."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.go = threading.Event()

    def __call__(self, numbers: Sequence[int]) -> list[int]:
        self.calls.append(list(numbers))
        assert self.go.wait(60)
        if 13 in numbers:
            raise ValueError("13")
        return [2 * number for number in numbers]


async def test_what_is_asked_for_meanwhile_is_one_call_and_each_gets_its_own_answer() -> None:
    work, found = Work(), dict[int, int]()
    together = Together(Threads(), work)

    async def ask(number: int) -> None:
        found[number] = await together.ask(number)

    async with create_task_group() as asking:
        asking.start_soon(ask, 0)
        await until(lambda: work.calls)
        for number in range(1, 6):
            asking.start_soon(ask, number)
        await lowlevel.checkpoint()
        await lowlevel.checkpoint()
        work.go.set()
    assert found == {number: 2 * number for number in range(6)}
    assert work.calls == [[0], [1, 2, 3, 4, 5]]


async def test_an_error_is_told_to_all_who_asked_and_the_next_are_answered() -> None:
    work = Work()
    work.go.set()
    together, failed = Together(Threads(), work), list[int]()

    async def ask(number: int) -> None:
        try:
            await together.ask(number)
        except ValueError:
            failed.append(number)

    async with create_task_group() as asking:
        for number in (12, 13, 14):
            asking.start_soon(ask, number)
    assert sorted(failed) == [12, 13, 14]
    assert await together.ask(4) == 8


async def test_it_is_done_though_who_asked_has_left_and_the_end_waits_for_it() -> None:
    work = Work()
    together = Together(Threads(), work)
    async with create_task_group() as asking:
        with CancelScope() as leaving:

            async def leave() -> None:
                await until(lambda: work.calls)
                leaving.cancel()

            asking.start_soon(leave)
            await together.ask(1)
    assert leaving.cancelled_caught
    async with create_task_group() as ending:
        ending.start_soon(together.settled)
        await to_thread.run_sync(work.go.set)
    assert work.calls == [[1]]
