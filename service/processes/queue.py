"""Which of the work that waits is next: every share gets as much time as the others, and short work need not wait long.

Start-time fair queueing: each share has a mark on a common scale of seconds, from which its next work starts; the share
with the least mark is next, and is charged what the work takes. One that had nothing to do begins at the mark of the
work that was started last, so that nobody saves time up. Within a share, work that takes `s` seconds may be passed by
what arrives within `2 s` after it and is shorter. What takes over a second never has all of the processes.
"""

import asyncio
from bisect import insort
from collections.abc import Callable
from contextvars import Context, copy_context
from copy import copy
from dataclasses import dataclass, field
from functools import partial
from heapq import heappop, heappush
from itertools import count
from time import monotonic

import anyio

from service.core.errors import Refusal

SHORT_SECONDS = 1.0
"""Work that takes no longer is short: one process is left to it, where there are several."""
_PATIENCE = 2.0
_MEMORY = 0.9  # of what was learnt about estimates, after each work
_LEAST_PACE, _MOST_PACE = 0.05, 20.0
_MOST_AT_REST = 1000  # shares without work whose marks are remembered
_numbers = count()


@dataclass(frozen=True, eq=False)
class Ticket:
    """A piece of work in the queue."""

    share: str  # whose it is
    seconds: float  # it is expected to take, of a process of its own
    arrived: float
    at_once: int | None = None  # so many of its share may be under way
    bounded: bool = True  # whether it is refused where the queue is full
    number: int = field(default_factory=lambda: next(_numbers))

    @property
    def is_short(self) -> bool:
        """Whether it may take the last process."""
        return self.seconds <= SHORT_SECONDS

    @property
    def order(self) -> tuple[float, int]:
        """Its place within its share: the least is next."""
        return self.arrived + _PATIENCE * self.seconds, self.number


@dataclass
class _Share:
    """The work of one owner or address."""

    mark: float  # seconds of service on the scale that all shares have in common
    short: list[Ticket] = field(default_factory=list)
    long: list[Ticket] = field(default_factory=list)
    running: int = 0

    def __copy__(self) -> "_Share":
        return _Share(self.mark, list(self.short), list(self.long), self.running)

    def line(self, ticket: Ticket) -> list[Ticket]:
        """The tickets that `ticket` waits among, of short or of long work."""
        return self.short if ticket.is_short else self.long

    def first(self, long_too: bool) -> Ticket | None:
        """The next of its work, where there is some that may be started."""
        heads = [line[0] for line in ((self.short, self.long) if long_too else (self.short,)) if line]
        found = min(heads, key=_order, default=None)
        return None if found and found.at_once is not None and self.running >= found.at_once else found


