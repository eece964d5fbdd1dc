"""Threads that wait for a database."""

from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

import anyio

CONNECTIONS = 5
"""To a database; so many threads may wait for it."""
_P = ParamSpec("_P")
_T = TypeVar("_T")


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
