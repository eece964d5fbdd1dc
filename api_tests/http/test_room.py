"""Bodies in flight have a budget of bytes: of all together, and half of it for one caller."""

import pytest

from service.core.context import REQUEST, Caller, RequestContext
from service.http.room import NoRoom, Room

LIMIT = 1 << 20
FREE = 16 << 10


def of(address: str) -> None:
    REQUEST.set(RequestContext(caller=Caller(address=address)))


def test_what_a_body_takes_is_given_back_with_its_answer() -> None:
    room = Room(LIMIT)
    with room.hold() as hold:
        for length in (1, FREE, FREE + 1, FREE + 500):
            hold.reach(length)
            assert room.taken == max(0, length - FREE)
    assert room.taken == 0


def test_one_caller_has_half_of_it_and_all_together_have_the_whole() -> None:
    room, held = Room(LIMIT), []
    for address in ("a", "b"):
        of(address)
        held.append(room.hold())
        held[-1].reach(FREE + LIMIT // 2)
        with pytest.raises(NoRoom, match="ask again in a moment") as refused, room.hold() as more:
            more.reach(FREE + 1)
        assert refused.value.facts == {"limit": LIMIT}
    of("c")
    with pytest.raises(NoRoom), room.hold() as more:
        more.reach(FREE + 1)
    with room.hold() as small:
        small.reach(FREE)
    held[0].__exit__(None, None, None)
    with room.hold() as more:
        more.reach(FREE + 1)
    assert room.taken == LIMIT // 2
