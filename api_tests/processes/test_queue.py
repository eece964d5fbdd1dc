"""The fair queue by a clock of its own: whose turn it is, how long one waits, and what is told of that."""

from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.processes.queue import SHORT_SECONDS, FairQueue, Ticket

SECONDS = st.floats(0.01, 20.0)
NAMES = st.sampled_from(["ada", "ben", "eve"])


@dataclass
class Hall:
    """Processes that do the work of a queue, by a clock that only they move."""

    processes: int
    limit: int = 1000
    now: float = 0.0
    starts: dict[Ticket, float] = field(default_factory=dict)
    served: dict[str, float] = field(default_factory=dict)  # seconds of work that were begun, by share

    def __post_init__(self) -> None:
        self.queue = FairQueue(self.processes, self.limit, lambda: self.now)
        self._ends: list[tuple[float, int, Ticket]] = []
        self._numbers = count()

    def put(self, share: str, seconds: float, at_once: int | None = None) -> Ticket:
        ticket = Ticket(share, seconds, self.now, at_once)
        self.queue.put(ticket)
        self.fill()
        return ticket

    def fill(self) -> None:
        while found := self.queue.next():
            self.starts[found] = self.now
            self.served[found.share] = self.served.get(found.share, 0.0) + found.seconds
            heappush(self._ends, (self.now + found.seconds, next(self._numbers), found))

    def step(self) -> Ticket:
        """Let the next work end, and others begin."""
        self.now, _, ended = heappop(self._ends)
        self.queue.done(ended)
        self.fill()
        return ended

    def until_started(self, ticket: Ticket) -> float:
        """When `ticket` begins, if nothing else comes."""
        while ticket not in self.starts:
            self.step()
        return self.starts[ticket]


@given(
    processes=st.integers(1, 4),
    costs=st.fixed_dictionaries({name: st.lists(SECONDS, min_size=1, max_size=4) for name in ("ada", "ben", "eve")}),
    long=st.booleans(),
)
def test_shares_that_always_have_work_get_the_same_time_whatever_their_work_takes(
    processes: int, costs: dict[str, list[float]], long: bool
) -> None:
    """No share is ahead of another by more than what is under way and one piece of work of each."""
    if not long:
        costs = {name: [min(one, SHORT_SECONDS) for one in some] for name, some in costs.items()}
    else:
        costs = {name: [SHORT_SECONDS + one for one in some] for name, some in costs.items()}
    hall = Hall(processes)
    for name, some in costs.items():
        for one in 3 * some:
            hall.put(name, one)
    largest = max(one for some in costs.values() for one in some)
    for _ in range(60):
        ended = hall.step()
        hall.put(ended.share, costs[ended.share][0])
        served = [hall.served.get(name, 0.0) for name in costs]
        assert max(served) - min(served) <= (processes + 2) * largest


@given(processes=st.integers(1, 4), own=SECONDS, flood=st.lists(SECONDS, min_size=1, max_size=20))
def test_nothing_waits_for_ever_beside_others_who_never_stop(processes: int, own: float, flood: list[float]) -> None:
    hall = Hall(processes)
    for number, one in enumerate(flood):
        hall.put(f"crowd {number % 3}", one)
    ticket = hall.put("ada", own)
    for number in range(200):
        if ticket in hall.starts:
            break
        ended = hall.step()
        hall.put(ended.share, flood[number % len(flood)])
    assert ticket in hall.starts
    assert hall.starts[ticket] - ticket.arrived <= 6 * max(flood) + own


@given(own=SECONDS, flood=st.lists(st.floats(0.1, 0.5), min_size=1, max_size=10), processes=st.integers(1, 3))
def test_long_work_is_passed_by_shorter_work_of_its_share_for_a_bounded_time(
    own: float, flood: list[float], processes: int
) -> None:
    hall = Hall(processes)
    for one in flood:
        hall.put("ada", one)
    ticket = hall.put("ada", own)
    for number in range(5000):
        if ticket in hall.starts:
            break
        hall.step()
        hall.put("ada", flood[number % len(flood)])
    # What arrived before 2 s × its length has passed may go first, and what waits by then.
    assert hall.starts[ticket] <= 2 * own + sum(flood) + 3 * (processes + 1)


@given(
    processes=st.integers(2, 4),
    flood=st.lists(st.floats(SHORT_SECONDS + 0.01, 20.0), min_size=5, max_size=30),
    own=st.floats(0.01, SHORT_SECONDS),
)
def test_short_work_waits_for_no_long_work(processes: int, flood: list[float], own: float) -> None:
    hall = Hall(processes)
    for one in flood:
        hall.put("crowd", one)
    assert hall.queue.running == processes - 1
    ticket = hall.put("ada", own)
    assert hall.starts[ticket] == ticket.arrived


