"""What a client may draw out, and what it may not: headers, bodies, answers that are not read, and connections."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, suppress
from threading import Event
from time import sleep
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from api_tests.cases import case
from api_tests.http.serving import (
    HOST,
    LARGE,
    WAIT_SECONDS,
    all_of,
    answered,
    connected,
    one_answer,
    serving,
    small_app,
)
from service.core.settings import Settings
from service.http import connections, protocol
from service.http.connections import Connection, Connections, FewerLines, Output

CHUNKED = b"POST /length HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
WHERE = b"GET /where HTTP/1.1\r\n" + HOST + b"\r\n"
LAST = b"GET /where HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A server that waits as long as usual."""
    with serving() as found:
        yield found


@pytest.fixture(scope="module")
def hasty() -> Iterator[int]:
    """A server that waits for nothing."""
    with serving(header_seconds=0.5, keep_alive_seconds=1, write_seconds=0.5) as found:
        yield found


def problem_in(answer: bytes) -> dict[str, Any]:
    """The problem that is answered, of which the header is right."""
    header, _, body = answer.partition(b"\r\n\r\n")
    found: dict[str, Any] = json.loads(body)
    assert int(header.split()[1]) == found["status"]
    assert b"content-type: application/problem+json" in header.lower()
    assert b"x-content-type-options: nosniff" in header.lower()
    return found


def is_cut_off(connection: socket.socket, piece: bytes) -> bool:
    """Whether the other side closes the connection while one such piece after another is sent."""
    with suppress(OSError):
        for _ in range(int(WAIT_SECONDS * 10)):
            connection.sendall(piece)
            sleep(0.1)
        return False
    return True


@pytest.mark.parametrize(
    "request_", [b"GET / HT", b"GET /where HTTP/1.1\r\nHost: loc", WHERE + b"GET /wh"], ids=["line", "field", "second"]
)
def test_a_header_that_does_not_end_is_refused_after_a_while(hasty: int, request_: bytes) -> None:
    with connected(hasty) as connection:
        if request_.startswith(WHERE):
            connection.sendall(WHERE)
            assert one_answer(connection).startswith(b"HTTP/1.1 200")
        connection.sendall(request_.removeprefix(WHERE))
        assert problem_in(all_of(connection))["code"] == "headers-too-slow"


def test_a_header_that_comes_byte_by_byte_is_refused_although_something_comes_all_the_time(hasty: int) -> None:
    with connected(hasty) as connection:
        connection.sendall(b"GET /where HTTP/1.1\r\nX-Long: ")
        assert is_cut_off(connection, b"x")


@pytest.mark.parametrize("before", [b"", WHERE], ids=["at first", "after an answer"])
def test_a_connection_without_a_request_is_closed_without_a_word(hasty: int, before: bytes) -> None:
    with connected(hasty) as connection:
        connection.sendall(before)
        assert not before or one_answer(connection).startswith(b"HTTP/1.1 200")
        assert all_of(connection) == b""


def test_a_body_may_take_longer_than_a_header(hasty: int) -> None:
    with connected(hasty) as connection:
        connection.sendall(b"POST /length HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\n\r\nab")
        sleep(1.5)
        connection.sendall(b"cd")
        assert one_answer(connection).endswith(b"\r\n\r\n4")


@pytest.mark.parametrize(("header", "version"), [
    (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"1.1"),
    (b"Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", b"1.1"),
    (b"Transfer-Encoding: chunked\r\n", b"1.0"),
])  # fmt: skip
def test_a_body_whose_length_is_said_twice_is_refused_and_nothing_after_it_is_answered(
    port: int, header: bytes, version: bytes
) -> None:
    found = answered(port, b"POST /length HTTP/%b\r\n" % version + HOST + header + b"\r\n0\r\n\r\n" + WHERE)
    assert problem_in(found)["code"] == "malformed-request"


