"""Work under way, done once for all who ask for the same; what it takes is told to the pool before it begins."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Any, TypeVar, cast

from service.core.context import request_context
from service.core.payload import Payload, Weighed
from service.processes.pool import ProcessPool

_T = TypeVar("_T")

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
