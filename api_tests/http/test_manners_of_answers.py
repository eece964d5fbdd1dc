"""What is added to an answer of any application: no body for HEAD, tags, 304, what may be kept, codings."""

import zlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import brotli
import httpx
import pytest
import zstandard
from anyio import sleep, sleep_forever
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Message

from service.core.context import REQUEST, Caller, RequestContext
from service.http.deprecation import Deprecated, Deprecations
from service.http.encodings import CODINGS, PackedBodies, PackedStream, chosen, compressible
from service.http.manners import MannersMiddleware
from service.http.tags import names, packed_tag, plain_tags, sent_tag, tag_of

pytestmark = pytest.mark.anyio

WORDS = b"words that come again, " * 200
UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda body: zlib.decompress(body, 31),
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
}
Endpoint = Callable[[Request], Any]
NONE = Deprecations({})


async def answered(endpoint: Endpoint, method: str = "GET", old: Deprecations = NONE, **headers: str) -> httpx.Response:
    """What a client gets of an application whose one endpoint is that, its bytes as they are sent."""
    app = Starlette(routes=[Route("/", endpoint, methods=["GET", "POST"], name="the_endpoint")])
    app.add_middleware(MannersMiddleware, deprecations=old)
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        await sleep_forever()
        return {"type": "http.disconnect"}

    asked = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": "/", "query_string": b"a=1", "headers": asked}
    await app(scope, receive, send)
    assert scope["method"] == method
    start, *bodies = sent
    assert [part.get("more_body", False) for part in bodies] == [True] * (len(bodies) - 1) + [False]
    told = [(name.decode(), value.decode()) for name, value in start["headers"]]
    found = httpx.Response(start["status"], headers=[one for one in told if one[0] != "content-encoding"])
    found.headers.update({name: value for name, value in told if name == "content-encoding"})
    found._content = b"".join(part.get("body", b"") for part in bodies)
    return found


async def text(_: Request) -> Response:
    return PlainTextResponse(WORDS)


async def short(_: Request) -> Response:
    return JSONResponse({})


@pytest.mark.parametrize("endpoint", [text, short])
async def test_head_says_what_get_says_without_a_body(endpoint: Endpoint) -> None:
    got, head = await answered(endpoint), await answered(endpoint, "HEAD")
    assert (head.status_code, head.content, head.headers) == (200, b"", got.headers)
    assert head.headers["content-length"] == str(len(got.content))


async def test_nothing_is_compressed_for_a_head_and_all_but_the_length_is_said() -> None:
    got, head = await answered(text, accept_encoding="br"), await answered(text, "HEAD", accept_encoding="br")
    assert {**head.headers} == {name: value for name, value in got.headers.items() if name != "content-length"}


@pytest.mark.parametrize("media_type", ["text/csv", "text/event-stream"])
async def test_a_stream_that_never_ends_is_answered_to_head_at_once_and_is_closed(media_type: str) -> None:
    ended = []

    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"more"
                await sleep(0)
        finally:
            ended.append(True)

    async def endpoint(_: Request) -> Response:
        return StreamingResponse(endless(), media_type=media_type)

    head = await answered(endpoint, "HEAD")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"].startswith(media_type)
    assert len(ended) <= 1


async def test_events_are_neither_held_back_nor_compressed() -> None:
    async def events() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"data: 1\n\n" * 100

    async def endpoint(_: Request) -> Response:
        return StreamingResponse(events(), media_type="text/event-stream")

    got = await answered(endpoint, accept_encoding="gzip")
    assert "content-encoding" not in got.headers
    assert got.content == b"data: 1\n\n" * 300


async def test_a_read_has_a_tag_of_its_bytes_and_is_asked_for_again() -> None:
    got = await answered(text)
    assert (got.headers["etag"], got.headers["cache-control"]) == (tag_of(WORDS), "no-cache")
    large = bytes(10**6)

    async def endpoint(_: Request) -> Response:
        return Response(large)

    assert (await answered(endpoint)).headers["etag"] == tag_of(large)


@pytest.mark.parametrize("known", ["*", "{tag}", "W/{tag}", '"x", {tag}', '{tag},"x"'])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_what_the_client_has_is_not_sent_again(known: str, method: str) -> None:
    got = await answered(text, method, if_none_match=known.format(tag=tag_of(WORDS)))
    assert (got.status_code, got.content) == (304, b"")
    assert got.headers["etag"] == tag_of(WORDS)
    assert {"cache-control", "vary"} <= got.headers.keys()
    assert not {"content-type", "content-length", "content-encoding"} & got.headers.keys()