@pytest.mark.parametrize(("request_", "code"), [
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "malformed-request"),
    (b"GET / HTTP/1.1\r\n\r\n", "malformed-request"),
    (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "malformed-request"),
    (b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length: 1, 2\r\n\r\n", "malformed-request"),
    (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 40_000, "headers-too-large"),
    (CHUNKED + b"zz\r\n", "malformed-request"),
])  # fmt: skip
def test_what_is_no_request_is_answered_with_a_problem_that_has_an_identifier(
    port: int, request_: bytes, code: str
) -> None:
    found = answered(port, request_)
    problem = problem_in(found)
    assert (problem["code"], problem["type"]) == (code, f"urn:gradient-verdict:problem:{code}")
    assert f"x-request-id: {problem['request_id']}".encode() in found.lower()
    assert b"connection: close" in found.lower()
    assert "bytearray" not in problem["detail"]


def test_a_body_that_breaks_off_in_nonsense_is_refused_and_the_application_told() -> None:
    app = small_app(Settings())
    with serving(app) as port:
        found = answered(port, CHUNKED.replace(b"/length", b"/told") + b"3\r\nabc\r\nzz\r\n")
        assert problem_in(found)["code"] == "malformed-request"
    assert app.state.told[-1] == "http.disconnect"


def test_a_body_in_crumbs_is_refused_and_one_in_chunks_is_not(port: int) -> None:
    crumbs = answered(port, CHUNKED + b"1\r\nx\r\n" * 5000 + b"0\r\n\r\n")
    assert problem_in(crumbs)["code"] == "malformed-request"
    with connected(port) as connection:
        connection.sendall(CHUNKED + b"1\r\nx\r\n" * 900 + (b"400\r\n" + b"x" * 1024 + b"\r\n") * 3000 + b"0\r\n\r\n")
        assert one_answer(connection).endswith(b"\r\n\r\n%d" % (900 + 1024 * 3000))


@pytest.mark.parametrize(("target", "path", "query"), [
    (b"http://localhost/where?a=b", "/where", "a=b"),
    (b"HTTP://localhost:80/where", "/where", ""),
    (b"https://localhost/where", "/where", ""),
])  # fmt: skip
def test_a_target_may_be_a_whole_url_whose_host_is_the_one_that_counts(
    port: int, target: bytes, path: str, query: str
) -> None:
    with connected(port) as connection:
        connection.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: another.test\r\n\r\n")
        found = json.loads(one_answer(connection).partition(b"\r\n\r\n")[2])
    assert (found["path"], found["query"]) == (path, query)
    assert found["host"].startswith("localhost")
    with connected(port) as connection:
        connection.sendall(b"GET http://another.test?x HTTP/1.1\r\n" + HOST + b"\r\n")
        assert problem_in(one_answer(connection))["code"] == "unknown-host"


def test_a_line_may_end_without_a_carriage_return(port: int) -> None:
    """RFC 9112, 2.2, allows it for lines of the header; nothing else is read differently."""
    assert answered(port, LAST.replace(b"\r", b"")).startswith(b"HTTP/1.1 200")


def test_an_upgrade_that_nobody_knows_is_answered_as_if_it_were_not_asked_for(port: int) -> None:
    upgrade = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n"
    body = b"POST /length HTTP/1.1\r\n" + HOST + upgrade + b"Content-Length: 3\r\n\r\nabc"
    with connected(port) as connection:
        connection.sendall(body)
        assert one_answer(connection).endswith(b"\r\n\r\n3")
    socket_ = WHERE.replace(
        b"\r\n\r\n", b"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: a\r\n\r\n"
    )
    with connected(port) as connection:
        connection.sendall(socket_)
        assert one_answer(connection).startswith(b"HTTP/1.1 200")


def test_requests_that_follow_at_once_are_answered_in_their_order(port: int) -> None:
    asked = b"".join(WHERE.replace(b"/where", b"/where?%d" % number) for number in range(20)) + LAST
    found = answered(port, asked)
    assert [int(part.split(b'"')[0]) for part in found.split(b'"query":"')[1:21]] == list(range(20))


