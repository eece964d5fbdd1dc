"""Turns: so many may work at once, or one alone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import CapacityLimiter, Lock


class Turns:
    """Lets `at_once` work beside one another; whoever asks to be alone waits until it is."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._free = CapacityLimiter(at_once)
        self._alone = Lock()

    @asynccontextmanager
    async def taken(self, alone: bool = False) -> AsyncIterator[None]:
        """A turn, or all of them."""
        if not alone:
            async with self._free:
                yield
            return
        async with self._alone:  # one after the other: two that gather turns would wait for each other
            turns = [object() for _ in range(self._at_once)]
            try:
                for turn in turns:
                    await self._free.acquire_on_behalf_of(turn)
                yield
            finally:
                self._release(turns)

    def _release(self, turns: list[object]) -> None:
        held = self._free.statistics().borrowers
        for turn in turns:
            if turn in held:
                self._free.release_on_behalf_of(turn)
