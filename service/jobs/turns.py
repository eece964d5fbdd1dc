"""Turns: so many may work at once, or one alone."""

from contextlib import AbstractAsyncContextManager
from types import TracebackType

from anyio import CapacityLimiter, Lock


class Turns:
    """Lets `at_once` work beside one another; whoever asks to be alone waits until it is."""

    def __init__(self, at_once: int) -> None:
        self._free = CapacityLimiter(at_once)
        self._everything = _Everything(self._free, at_once)

    def taken(self, alone: bool = False) -> AbstractAsyncContextManager[None]:
        """A turn, or all of them."""
        return self._everything if alone else self._free


class _Everything(AbstractAsyncContextManager[None]):
    """All turns of a limiter at once, for one after the other: two that gather turns would wait for each other."""

    def __init__(self, free: CapacityLimiter, count: int) -> None:
        self._free = free
        self._turns = [object() for _ in range(count)]
        self._one = Lock()

    async def __aenter__(self) -> None:
        await self._one.acquire()
        gathered = False
        try:
            for turn in self._turns:
                await self._free.acquire_on_behalf_of(turn)
            gathered = True
        finally:
            if not gathered:  # cancelled meanwhile
                self._let_go()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._let_go()

    def _let_go(self) -> None:
        held = self._free.statistics().borrowers
        for turn in self._turns:
            if turn in held:
                self._free.release_on_behalf_of(turn)
        self._one.release()