def test_a_body_that_goes_on_after_its_answer_is_read_for_a_moment_only(
    monkeypatch: pytest.MonkeyPatch, port: int
) -> None:
    monkeypatch.setattr(protocol, "_LINGER_SECONDS", 0.5)
    request = CHUNKED.replace(b"/length", b"/unread")
    chunk = b"400\r\n" + b"x" * 1024 + b"\r\n"
    with connected(port) as connection:
        connection.sendall(request + chunk)
        assert one_answer(connection).startswith(b"HTTP/1.1 413")
        assert is_cut_off(connection, chunk)


def test_after_an_early_answer_and_the_rest_of_the_body_the_connection_is_used_again(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(b"POST /unread HTTP/1.1\r\n" + HOST + b"Content-Length: 6\r\n\r\nabc")
        assert one_answer(connection).startswith(b"HTTP/1.1 413")
        connection.sendall(b"def" + WHERE)
        assert one_answer(connection).startswith(b"HTTP/1.1 200")


def test_a_client_that_reads_nothing_is_cut_off_and_others_are_not_kept_waiting(hasty: int) -> None:
    with connected(hasty) as deaf, connected(hasty) as reading:
        for connection in (deaf, reading):
            connection.sendall((b"GET /large HTTP/1.1\r\n" + HOST + b"\r\n") * (4 if connection is deaf else 1))
        assert one_answer(reading).endswith(LARGE[-1000:])
        for _ in range(int(WAIT_SECONDS * 10)):
            if deaf.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                break
            sleep(0.1)
        else:
            pytest.fail("the connection is still open")


def test_where_too_much_is_unread_the_clients_that_pause_for_the_longest_time_are_cut_off_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "_UNREAD_BYTES", 3 * len(LARGE))
    monkeypatch.setattr(connections, "_PAUSE_SECONDS", 0.2)
    request = b"GET /large HTTP/1.1\r\n" + HOST + b"\r\n"
    with serving(write_seconds=600) as port, ExitStack() as held:
        deaf = []
        for _ in range(5):
            deaf.append(held.enter_context(connected(port)))
            deaf[-1].sendall(request)
            sleep(1)
            reading = held.enter_context(connected(port))
            reading.sendall(request)
            assert one_answer(reading).endswith(LARGE[-1000:])
        assert [bool(one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)) for one in deaf] == [True] * 3 + [False] * 2


def test_a_client_that_reads_slowly_gets_everything(hasty: int) -> None:
    with connected(hasty) as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
        parts = []
        while part := connection.recv(1 << 18):
            parts.append(part)
            sleep(0.02)
        found = b"".join(parts)
        assert found.partition(b"\r\n\r\n")[2] == LARGE
        assert f"content-length: {len(LARGE)}".encode() in found[:1000].lower()


