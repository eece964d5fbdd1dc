"""A read-write lock over a number of slots: so many tasks share it, or one has it to itself."""

from contextlib import AbstractAsyncContextManager
from types import TracebackType

from anyio import CapacityLimiter, Lock


class SharedLock:
    """Lets `at_once` tasks work beside one another; one that wants to be alone waits until it is."""

    def __init__(self, at_once: int) -> None:
        self._slots = CapacityLimiter(at_once)
        self._all_slots = _AllSlots(self._slots, at_once)

    def shared(self) -> AbstractAsyncContextManager[None]:
        """One slot, beside others."""
        return self._slots

    def exclusive(self) -> AbstractAsyncContextManager[None]:
        """All slots at once."""
        return self._all_slots


class _AllSlots(AbstractAsyncContextManager[None]):
    """All slots of a limiter, for one task after the other: two that gather slots would wait for each other."""

    def __init__(self, slots: CapacityLimiter, count: int) -> None:
        self._slots = slots
        self._borrowers = [object() for _ in range(count)]
        self._one = Lock()

    async def __aenter__(self) -> None:
        await self._one.acquire()
        gathered = False
        try:
            for borrower in self._borrowers:
                await self._slots.acquire_on_behalf_of(borrower)
            gathered = True
        finally:
            if not gathered:  # cancelled meanwhile
                self._release()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()

    def _release(self) -> None:
        held = self._slots.statistics().borrowers
        for borrower in self._borrowers:
            if borrower in held:
                self._slots.release_on_behalf_of(borrower)
        self._one.release()
