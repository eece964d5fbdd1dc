"""What every request meets, without a server: its name, its line in the log, its body, its place in the metrics."""

import json
import logging
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from anyio import CancelScope, fail_after, move_on_after, sleep_forever
from prometheus_client.parser import text_string_to_metric_families
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from service.core.errors import MalformedJson, StoreUnavailable
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
from service.http.traffic import RequestMiddleware, Traffic, request_id_of

pytestmark = pytest.mark.anyio

PATIENCE = 60.0
LIMIT = 8
NAME = b"x-request-id"


def scope(path: str = "/", method: str = "GET", **headers: str) -> Scope:
    named = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return {"type": "http", "path": path, "method": method, "headers": named, "query_string": b""}


def traffic(**jobs: Any) -> Traffic:
    """Traffic over a service that does nothing."""
    pool, archive = SimpleNamespace(busy=2, waiting=3), SimpleNamespace(kept_bytes=5, store_failures=7)
    return Traffic(pool, archive, SimpleNamespace(**jobs))  # type: ignore[arg-type]


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


async def test_what_fails_before_it_answers_is_counted_and_logged_as_a_500(access: Callable[[], list[str]]) -> None:
    async def fail(*_: Any) -> None:
        raise KeyError("a defect")

    counted = traffic(under_way=nothing_comes)
    with pytest.raises(KeyError, match="a defect"):
        await through(scope(x_request_id="mine"), fail, counted)
    assert access() == ["GET '/' 500 250.0 ms mine"]
    assert counted.running == 0


async def test_a_request_is_running_until_it_is_answered() -> None:
    counted, seen = traffic(), []

    async def look(*parts: Any) -> None:
        seen.append(counted.running)
        await ok(*parts)

    async def within(*parts: Any) -> None:
        await through(scope(), look, counted)
        await look(*parts)

    await through(scope(), within, counted)
    assert (seen, counted.running) == ([2, 1], 0)


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
        assert counted.running == 0

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
    return StrictRequest({**scope(method="POST", **headers), "app": app}, receive)


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


@pytest.mark.parametrize(("text", "value"), [(b"[1, 2.0]", [1, 2]), (b"null", None), (b"0", 0), (b"{]", MalformedJson)])
async def test_json_is_parsed_once(text: bytes, value: Any) -> None:
    request = asked_with(parts(text).__anext__)
    for _ in range(2):
        if value is MalformedJson:
            with pytest.raises(MalformedJson):
                await request.json()
        else:
            first = await request.json()
            assert json.dumps(first) == json.dumps(value)
            assert await request.json() is first


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


async def values(counted: Traffic) -> dict[tuple[str, ...], float]:
    """Every sample of the metrics by its name and labels."""
    return {
        (sample.name.removeprefix("gradient_verdict_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(await counted.metrics())
        for sample in family.samples
    }


async def test_metrics_tell_what_is_done_now_and_what_has_failed() -> None:
    async def under_way() -> dict[str, int]:
        return {"queued": 4, "running": 1}

    found = await values(traffic(under_way=under_way))
    named = {"busy_workers": 2, "waiting_simulations": 3, "kept_report_bytes": 5, "store_failures_total": 7}
    assert {name: found[(name,)] for name in named} == named
    assert {name[1]: value for name, value in found.items() if name[0] == "open_jobs"} == {"queued": 4, "running": 1}


async def test_metrics_do_not_wait_for_a_database_and_tell_nothing_that_is_old() -> None:
    async def unavailable() -> dict[str, int]:
        raise StoreUnavailable("its disk is full")

    async def one() -> dict[str, int]:
        return {"queued": 1}

    counts = iter([one, nothing_comes, one, unavailable])

    async def under_way() -> Any:
        return await next(counts)()

    counted = traffic(under_way=under_way)
    for _ in range(2):
        assert ("open_jobs", "queued") in await values(counted)
        with fail_after(PATIENCE):
            assert not [name for name in await values(counted) if name[0] == "open_jobs"]


@pytest.mark.parametrize(("method", "told"), [("GET", "GET"), ("PATCH", "PATCH"), ("BREW", "other"), ("get", "other")])
async def test_a_request_is_counted_by_its_method_its_route_and_its_status(method: str, told: str) -> None:
    async def none() -> dict[str, int]:
        return {}

    counted = traffic(under_way=none)
    counted.count({"method": method, "route": SimpleNamespace(path_format="/v1/{id}")}, 201, 0.003)
    counted.count({"method": method}, 404, 0.2)
    found = await values(counted)
    name = "http_request_duration_seconds"
    assert found[(f"{name}_sum", told, "/v1/{id}", "201")] == 0.003
    assert found[(f"{name}_count", told, "none", "404")] == 1
    asked = {told, "/v1/{id}", "201"}
    buckets = {
        next(label for label in labels if label not in asked): value
        for (sample, *labels), value in found.items()
        if sample == f"{name}_bucket" and asked < set(labels)
    }
    edges = ["0.001", "0.003", "0.01", "0.03", "0.1", "0.3", "1.0", "3.0", "10.0", "30.0", "100.0", "+Inf"]
    assert list(buckets) == edges
    assert [edge for edge in edges if not buckets[edge]] == ["0.001"]


async def test_metrics_wait_a_fifth_of_a_second_for_a_database(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    def noted(seconds: float) -> CancelScope:
        waits.append(seconds)
        return move_on_after(seconds)

    async def none() -> dict[str, int]:
        return {}

    monkeypatch.setattr(traffic_module, "move_on_after", noted)
    await traffic(under_way=none).metrics()
    assert waits == [0.2]


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
        counted.running = 1
        await counted.end(1e-3)
    with move_on_after(0.05) as waited:
        await counted.end(PATIENCE)
    assert waited.cancelled_caught