def test_one_address_cannot_have_all_connections_and_who_comes_too_late_is_told_to_come_again() -> None:
    with serving(connections=8) as port, ExitStack() as held:
        for _ in range(6):
            connection = held.enter_context(connected(port))
            connection.sendall(b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n")
        sleep(1)  # until all are being answered
        found = all_of(held.enter_context(connected(port)))
        assert problem_in(found)["code"] == "too-many-connections"
        assert b"retry-after: 1\r\n" in found.lower()


def test_a_connection_that_only_waits_gives_way_to_one_that_asks() -> None:
    with serving(connections=8) as port, ExitStack() as held:
        idle = [held.enter_context(connected(port)) for _ in range(6)]
        for _ in range(20):
            assert answered(port, LAST).startswith(b"HTTP/1.1 200")
        assert all_of(idle[0]) == b""


@pytest.mark.parametrize(("proxies", "client", "scheme"), [
    ("", "127.0.0.1", "http"), ("10.0.0.0/8", "127.0.0.1", "http"),
    ("127.0.0.1", "203.0.113.9", "https"), ("127.0.0.0/8, 10.1.2.3", "203.0.113.9", "https"),
])  # fmt: skip
def test_an_address_that_is_forwarded_is_believed_from_trusted_proxies_alone(
    proxies: str, client: str, scheme: str
) -> None:
    headers = {"X-Forwarded-For": "198.51.100.1, 203.0.113.9", "X-Forwarded-Proto": "https"}
    with serving(trusted_proxies=proxies) as port:
        found = httpx.get(f"http://127.0.0.1:{port}/where", headers=headers, trust_env=False).json()
    assert (found["client"], found["scheme"]) == (client, scheme)


class Opened:
    """Connections that are opened by their addresses, and those that were closed."""

    def __init__(self, **settings: Any) -> None:
        self.left: list[str] = []
        self.connections = Connections(Settings(**settings))

    def open(self, name: str, address: str = "192.0.2.1", works: bool = False) -> Connection | None:
        found = self.connections.opened(address, lambda: self.left.append(name))
        if found is not None and works:
            self.connections.works(found)
        return found


def test_the_connection_that_has_waited_longest_gives_way() -> None:
    opened = Opened(connections=8, connections_per_address=100)
    found = [opened.open(f"{n}", f"192.0.2.{n}") for n in range(8)]
    assert found[0] is not None
    opened.connections.works(found[0])
    opened.connections.waits(found[0])  # and so it has waited for the shortest time
    for _ in range(3):
        assert opened.open("new", "198.51.100.1") is not None
    assert opened.left == ["1", "2", "3"]


def test_none_gives_way_while_the_service_works_for_it() -> None:
    opened = Opened(connections=8)
    found = [opened.open(f"{n}", f"192.0.2.{n}", works=True) for n in range(8)]
    assert opened.open("new", "198.51.100.1") is None
    assert found[3] is not None
    opened.connections.closed(found[3])
    opened.connections.closed(found[3])  # twice is once
    assert opened.open("new", "198.51.100.1", works=True) is not None
    assert opened.open("newer", "198.51.100.1") is None
    assert opened.left == []


@pytest.mark.parametrize(("addresses", "together"), [
    (["192.0.2.1"] * 3, True),
    (["192.0.2.1", "192.0.2.2", "192.0.2.3"], False),
    (["2001:db8::1", "2001:db8::2:1", "2001:db8:0:0:ffff::"], True),
    (["2001:db8:0:1::1", "2001:db8:0:2::1", "2001:db8:0:3::1"], False),
    (["192.0.2.1", "::ffff:192.0.2.1", "::ffff:c000:201"], True),
    (["fe80::1%eth0", "fe80::2%eth0", "fe80::3%eth0"], True),
    (["", "", ""], True),
])  # fmt: skip
def test_the_connections_of_one_machine_are_counted_together(addresses: list[str], together: bool) -> None:
    opened = Opened(connections_per_address=2)
    for address in addresses[:2]:
        assert opened.open("first", address, works=True) is not None
    assert (opened.open("third", addresses[2]) is None) is together


def test_a_trusted_proxy_has_as_many_connections_as_there_are() -> None:
    opened = Opened(connections_per_address=2, trusted_proxies="192.0.2.0/24 2001:db8::/32")
    assert all(opened.open("one", "192.0.2.7", works=True) for _ in range(20))
    assert all(opened.open("one", "2001:db8::7", works=True) for _ in range(20))
    found = [opened.open("one", "198.51.100.1", works=True) is not None for _ in range(3)]
    assert found == [True, True, False]


@pytest.mark.parametrize("allowed", [64, 256, 1024, 20_000])
def test_connections_and_those_that_come_meanwhile_fit_under_the_limit_of_descriptors(
    monkeypatch: pytest.MonkeyPatch, allowed: int
) -> None:
    monkeypatch.setattr(connections, "descriptors", lambda: allowed)
    opened = Opened(connections=60_000, connections_per_address=60_000, workers=2, job_workers=2)
    count = 0
    while opened.open("one", f"192.0.{count // 200}.{count % 200}", works=True) is not None:
        count += 1
    assert count >= (8 if allowed == 64 else allowed // 4)
    assert allowed == 64 or count + opened.connections.backlog <= allowed - 64


def test_answers_that_are_unread_are_counted_until_they_are_read_or_their_connection_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1000.0
    monkeypatch.setattr(connections, "monotonic", lambda: now)
    monkeypatch.setattr(connections, "_UNREAD_BYTES", 100)
    opened = Opened()
    found = [one for n in range(5) if (one := opened.open(f"{n}", works=True)) is not None]
    for one in found:
        opened.connections.answers(one, 40)
    assert opened.left == []  # all of them are reading
    for one in found[1:4]:
        opened.connections.waits(one)
    now += 10
    opened.connections.waits(found[0])
    opened.connections.answers(found[4], 40)
    assert opened.left == ["1", "2", "3"]
    opened.connections.answers(found[1], 1000)  # of one that is closed nothing is kept
    opened.connections.answers(found[4], 0)
    opened.connections.answers(found[4], 60)
    assert opened.left == ["1", "2", "3"]
    now += 10
    opened.connections.answers(found[4], 61)
    assert opened.left == ["1", "2", "3", "0"]


def test_no_connection_is_remembered_once_it_is_closed() -> None:
    opened = Opened()
    for number in range(100):
        found = opened.open("one", f"192.0.2.{number}", works=number % 2 == 0)
        assert found is not None
        opened.connections.answers(found, number)
        opened.connections.closed(found)
    kept = opened.connections
    assert (kept._open, kept._waiting, kept._peers, kept._unread, kept._unread_bytes) == ({}, {}, {}, {}, 0)


def test_that_no_descriptor_is_left_is_said_once_a_minute_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(connections, "monotonic", lambda: now)
    fewer = FewerLines()

    def logged(message: str) -> str | None:
        record = logging.LogRecord("asyncio", logging.ERROR, "", 0, message, (), (OSError, OSError(24, "none"), None))
        return logging.Formatter().format(record) if fewer.filter(record) else None

    flood = "socket.accept() out of system resource\nsocket: <TransportSocket>"
    assert logged(flood) == "no descriptor is left for a new connection (1 times)"
    assert [logged(flood) for _ in range(1000)] == [None] * 1000
    now += 61.0
    assert logged(flood) == "no descriptor is left for a new connection (1001 times)"
    with case("another message"):
        assert str(logged("Task was destroyed")).startswith("Task was destroyed")


def test_a_short_answer_is_sent_by_one_call_and_a_head_alone_at_the_end() -> None:
    calls: list[bytes] = []

    class Transport(asyncio.Transport):
        def write(self, data: bytes | bytearray | memoryview) -> None:
            calls.append(bytes(data))

        def close(self) -> None:
            calls.append(b"closed")

    output = Output(Transport())
    for written in (b"head", b"body", b"more"):
        if written == b"head":
            output.hold()
        output.write(written)
    output.hold()
    output.write(b"empty")
    output.write(b"")
    output.hold()
    output.write(b"broken off")
    output.close()
    assert [one for one in calls if one] == [b"headbody", b"more", b"empty", b"broken off", b"closed"]


def test_the_head_of_a_stream_comes_before_its_first_event() -> None:
    app, may_begin = FastAPI(), Event()

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def events() -> AsyncIterator[bytes]:
            while not may_begin.is_set():
                await asyncio.sleep(0.01)
            yield b"data: 1\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    with serving(app) as port, connected(port) as connection:
        connection.sendall(b"GET /stream HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
        try:
            head = connection.recv(1 << 16)
        finally:
            may_begin.set()
        assert head.startswith(b"HTTP/1.1 200")
        assert b"data" not in head
        assert b"data: 1" in all_of(connection)
