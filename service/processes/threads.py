"""Threads that wait for a database, and work that several ask for at one time and is done by one call."""

import asyncio
from collections.abc import Callable, Sequence
from contextvars import Context
from functools import partial
from typing import Generic, ParamSpec, TypeVar

import anyio

CONNECTIONS = 5
"""To a database; so many threads may wait for it."""
_P = ParamSpec("_P")
_T = TypeVar("_T")
_A = TypeVar("_A")


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