class FairQueue:
    """The work that waits for so many processes, and what is under way; `limit` bounds what waits.

    `clock` tells seconds. Nothing is started here: the owner asks for the `next` work, and tells when it is `done`.
    """

    def __init__(self, processes: int, limit: int, clock: Callable[[], float] = monotonic) -> None:
        self._processes = processes
        self._limit = limit
        self._clock = clock
        self._shares: dict[str, _Share] = {}
        self._running: dict[Ticket, float] = {}  # since when
        self._long = 0  # of those that are under way
        self._mark = 0.0  # of the work that was started last
        self._taken, self._expected = 1.0, 1.0  # seconds of late, to learn how good estimates are
        self.waiting = 0

    def __copy__(self) -> "FairQueue":
        twin = FairQueue(self._processes, self._limit, self._clock)
        twin._shares = {name: copy(share) for name, share in self._shares.items()}
        twin._running, twin._long, twin._mark, twin.waiting = {**self._running}, self._long, self._mark, self.waiting
        return twin

    @property
    def running(self) -> int:
        """How many processes are at work."""
        return len(self._running)

    def put(self, ticket: Ticket) -> None:
        """Let `ticket` wait until it is next."""
        share = self._shares.setdefault(ticket.share, _Share(self._mark))
        if not (share.short or share.long or share.running):
            share.mark = max(share.mark, self._mark)
        insort(share.line(ticket), ticket, key=_order)
        self.waiting += 1

    def next(self, loaded: int | None = None) -> Ticket | None:
        """The work to be started now, which is under way from here on; None where nothing waits or may be started.

        `loaded` is how many processes are there, where others are still being started: long work leaves one of these.
        """
        if self.running >= self._processes:
            return None
        there = self._processes if loaded is None else min(loaded, self._processes)
        long_too = self._long < (there - 1 if self._processes > 1 else 1)
        firsts = [(share.mark, found) for share in self._shares.values() if (found := share.first(long_too))]
        if not firsts:
            return None
        mark, ticket = min(firsts, key=lambda one: (one[0], one[1].order))
        share = self._shares[ticket.share]
        share.line(ticket).remove(ticket)
        share.running += 1
        share.mark += ticket.seconds
        self.waiting -= 1
        self._running[ticket] = self._clock()
        self._long += not ticket.is_short
        self._mark = max(self._mark, mark)
        return ticket

    def done(self, ticket: Ticket, penalty_seconds: float = 0.0) -> None:
        """Charge `ticket`, which is under way no longer, with the time it has taken, and with a process it has cost."""
        taken = self._clock() - self._running[ticket]
        if not penalty_seconds:
            self._taken, self._expected = _MEMORY * self._taken + taken, _MEMORY * self._expected + ticket.seconds
        self._end(ticket, taken + penalty_seconds)

    def drop(self, ticket: Ticket) -> None:
        """Forget `ticket`, which waits."""
        share = self._shares[ticket.share]
        share.line(ticket).remove(ticket)
        self.waiting -= 1
        self._forget()

    def surplus(self) -> Ticket | None:
        """What must leave where more waits than may: the last of the share that has most in the queue.

        What only waits for a process to be started is not counted.
        """
        if self.waiting <= self._limit:
            return None
        left = copy(self)
        while left.next():
            pass
        if left.waiting <= self._limit:
            return None
        lines = [[one for one in (*share.short, *share.long) if one.bounded] for share in left._shares.values()]
        longest = max(lines, key=lambda line: len(line), default=[])  # noqa: PLW0108 - as mypy understands it
        return max(longest, key=lambda one: (one.arrived, one.number), default=None)

    def wait_of(self, share: str, seconds: float) -> float:
        """After how many seconds work of that length would be started if it came now, by all that is in the queue."""
        twin, pace, now = copy(self), self._pace, self._clock()
        ticket = Ticket(share, seconds, now)
        twin.put(ticket)
        ends = [(max(0.0, since + pace * one.seconds - now), one.number, one) for one, since in self._running.items()]
        ends.sort()
        passed = 0.0
        while ticket not in twin._running:
            if found := twin.next():
                heappush(ends, (passed + pace * found.seconds, found.number, found))
            else:
                passed, _, ended = heappop(ends)  # there is one: without work, `next` has something
                twin._end(ended, pace * ended.seconds)
        return passed

    @property
    def _pace(self) -> float:
        """How much longer work takes of late than it was expected to."""
        return min(max(self._taken / self._expected, _LEAST_PACE), _MOST_PACE)

    def _end(self, ticket: Ticket, seconds: float) -> None:
        del self._running[ticket]
        self._long -= not ticket.is_short
        share = self._shares[ticket.share]
        share.running -= 1
        share.mark += seconds - ticket.seconds
        self._forget()

    def _forget(self) -> None:
        """Drop what need not be remembered of shares without work."""
        if not self._running and not self.waiting:  # all begin anew, alike
            self._shares.clear()
            self._mark = 0.0
        elif len(self._shares) > _MOST_AT_REST:
            at_rest = [name for name, share in self._shares.items() if not (share.short or share.long or share.running)]
            for name in sorted(at_rest, key=lambda name: self._shares[name].mark)[: len(at_rest) // 2]:
                del self._shares[name]


def _order(ticket: Ticket) -> tuple[float, int]:
    return ticket.order


@dataclass(eq=False)
class Call:
    """A task, from its arrival until it is answered."""

    ticket: Ticket
    request: bytes
    seconds: float  # it may take
    grace_seconds: float  # it may go on where its caller has left
    kind: str = ""  # of task, where its cost is learnt
    processes: int = 0  # it may use; 0 where it does not ask
    left: bool = False  # whether its caller has
    context: Context = field(default_factory=copy_context)  # of its caller, for what is logged of it
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)  # of the work
    granted: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    answer: asyncio.Future[bytes] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def leave(self) -> None:
        """Note that its caller has left."""
        self.left = True
        self.scope.deadline = min(self.scope.deadline, anyio.current_time() + self.grace_seconds)

    def begin(self) -> None:
        """Let the time run that it has."""
        self.scope.deadline = anyio.current_time() + self.seconds
        if self.left:
            self.leave()

    def refuse(self, refusal: Refusal) -> None:
        """Tell its caller, where that is still there."""
        told: asyncio.Future[None] | asyncio.Future[bytes] = self.answer if self.granted.done() else self.granted
        if not self.left and not told.done():
            told.set_exception(refusal)


def kind_of(task: Callable[[int], object]) -> str:
    """The name of the function that `task` calls."""
    function = task.func if isinstance(task, partial) else task
    return f"{function.__module__}.{getattr(function, '__qualname__', '')}"
