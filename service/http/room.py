"""Bytes of bodies in flight: of all together, and at most half of them of one caller; what has no room is refused."""

from collections import Counter
from types import TracebackType

from service.core.context import request_context
from service.core.errors import Refusal

_FREE_BYTES = 16 << 10
"""Of every body: there are no more small ones than connections."""


class NoRoom(Refusal):
    """There is no room for the body of the request now."""

    code = "no-room"
    sentence = "The service has no room for the file in its temporary folder now; ask again in a moment."
    retry_after_seconds = 2


class Room:
    """A budget of bytes, which bodies take as they arrive and give back when they are answered."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken: Counter[str] = Counter()

    @property
    def taken(self) -> int:
        """How many bytes are taken now."""
        return self._taken.total()

    def take(self, share: str, count: int) -> None:
        """Take so many bytes more for the caller `share`; NoRoom where all are taken, or half of them by this one."""
        mine = self._taken[share] + count
        if self.taken + count > self._limit or mine > self._limit // 2:
            raise NoRoom(
                f"Bodies that are being read or worked on take all of the {self._limit} bytes there are for them, or "
                "yours take half; ask again in a moment.",
                limit=self._limit,
            )
        self._taken[share] = mine

    def give_back(self, share: str, count: int) -> None:
        """Give back what was taken."""
        self._taken[share] -= count
        if not self._taken[share]:
            del self._taken[share]

    def hold(self) -> "Hold":
        """What the body of the request that is answered here takes, until the block ends."""
        return Hold(self, request_context().caller.share)


class Hold:
    """What one body takes."""

    def __init__(self, room: Room, share: str) -> None:
        self._room = room
        self._share = share
        self._taken = 0

    def __enter__(self) -> "Hold":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._room.give_back(self._share, self._taken)

    def reach(self, length: int) -> None:
        """So many bytes have arrived by now; NoRoom."""
        more = length - _FREE_BYTES - self._taken
        if more > 0:
            self._room.take(self._share, more)
            self._taken += more
