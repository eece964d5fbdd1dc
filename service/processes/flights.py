"""Work under way, done once for all who ask for the same, in a process or in a thread that waits for a database.

What it takes is told to the pool before it begins.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextvars import Context
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Any, Generic, ParamSpec, TypeVar, cast

import anyio

from service.core.context import request_context
from service.core.payload import Payload, Weighed
from service.processes.pool import ProcessPool

CONNECTIONS = 5
"""To a database; so many threads may wait for it."""
_P = ParamSpec("_P")
_T = TypeVar("_T")
_A = TypeVar("_A")

_CHEAP_SECONDS = 0.3
"""What takes less by its estimate is done as soon as that is known."""
_SECONDS = 0.02
_SECONDS_PER_BYTE = 1.5e-7
"""To parse, validate and plan what was sent."""


@dataclass
class _Flight:
    """A task that several wait for."""

    task: asyncio.Task[Any]
    waiting: int = 0


class Flights:
    """Runs work in a pool, and equal work once."""

    def __init__(self, pool: ProcessPool) -> None:
        self._pool = pool
        self._flights: dict[Hashable, _Flight] = {}

    async def join(self, key: Hashable, work: Callable[[], Awaitable[_T]]) -> tuple[_T, bool]:
        """The result of the work under way for `key`, and whether another has begun it; else that of `work`.

        It goes on as long as one of those who wait for it is there, whichever of them; its errors are raised to all.
        """
        flight = self._flights.get(key)
        joined = flight is not None
        if flight is None:
            flight = self._flights[key] = _Flight(asyncio.create_task(_awaited(work)))
            flight.task.add_done_callback(partial(self._landed, key))
        else:
            request_context().cache = "joined"
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task), joined
        finally:
            flight.waiting -= 1
            if not flight.waiting and not flight.task.done():
                self._flights.pop(key, None)  # one who asks from now on begins anew
                flight.task.cancel()

    async def opened(self, payload: Payload[Any], task: Callable[[int], _T]) -> _T:
        """What a process makes of `payload`, by a `task` that takes little more than reading it."""
        return await self._pool.run(task, cost_seconds=opening_seconds(payload))

    async def run(self, payload: Payload[Any], task: Callable[[float, int], _T | Weighed]) -> _T:
        """What a process makes of `payload`: `task` works where that takes less seconds than it is told.

        Otherwise it says how long it takes, and its turn comes by that.
        """
        found = await self.opened(payload, partial(task, _CHEAP_SECONDS))
        if isinstance(found, Weighed):
            found = await self._pool.run(partial(task, inf), cost_seconds=found.seconds)
        result: Any = found  # with all the time there is, it is done
        return cast(_T, result)

    def _landed(self, key: Hashable, task: asyncio.Task[Any]) -> None:
        flight = self._flights.get(key)
        if flight is not None and flight.task is task:
            del self._flights[key]
        if not task.cancelled():
            task.exception()  # it is looked at, though the last who waited for it may have left


def opening_seconds(payload: Payload[Any]) -> float:
    """What reading `payload` takes, about."""
    return _SECONDS + _SECONDS_PER_BYTE * payload.size


async def _awaited(work: Callable[[], Awaitable[_T]]) -> _T:
    return await work()


class Threads:
    """A few threads, as many as a database has connections; those of the endpoints stay free if it is slow."""

    def __init__(self, count: int = CONNECTIONS) -> None:
        self._limiter = anyio.CapacityLimiter(count)

    async def run(self, work: Callable[_P, _T], *arguments: _P.args, **named: _P.kwargs) -> _T:
        """The result of `work` for these arguments; a caller that is cancelled waits until it has ended."""
        return await anyio.to_thread.run_sync(partial(work, *arguments, **named), limiter=self._limiter)

    async def glance(self, work: Callable[[], _T]) -> _T:
        """The result of `work`; a caller that is cancelled does not wait for it."""
        return await anyio.to_thread.run_sync(work, limiter=self._limiter, abandon_on_cancel=True)


class Together(Generic[_A, _T]):
    """Does `work` in a thread, one call at a time; what is asked for while one is under way is all in the next."""

    def __init__(self, threads: Threads, work: Callable[[Sequence[_A]], Sequence[_T]]) -> None:
        self._threads = threads
        self._work = work
        self._items: list[_A] = []  # of the next call
        self._next: asyncio.Task[Sequence[_T]] | None = None
        self._turn = asyncio.Lock()
        self._calls: set[asyncio.Task[Sequence[_T]]] = set()

    async def ask(self, item: _A) -> _T:
        """What `work` finds for `item`, or what it raises; one that is cancelled does not keep it from the work."""
        if self._next is None:
            self._next = asyncio.create_task(self._call(), context=Context())
            self._calls.add(self._next)
            self._next.add_done_callback(self._ended)
        call, place = self._next, len(self._items)
        self._items.append(item)
        return (await asyncio.shield(call))[place]

    async def settled(self) -> None:
        """Wait until nothing is under way."""
        while self._calls:
            await asyncio.wait(self._calls)

    async def _call(self) -> Sequence[_T]:
        async with self._turn:
            items, self._items, self._next = self._items, [], None
            return await self._threads.run(self._work, items)

    def _ended(self, call: asyncio.Task[Sequence[_T]]) -> None:
        self._calls.discard(call)
        if not call.cancelled():
            call.exception()  # it is looked at, though all who asked may have left