def test_long_work_leaves_one_of_the_processes_that_are_loaded() -> None:
    hall = Hall(3)
    ticket = Ticket("ada", 20.0, 0.0)
    hall.queue.put(ticket)
    assert hall.queue.next(loaded=1) is None, "others are being started"
    assert hall.queue.next(loaded=2) is ticket


def test_the_only_process_is_shared_by_long_and_short_work() -> None:
    hall = Hall(1)
    assert hall.put("ada", 20.0) in hall.starts


def test_who_had_nothing_to_do_saves_no_time_up() -> None:
    hall = Hall(1)
    hall.put("ben", 1.0)
    for _ in range(100):
        hall.put("ada", 1.0)
    for _ in range(50):
        hall.step()
    late = [hall.put("ben", 1.0) for _ in range(20)]
    for _ in range(20):
        hall.step()
    assert 9 <= sum(ticket in hall.starts for ticket in late) <= 11, "half of the time is ben's"


def test_who_tells_too_little_is_charged_what_was_taken() -> None:
    hall = Hall(1)
    for _ in range(20):
        hall.queue.put(Ticket("liar", 0.01, 0.0))
        hall.queue.put(Ticket("ada", 1.0, 0.0))
    begun: dict[str, int] = {"liar": 0, "ada": 0}
    for _ in range(20):
        found = hall.queue.next()
        assert found is not None
        begun[found.share] += 1
        hall.now += 1.0  # each takes a second
        hall.queue.done(found)
    assert abs(begun["liar"] - begun["ada"]) <= 2


@given(
    processes=st.integers(1, 4),
    work=st.lists(st.tuples(NAMES, SECONDS), min_size=1, max_size=40),
    asker=NAMES,
    own=SECONDS,
    slower=st.floats(0.5, 3.0),
)
def test_the_wait_that_is_told_is_the_wait_that_comes(
    processes: int, work: list[tuple[str, float]], asker: str, own: float, slower: float
) -> None:
    """By estimates that are `slower` times too small alike: told within a factor of two, give or take a second."""
    hall = Hall(processes)
    hall.queue._taken, hall.queue._expected = slower * 1e6, 1e6  # that has been learnt
    for share, seconds in work:
        hall.put(share, seconds)
    told = hall.queue.wait_of(asker, own)
    ticket = hall.put(asker, own)
    came = slower * hall.until_started(ticket)
    assert came / 2 - 1 <= told <= 2 * came + 1


def test_what_is_told_changes_nothing() -> None:
    hall = Hall(2)
    for number in range(10):
        hall.put(f"share {number % 3}", 1.0 + number)
    first = hall.queue.wait_of("ada", 3.0)
    assert hall.queue.wait_of("ada", 3.0) == first
    assert (hall.queue.running, hall.queue.waiting) == (2, 8)


def test_no_more_of_a_share_is_under_way_than_it_may() -> None:
    hall = Hall(4)
    for _ in range(4):
        hall.put("ada", 0.5, at_once=2)
    assert (hall.queue.running, hall.queue.waiting) == (2, 2)
    assert hall.put("ben", 0.5) in hall.starts
    hall.step()
    assert (hall.queue.running, hall.queue.waiting) == (3, 1)


def test_a_full_queue_turns_away_who_has_most_in_it_and_has_room_for_others() -> None:
    hall = Hall(1, limit=10)
    crowd = [hall.put("crowd", 1.0) for _ in range(11)]
    assert hall.queue.surplus() is None
    ticket = hall.put("ada", 1.0)
    assert hall.queue.surplus() is crowd[-1]
    hall.queue.drop(crowd[-1])
    assert hall.queue.surplus() is None
    assert hall.until_started(ticket) <= 2.0


def test_shares_without_work_are_forgotten() -> None:
    hall = Hall(2)
    for number in range(3000):
        hall.put(f"address {number}", 0.5)
        if hall.queue.running == 2:
            hall.step()
    assert len(hall.queue._shares) <= 1001
    while hall.queue.running:
        hall.step()
    assert hall.queue._shares == {}


@pytest.mark.parametrize("seconds", [0.0, SHORT_SECONDS])
def test_what_takes_no_time_is_short(seconds: float) -> None:
    assert Ticket("ada", seconds, 0.0).is_short
