"""What every request meets, without a server: its name, its line in the log, its body, its place in the metrics."""

import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
from anyio import CancelScope, fail_after, move_on_after, sleep_forever
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from service.core.context import request_context
from service.http import requests
from service.http import traffic as traffic_module
from service.http.requests import (
    BodyTooLarge,
    BodyTooSlow,
    ClientGone,
    Stopping,
    StrictRequest,
    UnsupportedMediaType,
)
from service.http.room import Room
from service.http.traffic import RequestMiddleware, Traffic, request_id_of

pytestmark = pytest.mark.anyio

PATIENCE = 60.0
LIMIT = 8
NAME = b"x-request-id"


def scope(path: str = "/", method: str = "GET", **headers: str) -> Scope:
    named = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return {"type": "http", "path": path, "method": method, "headers": named, "query_string": b""}


def traffic() -> Traffic:
    """Traffic over a service that does nothing."""
    return Traffic(MagicMock(), MagicMock(), MagicMock(), MagicMock())


async def nothing_comes() -> Message:
    await sleep_forever()
    raise AssertionError


async def through(asked: Scope, app: Callable[..., Any], of: Traffic | None = None) -> list[Message]:
    """What is sent where `app` answers."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await RequestMiddleware(app, of or traffic())(asked, nothing_comes, send)
    return sent


async def ok(_: Scope, __: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def access(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """The lines of the log of requests, of which each takes a quarter of a second."""
    caplog.set_level(logging.INFO, "service.access")
    moments = iter(1.0 + 0.25 * number for number in range(100))
    monkeypatch.setattr(traffic_module, "perf_counter", lambda: next(moments))
    return lambda: [record.getMessage() for record in caplog.records if record.name == "service.access"]


async def test_a_request_has_a_line_in_the_log(access: Callable[[], list[str]]) -> None:
    await through(scope("/v1/é\n", x_request_id="mine"), ok)
    assert access() == [r"GET '/v1/\\xe9\n' 204 250.0 ms mine"]


@pytest.mark.parametrize("length", [199, 200, 201, 10_000])
async def test_a_path_is_logged_up_to_200_characters(access: Callable[[], list[str]], length: int) -> None:
    await through(scope("/" * length, x_request_id="mine"), ok)
    assert access() == [f"GET '{'/' * min(length, 200)}' 204 250.0 ms mine"]


async def test_a_line_says_who_asked_for_what_how_long_it_waited_and_where_the_answer_came_from(
    access: Callable[[], list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    async def answer(asked: Scope, receive: Receive, send: Send) -> None:
        asked["route"] = SimpleNamespace(path_format="/v1/{id}")
        noted = request_context()
        noted.caller = replace(noted.caller, owner="ada")
        noted.code, noted.cache, noted.digest, noted.trace_id = "queue-full", "joined", "d" * 64, "a" * 32
        noted.queue_seconds, noted.compute_seconds = 1.25, 0.5
        await receive()
        await send({"type": "http.response.start", "status": 429, "headers": []})
        await send({"type": "http.response.body", "body": b"1234", "more_body": True})
        await send({"type": "http.response.body", "body": b"5"})

    async def receive() -> Message:
        return {"type": "http.request", "body": b"123"}

    async def send(_: Message) -> None:
        pass

    asked = scope("/v1/x", x_request_id="mine") | {
        "client": ("203.0.113.7", 1), "query_string": b"format=csv&token=gv_secret&a%0Ab="
    }  # fmt: skip
    await RequestMiddleware(answer, traffic())(asked, receive, send)
    (line,) = [record for record in caplog.records if record.name == "service.access"]
    assert line.__dict__["fields"] == {
        "route": "/v1/{id}", "query": "format,token,a\nb", "code": "queue-full", "owner": "ada",
        "address": "203.0.113.7", "bytes_in": 3, "bytes_out": 5, "queue_ms": 1250.0, "compute_ms": 500.0,
        "cache": "joined", "digest": "d" * 64, "trace_id": "a" * 32,
    }  # fmt: skip
    assert line.__dict__["in_sentence"] == {
        "method": "GET", "path": "/v1/x", "status": 429, "total_ms": 250.0, "request_id": "mine"
    }  # fmt: skip


async def test_what_fails_before_it_answers_is_counted_and_logged_as_a_500(access: Callable[[], list[str]]) -> None:
    async def fail(*_: Any) -> None:
        raise KeyError("a defect")

    counted = traffic()
    with pytest.raises(KeyError, match="a defect"):
        await through(scope(x_request_id="mine"), fail, counted)
    assert access() == ["GET '/' 500 250.0 ms mine"]
    assert counted.live.requests == 0


async def test_a_request_is_running_until_it_is_answered() -> None:
    counted, seen = traffic(), []

    async def look(*parts: Any) -> None:
        seen.append(counted.live.requests)
        await ok(*parts)

    async def within(*parts: Any) -> None:
        await through(scope(), look, counted)
        await look(*parts)

    await through(scope(), within, counted)
    assert (seen, counted.live.requests) == ([2, 1], 0)


@pytest.mark.parametrize(("name", "kept"), [
    ("a", True), ("A.b_c-9", True), ("a" * 64, True), ("a" * 65, False), ("", False), ("a b", False), ("a\n", False),
])  # fmt: skip
async def test_a_name_of_up_to_64_harmless_characters_is_kept(name: str, kept: bool) -> None:
    asked = scope(x_request_id=name)
    start, _ = await through(asked, ok)
    (given,) = [value.decode() for header, value in start["headers"] if header == NAME]
    assert given == request_id_of(asked)
    assert (given == name) is kept
    assert kept or len(given) == 32


async def test_what_is_no_request_passes_unnamed_and_uncounted() -> None:
    counted, asked = traffic(), {"type": "lifespan"}

    async def seen(given: Scope, *_: Any) -> None:
        assert given == {"type": "lifespan"}
        assert counted.live.requests == 0

    assert await through(asked, seen, counted) == []


async def test_a_request_that_never_met_the_middleware_has_a_name_too() -> None:
    for unnamed in ({}, {"state": {}}, {"state": {"request_id": ""}}):
        assert len(request_id_of(unnamed)) == 32


async def parts(*chunks: bytes) -> AsyncIterator[Message]:
    for number, chunk in enumerate(chunks, start=1):
        yield {"type": "http.request", "body": chunk, "more_body": number < len(chunks)}


def asked_with(receive: Receive, seconds: float = PATIENCE, **headers: str) -> StrictRequest:
    settings = SimpleNamespace(body_bytes=LIMIT, body_seconds=seconds)
    app = SimpleNamespace(state=SimpleNamespace(services=SimpleNamespace(settings=settings)))
    return StrictRequest({**scope(method="POST", **headers), "app": app}, receive, Room(LIMIT).hold())


@pytest.mark.parametrize("chunks", [(b"12345678",), (b"1234", b"5678"), (b"", b"1", b"2345678", b""), (b"",)])
async def test_a_body_is_read_once_up_to_the_limit(chunks: tuple[bytes, ...]) -> None:
    request = asked_with(parts(*chunks).__anext__)
    assert [await request.body() for _ in range(2)] == [b"".join(chunks)] * 2


@pytest.mark.parametrize("chunks", [(b"123456789",), (b"1234", b"56789", b"never read"), (b"12345678", b"9")])
async def test_a_body_beyond_the_limit_is_refused_as_soon_as_it_is(chunks: tuple[bytes, ...]) -> None:
    with pytest.raises(BodyTooLarge, match="longer than 8 bytes") as raised:
        await asked_with(parts(*chunks).__anext__).body()
    assert raised.value.facts == {"limit": LIMIT}


async def test_a_body_that_does_not_come_is_refused_with_how_long_was_waited() -> None:
    with fail_after(PATIENCE), pytest.raises(BodyTooSlow, match=r"within 1e-06 seconds\."):
        await asked_with(nothing_comes, seconds=1e-6).body()


async def test_a_client_that_leaves_in_the_middle_of_its_body_is_gone() -> None:
    async def gone() -> Message:
        raise ClientDisconnect

    with pytest.raises(ClientGone):
        await asked_with(gone).body()


@pytest.mark.parametrize("text", [b"[1, 2.0]", b"null", b"{]"])
async def test_json_is_not_read_before_it_is_worked_on(text: bytes) -> None:
    request = asked_with(parts(text).__anext__)
    assert [await request.json() for _ in range(2)] == [text] * 2


TYPES = [
    ("application/json", None, True), ("application/json", "identity", True), ("application/json", "gzip", False),
    ("APPLICATION/Problem+JSON; charset=utf-8", None, True), ("application/+json", None, True),
    ("text/json", None, False),
    ("application/json5", None, False), ("application/jsonx+xml", None, False), ("image/svg+json", None, False),
    ("", None, False), (None, None, False), ("application", None, False),
]  # fmt: skip


@pytest.mark.parametrize(("media_type", "encoding", "taken"), TYPES)
async def test_a_body_has_to_be_declared_as_json_that_is_not_compressed(
    media_type: str | None, encoding: str | None, taken: bool
) -> None:
    headers = {"content_type": media_type, "content_encoding": encoding}
    request = asked_with(nothing_comes, **{name: value for name, value in headers.items() if value is not None})
    if taken:
        requests.check_media_type(request)
        return
    with pytest.raises(UnsupportedMediaType, match="compressed" if encoding == "gzip" else "must be JSON"):
        requests.check_media_type(request)


async def test_work_that_ends_though_its_client_is_there_is_told_that_the_service_stops() -> None:
    scope = CancelScope()
    with pytest.raises(Stopping):
        requests._refuse_to_go_on(scope)
    scope.cancel()
    requests._refuse_to_go_on(scope)


@pytest.mark.parametrize("before", [0, 1, 3])
async def test_work_goes_on_until_its_client_has_left(before: int) -> None:
    messages = iter([{"type": "http.request"}] * before + [{"type": "http.disconnect"}])
    scope, seen = CancelScope(), []

    async def receive() -> Message:
        seen.append(scope.cancel_called)
        return next(messages)

    await requests._cancel_when_gone(SimpleNamespace(receive=receive), scope)  # type: ignore[arg-type]
    assert (seen, scope.cancel_called) == ([False] * (before + 1), True)


async def test_the_end_waits_until_nothing_runs_and_no_longer_than_it_may() -> None:
    counted = traffic()
    with fail_after(PATIENCE):
        await counted.end(10 * PATIENCE)
        counted.live.requests = 1
        await counted.end(1e-3)
    with move_on_after(0.05) as waited:
        await counted.end(PATIENCE)
    assert waited.cancelled_caught