@pytest.mark.parametrize("known", ['"x"', "", "x", '"', 'W/"x", "y"'])
async def test_what_the_client_has_not_is_sent(known: str) -> None:
    assert (await answered(text, if_none_match=known)).content == WORDS


async def test_a_condition_on_what_is_not_read_is_no_304() -> None:
    got = await answered(text, "POST", if_none_match="*")
    assert (got.status_code, got.content) == (200, WORDS)
    assert not {"etag", "cache-control"} & got.headers.keys()


@pytest.mark.parametrize("coding", CODINGS)
async def test_each_coding_has_a_tag_of_its_own_and_is_known_by_it(coding: str) -> None:
    got = await answered(text, accept_encoding=coding)
    assert (got.headers["content-encoding"], got.headers["vary"]) == (coding, "Accept-Encoding")
    assert UNPACK[coding](got.content) == WORDS
    assert got.headers["content-length"] == str(len(got.content))
    tag = got.headers["etag"]
    assert tag == packed_tag(tag_of(WORDS), coding)
    again = await answered(text, accept_encoding=coding, if_none_match=f'"x", {tag}')
    assert (again.status_code, again.headers["etag"]) == (304, tag)


@pytest.mark.parametrize("coding", CODINGS)
async def test_a_stream_is_compressed_as_it_goes_by(coding: str) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for part in (WORDS, b"", bytes(200_000), WORDS):
            yield part

    async def endpoint(_: Request) -> Response:
        return StreamingResponse(parts(), media_type="text/csv", headers={"ETag": '"a"'})

    got = await answered(endpoint, accept_encoding=coding)
    assert UNPACK[coding](got.content) == WORDS + bytes(200_000) + WORDS
    assert got.headers["etag"] == f'"a-{coding}"'
    assert "content-length" not in got.headers
    known = await answered(endpoint, accept_encoding=coding, if_none_match='"a"')
    assert (known.status_code, known.content) == (304, b"")


@pytest.mark.parametrize("media_type", ["image/png", "application/zip", "application/octet-stream"])
async def test_what_is_packed_already_is_left_alone(media_type: str) -> None:
    async def endpoint(_: Request) -> Response:
        return Response(WORDS, media_type=media_type)

    got = await answered(endpoint, accept_encoding="gzip")
    assert got.content == WORDS
    assert not {"content-encoding", "vary"} & got.headers.keys()


async def test_a_range_and_a_body_with_a_coding_of_its_own_are_left_alone(tmp_path: Any) -> None:
    file = tmp_path / "words.txt"
    file.write_bytes(WORDS)

    async def part(_: Request) -> Response:
        return FileResponse(file)

    async def packed(_: Request) -> Response:
        return PlainTextResponse(WORDS, headers={"Content-Encoding": "gzip"})

    got = await answered(part, accept_encoding="gzip", range="bytes=0-999")
    assert (got.status_code, got.content) == (206, WORDS[:1000])
    whole = await answered(part, accept_encoding="gzip")
    assert "accept-ranges" not in whole.headers
    assert UNPACK["gzip"](whole.content) == WORDS
    assert (await answered(packed, accept_encoding="br, gzip")).content == WORDS


async def test_failures_are_kept_by_none_and_what_says_so_has_no_tag() -> None:
    async def failing(_: Request) -> Response:
        return PlainTextResponse(WORDS, status_code=404)

    async def probe(_: Request) -> Response:
        return PlainTextResponse(WORDS, headers={"Cache-Control": "no-store"})

    for endpoint in (failing, probe):
        got = await answered(endpoint, if_none_match="*", accept_encoding="br")
        assert got.headers["cache-control"] == "no-store"
        assert got.status_code != 304
        assert "etag" not in got.headers
        assert UNPACK["br"](got.content) == WORDS


@pytest.mark.parametrize(("policy", "private"), [
    ("public, max-age=9", "private, max-age=9"), ("no-cache", "private, no-cache"), ("private", "private"),
])  # fmt: skip
async def test_what_is_read_with_a_key_is_kept_by_no_shared_cache(policy: str, private: str) -> None:
    async def endpoint(_: Request) -> Response:
        return PlainTextResponse(WORDS, headers={"Cache-Control": policy})

    before = REQUEST.set(RequestContext(caller=Caller(owner="ada")))
    got = await answered(endpoint)
    REQUEST.reset(before)
    assert (got.headers["cache-control"], got.headers["vary"]) == (private, "Authorization, Accept-Encoding")
    assert (await answered(endpoint)).headers["cache-control"] == policy


