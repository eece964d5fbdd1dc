"""Bodies that are not read yet: what is small, what is read of them, and what is wrong with them."""

import json
import pickle
from functools import partial
from typing import Any

import pytest
from pydantic import TypeAdapter

from service.core.errors import MalformedJson
from service.core.kinds import Int64, Model
from service.core.payload import MOST_FAULTS, InvalidBody, Payload


class Numbers(Model):
    """Some numbers."""

    numbers: list[Int64]
    """The numbers."""


BODY: TypeAdapter[Payload[Numbers]] = TypeAdapter(Payload[Numbers])


def payload(body: Any) -> Payload[Numbers]:
    return BODY.validate_python(body if isinstance(body, bytes) else json.dumps(body).encode())


def test_its_schema_is_that_of_what_is_read() -> None:
    assert BODY.json_schema() == TypeAdapter(Numbers).json_schema()


def test_it_is_read_where_it_is_sent() -> None:
    sent: Payload[Numbers] = pickle.loads(pickle.dumps(payload({"numbers": [1, 2]})))
    assert sent.read() == Numbers(numbers=[1, 2])
    assert sent.then(total).read() == 3
    assert pickle.loads(pickle.dumps(sent.then(total))).read() == 3


def total(found: Numbers) -> int:
    return sum(found.numbers)


def test_equal_bytes_have_one_name() -> None:
    one, same, other = payload(b"[1]"), payload(b"[1]"), payload(b"[1] ")
    assert one.name == same.name != other.name
    assert one.size == 3


def test_a_value_of_this_service_may_stand_in_place_of_a_body() -> None:
    assert pickle.loads(pickle.dumps(Payload.of(Numbers(numbers=[7])))).read().numbers == [7]


@pytest.mark.parametrize(
    ("text", "small"),
    [
        (b"{}", True),
        (b" " * (16 << 10), True),
        (b" " * (16 << 10) + b" ", False),
        (b"{" * 256, True),
        (b"{" * 257, False),
        (b"," * 2049, False),
        (b"[" * 2049, False),
        (b":" * 2049, False),
        (b'"formula"' + b" " * 2000, True),
        (b'"formula"' + b" " * 2048, False),
        (b'"\\u0066ormula"' + b" " * 2048, False),
    ],
)
def test_what_is_small_is_counted_and_not_read(text: bytes, small: bool) -> None:
    assert Payload(text, partial(pytest.fail, "it is read")).small == small


def test_the_first_faults_are_listed_and_all_are_counted() -> None:
    with pytest.raises(InvalidBody) as raised:
        payload({"numbers": ["x"] * 50}).read()
    error: InvalidBody = pickle.loads(pickle.dumps(raised.value))
    assert error.sentence == "The request has 50 faults (the first 20 are listed): A whole number is required."
    assert [one.pointer for one in error.faults] == [f"/numbers/{number}" for number in range(MOST_FAULTS)]
    with pytest.raises(InvalidBody, match="The request has one fault: "):
        payload({}).read()
    with pytest.raises(MalformedJson):
        payload(b"{]").read()