async def test_what_is_deprecated_is_told_with_its_dates() -> None:
    since, until = datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 12, 1, tzinfo=UTC)
    one = Deprecated(since, until, "Use `b`.")
    for old in (Deprecations({"the_endpoint": one}), Deprecations({"the_endpoint?a": one})):
        got = await answered(short, old=old)
        assert got.headers["deprecation"] == "@1796083200"
        assert got.headers["sunset"] == "Wed, 01 Dec 2027 00:00:00 GMT"
        assert got.headers["link"] == '</docs>; rel="deprecation"; type="text/html"'
    for other in (Deprecations({"another": one, "the_endpoint?b": one}), NONE):
        assert not {"deprecation", "sunset", "link"} & (await answered(short, old=other)).headers.keys()


def test_what_is_deprecated_is_marked_in_the_document() -> None:
    operation = {"operationId": "one", "description": "Does it.", "parameters": [{"name": "a"}, {"name": "b"}]}
    document = {"paths": {"/": {"get": operation, "put": {"operationId": "other"}}}}
    when = datetime(2027, 1, 1, tzinfo=UTC)
    Deprecations({"one": Deprecated(when, when, "Use two."), "one?a": Deprecated(when, when, "Use b.")}).mark(document)
    assert operation["deprecated"] is True
    assert operation["description"] == "Does it.\n\nDeprecated; it is answered until 2027-01-01. Use two."
    parameters = [one.get("deprecated") for one in operation["parameters"]]  # type: ignore[attr-defined]
    assert parameters == [True, None]
    assert "deprecated" not in document["paths"]["/"]["put"]


@pytest.mark.parametrize(("accepted", "coding"), [
    ("", None), ("gzip", "gzip"), ("GZip", "gzip"), ("gzip, deflate, br, zstd", "zstd"), ("gzip, br", "br"),
    ("gzip, br;q=0.5", "gzip"), ("gzip;q=0", None), ("identity", None), ("*", "zstd"), ("*;q=0", None),
    ("zstd;q=0, *", "br"), ("gzip;q=0.5, identity", None), ("deflate", None), ("gzip;q=x", None),
    ("br;q=0.001", "br"), ("gzip ; q=0.3 , br;q=0.2", "gzip"), (",,;;q=,", None), ("gzip;q=1.5.2", None),
])  # fmt: skip
def test_the_coding_is_the_one_that_the_client_likes_best(accepted: str, coding: str | None) -> None:
    assert chosen(accepted) == coding


@pytest.mark.parametrize(("media_type", "smaller"), [
    ("application/json", True), ("application/problem+json", True), ("text/csv; charset=utf-8", True),
    ("image/svg+xml", True), ("text/html; charset=utf-8", True), ("text/plain; version=0.0.4", True),
    ("application/vnd.gradient-verdict.gradescope+json", True), ("application/xml", True), ("text/javascript", True),
    ("text/event-stream; charset=utf-8", False), ("image/png", False), ("application/zip", False),
    ("application/octet-stream", False), ("font/woff2", False), ("", False),
])  # fmt: skip
def test_texts_are_compressed_and_packed_things_are_not(media_type: str, smaller: bool) -> None:
    assert compressible(media_type) is smaller


async def test_what_is_packed_is_kept_up_to_some_bytes_and_the_oldest_goes_first() -> None:
    bodies = PackedBodies(most_bytes=170)
    for name in ("a", "b", "c"):
        await bodies.packed(WORDS, "gzip", name)
        assert sum(map(len, bodies._kept.values())) == bodies._bytes <= 170
        await bodies.packed(WORDS, "gzip", "a")
    assert list(bodies._kept) == ["c", "a"]
    assert await bodies.packed(b"another body", "gzip", "a") == bodies._kept["a"]
    assert UNPACK["gzip"](await bodies.packed(b"untagged", "gzip")) == b"untagged"
    assert UNPACK["br"](await PackedStream("br").packed(b"", last=True)) == b""


def test_tags_are_compared_as_they_are_meant() -> None:
    tag = tag_of("a", "b")
    assert tag == tag_of(b"a", b"b") != tag_of("ab", "") != tag_of("", "ab")
    assert plain_tags(f'W/{packed_tag(tag, "br")}, {packed_tag(tag, "gzip")}, "x-y"') == f'W/{tag}, {tag}, "x-y"'
    assert sent_tag(f'"x", {packed_tag(tag, "br")}', tag) == packed_tag(tag, "br")
    assert sent_tag("*", tag) == tag
    assert names(f"W/{tag}", tag)
    assert names(tag, f"W/{tag}")
    assert not names(f"W/{tag}", tag, strongly=True)
    assert not names(tag, f"W/{tag}", strongly=True)
    assert names(f'"x" , {tag}', tag, strongly=True)
    assert names(" * ", tag, strongly=True)
